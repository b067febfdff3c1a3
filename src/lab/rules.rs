//! What a service does to a request besides answering it: delay, throttle, fault, stall.
//!
//! Pure: a rule set, a seeded state and the time since the lab's start go in, a [`Decision`] comes
//! out. Nothing here reads a clock, sleeps, or knows a protocol.
//!
//! **Precedence.** 1. A *throttle* refuses or drops. 2. A *fault* spoils the answer. 3. A *stall*
//! holds back every answer, refusals and faulty ones too, until it is over. 4. The *delay* is added
//! to every answer that the throttle let pass. Every request draws the same random numbers, in the
//! same order, whatever becomes of it: the n-th request of a run meets the n-th delay of its seed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub use super::delay::Delay;
use super::delay::Walk;

/// What a throttle does to a request over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An error of the service with this HTTP status: 429 or 503.
    Status(u16),
    /// No answer at all, as when a packet is dropped.
    Drop,
}

/// A token bucket: `burst` requests at once, then `rate` per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    /// Requests per second.
    pub rate: f64,
    /// Requests that the full bucket holds.
    pub burst: f64,
    pub refusal: Refusal,
}

/// How an answer is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An error of the service with this HTTP status.
    Status(u16),
    /// The connection is reset (RST) instead of an answer.
    Reset,
    /// No answer; the connection stays open.
    Hang,
    /// The full `Content-Length`, half of the body, then the end of the connection.
    Truncate,
    /// Status 200 with a body that is nonsense.
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// 0 to 1.
    pub probability: f64,
    pub kind: FaultKind,
    /// The time in which it occurs, counted from the lab's start.
    pub from: Duration,
    pub until: Duration,
}

impl Fault {
    /// One that occurs at any time.
    #[must_use]
    pub fn always(probability: f64, kind: FaultKind) -> Self {
        Self {
            probability,
            kind,
            from: Duration::ZERO,
            until: Duration::MAX,
        }
    }

    fn occurs(&self, at: Duration, chance: f64) -> bool {
        (self.from..self.until).contains(&at) && chance < self.probability
    }
}

/// The last `lasting` of every period of `every`, counted from the lab's start, is stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    pub every: Duration,
    pub lasting: Duration,
}

impl Stall {
    /// How long a request that arrives at `at` waits for the stall to end; zero outside of one.
    #[must_use]
    pub fn remaining(&self, at: Duration) -> Duration {
        let period = self.every.as_nanos();
        if period == 0 {
            return Duration::ZERO;
        }
        let into = at.as_nanos() % period;
        let begins = period.saturating_sub(self.lasting.as_nanos());
        if into < begins {
            return Duration::ZERO;
        }
        Duration::from_nanos(u64::try_from(period - into).unwrap_or(u64::MAX))
    }
}

/// The rules of one service or one of its steps, as a scenario states them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    pub delay: Option<Delay>,
    pub throttle: Option<Throttle>,
    pub fault: Option<Fault>,
    pub stall: Option<Stall>,
}

impl Rules {
    /// These rules where they say something, `general` where they do not.
    #[must_use]
    pub fn over(self, general: Self) -> Self {
        Self {
            delay: self.delay.or(general.delay),
            throttle: self.throttle.or(general.throttle),
            fault: self.fault.or(general.fault),
            stall: self.stall.or(general.stall),
        }
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Serve,
    /// Over the limit.
    Throttle(Refusal),
    Fault(FaultKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) action: Action,
    /// From the request's arrival to its answer, if it gets one.
    pub(super) after: Duration,
}

/// A throttle and how full its bucket is. Shared by the rulers that it limits together.
#[derive(Debug)]
pub(super) struct Bucket {
    throttle: Throttle,
    level: Mutex<(f64, Duration)>,
}

impl Bucket {
    pub(super) fn new(throttle: Throttle) -> Self {
        Self {
            throttle,
            level: Mutex::new((throttle.burst, Duration::ZERO)),
        }
    }

    /// Takes one token; `at` is the time since the lab's start.
    pub(super) fn admits(&self, at: Duration) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, then) = *level;
        let refill = at.saturating_sub(then).as_secs_f64() * self.throttle.rate;
        let tokens = (tokens + refill).min(self.throttle.burst);
        let admitted = tokens >= 1.0;
        *level = (if admitted { tokens - 1.0 } else { tokens }, at.max(then));
        admitted
    }
}

/// Rules with the state that applying them takes.
#[derive(Debug)]
pub(super) struct Ruler {
    rules: Rules,
    buckets: Vec<Arc<Bucket>>,
    random: Mutex<(StdRng, Walk)>,
}

impl Ruler {
    /// `name` gives each ruler of a scenario its own random numbers; `shared` are buckets that
    /// other rulers draw from too, asked before the rules' own.
    pub(super) fn new(rules: Rules, seed: u64, name: &str, shared: &[Arc<Bucket>]) -> Self {
        let own = rules
            .throttle
            .map(|throttle| Arc::new(Bucket::new(throttle)));
        Self {
            rules,
            buckets: shared.iter().cloned().chain(own).collect(),
            random: Mutex::new((StdRng::seed_from_u64(seed ^ fnv(name)), Walk::default())),
        }
    }

    /// The decision on a request that arrives `at` this time since the lab's start.
    pub(super) fn judge(&self, at: Duration) -> Decision {
        let (chance, delay) = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            let (rng, walk) = &mut *random;
            let chance = rng.random::<f64>();
            let delay = self.rules.delay.map(|delay| delay.sample(rng, walk));
            (chance, delay.unwrap_or_default())
        };
        let stalled = self
            .rules
            .stall
            .map_or(Duration::ZERO, |stall| stall.remaining(at));
        if let Some(bucket) = self.buckets.iter().find(|bucket| !bucket.admits(at)) {
            return Decision {
                action: Action::Throttle(bucket.throttle.refusal),
                after: stalled,
            };
        }
        let action = match self.rules.fault {
            Some(fault) if fault.occurs(at, chance) => Action::Fault(fault.kind),
            _ => Action::Serve,
        };
        Decision {
            action,
            after: stalled + delay,
        }
    }
}

/// FNV-1a: a fixed hash, so that a seed means the same in every build.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn ruler(rules: Rules) -> Ruler {
        Ruler::new(rules, 1, "test", &[])
    }

    #[test]
    fn without_rules_everything_is_served_at_once() {
        let decision = ruler(Rules::default()).judge(Duration::from_secs(5));
        assert_eq!(decision.action, Action::Serve);
        assert_eq!(decision.after, Duration::ZERO);
    }

    #[test]
    fn a_bucket_lets_a_burst_pass_and_then_its_rate() {
        let throttle = Throttle {
            rate: 10.0,
            burst: 3.0,
            refusal: Refusal::Drop,
        };
        let ruler = ruler(Rules {
            throttle: Some(throttle),
            ..Rules::default()
        });
        let served = |at| ruler.judge(at).action == Action::Serve;
        assert!((0..3).all(|_| served(MS)));
        assert_eq!(ruler.judge(MS).action, Action::Throttle(Refusal::Drop));
        assert!(served(102 * MS));
        assert!(!served(103 * MS));
        // However long it rests, it never holds more than its burst.
        let admitted = (0..10).filter(|_| served(3_600_000 * MS)).count();
        assert_eq!(admitted, 3);
    }

    #[test]
    fn a_shared_bucket_limits_two_rulers_together() {
        let bucket = Arc::new(Bucket::new(Throttle {
            rate: 1.0,
            burst: 2.0,
            refusal: Refusal::Status(429),
        }));
        let one = Ruler::new(Rules::default(), 1, "one", &[Arc::clone(&bucket)]);
        let other = Ruler::new(Rules::default(), 1, "other", &[bucket]);
        assert_eq!(one.judge(MS).action, Action::Serve);
        assert_eq!(other.judge(MS).action, Action::Serve);
        assert_eq!(one.judge(MS).action, Action::Throttle(Refusal::Status(429)));
        assert_eq!(
            other.judge(MS).action,
            Action::Throttle(Refusal::Status(429))
        );
    }

    #[test]
    fn the_end_of_every_period_is_stalled() {
        let stall = Stall {
            every: Duration::from_secs(10),
            lasting: Duration::from_secs(1),
        };
        assert_eq!(stall.remaining(8_999 * MS), Duration::ZERO);
        assert_eq!(stall.remaining(9_000 * MS), 1_000 * MS);
        assert_eq!(stall.remaining(9_900 * MS), 100 * MS);
        assert_eq!(stall.remaining(10_000 * MS), Duration::ZERO);
        assert_eq!(stall.remaining(29_250 * MS), 750 * MS);
    }

    #[test]
    fn a_stall_holds_refusals_back_and_adds_to_the_delay() {
        let stalled = Rules {
            delay: Some(Delay::Constant(20 * MS)),
            stall: Some(Stall {
                every: 1_000 * MS,
                lasting: 100 * MS,
            }),
            throttle: Some(Throttle {
                rate: 1.0,
                burst: 1.0,
                refusal: Refusal::Status(503),
            }),
            fault: None,
        };
        let ruler = ruler(stalled);
        assert_eq!(ruler.judge(950 * MS).after, 70 * MS);
        let refused = ruler.judge(950 * MS);
        assert_eq!(refused.action, Action::Throttle(Refusal::Status(503)));
        assert_eq!(refused.after, 50 * MS);
    }

    #[test]
    fn a_seed_repeats_its_faults_and_delays() {
        let rules = Rules {
            delay: Some(Delay::Uniform {
                min: MS,
                max: 9 * MS,
            }),
            fault: Some(Fault::always(0.3, FaultKind::Reset)),
            ..Rules::default()
        };
        let run = |seed| -> Vec<Decision> {
            let judge = Ruler::new(rules, seed, "sts", &[]);
            (0..1_000).map(|_| judge.judge(MS)).collect()
        };
        let decisions = run(1);
        assert_eq!(decisions, run(1));
        assert_ne!(decisions, run(2));
        let spoiled = decisions
            .iter()
            .filter(|decision| decision.action == Action::Fault(FaultKind::Reset))
            .count();
        assert!((240..360).contains(&spoiled), "{spoiled}");
        assert!(decisions.iter().all(|v| v.after >= MS && v.after <= 9 * MS));
    }

    #[test]
    fn a_fault_with_a_window_occurs_in_it_only() {
        let fault = Fault {
            from: 1_000 * MS,
            until: 2_000 * MS,
            ..Fault::always(1.0, FaultKind::Status(500))
        };
        let ruler = ruler(Rules {
            fault: Some(fault),
            ..Rules::default()
        });
        let spoiled = |at: u32| ruler.judge(at * MS).action != Action::Serve;
        assert_eq!(
            [999, 1_000, 1_999, 2_000].map(spoiled),
            [false, true, true, false]
        );
    }

    #[test]
    fn specific_rules_win_field_by_field() {
        let general = Rules {
            delay: Some(Delay::Constant(MS)),
            fault: Some(Fault::always(1.0, FaultKind::Hang)),
            ..Rules::default()
        };
        let specific = Rules {
            delay: Some(Delay::Constant(5 * MS)),
            ..Rules::default()
        };
        let merged = specific.over(general);
        assert_eq!(merged.delay, specific.delay);
        assert_eq!(merged.fault, general.fault);
    }
}
