//! The packets that a node may send to its link-local addresses, shared by all of its processes.
//!
//! On EC2 an interface passes 1,024 packets per second to such addresses (metadata, DNS, NTP) and drops the
//! rest without a word ("Amazon EC2 instance-level network performance metrics": `linklocal_allowance_exceeded`).
//! A socket server sees requests and no packets, so the packets that a request is made of are counted here
//! by what TCP sends for it, and a dropped one comes again when TCP would send it again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counts::{Counts, Outcome};
use super::rules::{Bucket, Refusal, Throttle};
use super::scenario::PacketBudget;
use super::timer::PreciseTimer;
use crate::clock;

/// The name that packets are counted under.
const OPERATION: &str = "imds:packets";

/// TCP's first waits before it repeats itself: RFC 6298 for a SYN, Linux's least for data. Each further
/// one is twice as long.
const SYN_AGAIN: Duration = Duration::from_secs(1);
const DATA_AGAIN: Duration = Duration::from_millis(200);

/// What follows a SYN and asks for no answer: the handshake's ACK, and FIN and ACK at the end.
const REST_OF_CONNECTION: usize = 3;
/// The ACK of an answer.
const REST_OF_REQUEST: usize = 1;

/// The budget and how much of it is left.
pub(super) struct Packets {
    bucket: Arc<Bucket>,
    start: Instant,
}

impl Packets {
    pub(super) fn new(budget: PacketBudget, start: Instant) -> Self {
        let throttle = Throttle {
            rate: budget.rate,
            burst: budget.burst,
            refusal: Refusal::Drop,
        };
        Self {
            bucket: Arc::new(Bucket::new(throttle)),
            start,
        }
    }

    /// Returns when the request's packets have come through, however often they had to be sent; `first` is
    /// whether its connection is new.
    pub(super) async fn arrive(&self, first: bool, timer: &PreciseTimer, counts: &Counts) {
        if first {
            self.until_through(SYN_AGAIN, timer, counts).await;
            self.spend(REST_OF_CONNECTION, counts);
        }
        self.until_through(DATA_AGAIN, timer, counts).await;
        self.spend(REST_OF_REQUEST, counts);
    }

    async fn until_through(&self, first_wait: Duration, timer: &PreciseTimer, counts: &Counts) {
        let mut wait = first_wait;
        while !self.passes(counts) {
            timer.until(clock::now() + wait).await;
            wait *= 2;
        }
    }

    /// Packets that nobody waits for: they take from the budget as far as they pass.
    fn spend(&self, packets: usize, counts: &Counts) {
        for _ in 0..packets {
            self.passes(counts);
        }
    }

    fn passes(&self, counts: &Counts) -> bool {
        let passed = self.bucket.admits(clock::since(self.start));
        let outcome = if passed {
            Outcome::Ok
        } else {
            Outcome::Throttled
        };
        counts.arrive(OPERATION).settle(outcome);
        passed
    }
}
