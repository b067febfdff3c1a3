//! The packets that a node may send to its link-local addresses, shared by all of its processes.
//!
//! On EC2 an interface passes 1,024 packets per second to such addresses (metadata, DNS, NTP) and drops the
//! rest without a word ("Amazon EC2 instance-level network performance metrics": `linklocal_allowance_exceeded`).
//! A socket server sees requests and no packets, so the packets that a request is made of are counted here
//! by what TCP sends for it, and a dropped one comes again when TCP would send it again.

use std::time::Duration;

use super::counts::Outcome;
use super::pipeline::Pipeline;
use super::rules::Bucket;
use crate::clock;

/// The name that packets are counted under.
const OPERATION: &str = "imds:packets";

/// A packet that is answered, and what follows it.
struct Exchange {
    /// How long TCP waits before it sends the packet again; each further time is twice as long.
    again: Duration,
    /// Packets that ask for no answer.
    rest: usize,
}

/// A SYN (sent again as RFC 6298 says); the handshake's ACK, and FIN and ACK at the end.
const CONNECTION: Exchange = Exchange {
    again: Duration::from_secs(1),
    rest: 3,
};
/// Data (sent again after Linux's least); the ACK of the answer.
const REQUEST: Exchange = Exchange {
    again: Duration::from_millis(200),
    rest: 1,
};

impl Pipeline {
    /// Returns when the packets of a request have come through `budget`, however often they had to be sent;
    /// `first` is whether its connection is new.
    pub(super) async fn after_packets(&self, budget: &Bucket, first: bool) {
        let connection = first.then_some(CONNECTION);
        for Exchange { mut again, rest } in connection.into_iter().chain([REQUEST]) {
            while !self.passes(budget) {
                self.timer.until(clock::now() + again).await;
                again *= 2;
            }
            // Nobody waits for these: they take from the budget as far as they pass.
            for _ in 0..rest {
                self.passes(budget);
            }
        }
    }

    fn passes(&self, budget: &Bucket) -> bool {
        let passed = budget.admits(clock::since(self.start));
        let outcome = if passed {
            Outcome::Ok
        } else {
            Outcome::Throttled
        };
        self.counts.arrive(OPERATION).settle(outcome);
        passed
    }
}
