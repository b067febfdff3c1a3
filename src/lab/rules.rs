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
use rand_distr::{Distribution, StandardNormal};

pub use super::scenario::{Delay, Fault, FaultKind, Refusal, Rules, Stall, Throttle};

/// The 0.99 quantile of the standard normal distribution: (ln p99 - ln p50) / sigma.
const Z99: f64 = 2.326_347_874_040_841;

impl Delay {
    /// One delay from the distribution. `last` is the last draw of a correlated one, in standard deviations.
    fn sample(&self, rng: &mut impl Rng, last: &mut f64) -> Duration {
        match *self {
            Self::Constant(delay) => delay,
            Self::Uniform { min, max } => {
                min + max.saturating_sub(min).mul_f64(rng.random::<f64>())
            }
            Self::Lognormal {
                p50,
                p99,
                correlation,
            } => {
                // A first-order autoregression: whatever the correlation, draws are standard normal in the long run.
                let shock: f64 = StandardNormal.sample(rng);
                *last = correlation * *last + (1.0 - correlation * correlation).sqrt() * shock;
                let median = p50.as_secs_f64();
                let sigma = (p99.as_secs_f64() / median).ln() / Z99;
                let drawn = median * (sigma * *last).exp();
                Duration::try_from_secs_f64(drawn).unwrap_or(p99)
            }
        }
    }
}

impl Fault {
    fn occurs(&self, at: Duration, chance: f64) -> bool {
        (self.from..self.until).contains(&at) && chance < self.probability
    }
}

impl Stall {
    /// How long a request that arrives at `at` waits for the stall to end; zero outside of one.
    fn remaining(&self, at: Duration) -> Duration {
        let period = self.every.as_nanos();
        let into = at.as_nanos().checked_rem(period).unwrap_or_default();
        let left = Duration::from_nanos(u64::try_from(period - into).unwrap_or(u64::MAX));
        Some(left)
            .filter(|left| *left <= self.lasting)
            .unwrap_or_default()
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

/// A throttle and how full its bucket is. Shared by the evaluators that it limits together.
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
pub(super) struct RuleEvaluator {
    rules: Rules,
    buckets: Vec<Arc<Bucket>>,
    /// The random numbers, and the last draw of a correlated delay.
    random: Mutex<(StdRng, f64)>,
}

impl RuleEvaluator {
    /// `name` gives each evaluator of a scenario its own random numbers; `shared` are buckets that
    /// other evaluators draw from too, asked before the rules' own.
    pub(super) fn new(rules: Rules, seed: u64, name: &str, shared: &[Arc<Bucket>]) -> Self {
        let own = rules.throttle.map(|own| Arc::new(Bucket::new(own)));
        let rng = StdRng::seed_from_u64(seed ^ fnv(name));
        Self {
            rules,
            buckets: shared.iter().cloned().chain(own).collect(),
            random: Mutex::new((rng, 0.0)),
        }
    }

    /// The decision on a request that arrives `at` this time since the lab's start.
    pub(super) fn decide(&self, at: Duration) -> Decision {
        let (chance, delay) = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            let (rng, last) = &mut *random;
            let chance = rng.random::<f64>();
            let delay = self.rules.delay.map(|delay| delay.sample(rng, last));
            (chance, delay.unwrap_or_default())
        };
        let stalled = self.rules.stall.map(|stall| stall.remaining(at));
        let stalled = stalled.unwrap_or_default();
        if let Some(bucket) = self.buckets.iter().find(|bucket| !bucket.admits(at)) {
            let (action, after) = (Action::Throttle(bucket.throttle.refusal), stalled);
            return Decision { action, after };
        }
        let fault = self.rules.fault.filter(|fault| fault.occurs(at, chance));
        let action = fault.map_or(Action::Serve, |fault| Action::Fault(fault.kind));
        let after = stalled + delay;
        Decision { action, after }
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
    use super::super::scenario::Scenario;
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Rules as a scenario writes them.
    fn rules(text: &str) -> Rules {
        let scenario = Scenario::parse(&format!("[s3]\n{text}"), "test");
        scenario.unwrap().s3
    }

    fn evaluator(text: &str) -> RuleEvaluator {
        RuleEvaluator::new(rules(text), 1, "test", &[])
    }

    #[test]
    fn without_rules_everything_is_served_at_once() {
        let decision = evaluator("").decide(Duration::from_secs(5));
        assert_eq!(decision.action, Action::Serve);
        assert_eq!(decision.after, Duration::ZERO);
    }

    #[test]
    fn a_bucket_lets_a_burst_pass_and_then_its_rate() {
        let evaluator = evaluator("throttle = { rate = 10, burst = 3, answer = 'drop' }");
        let served = |at| evaluator.decide(at).action == Action::Serve;
        assert!((0..3).all(|_| served(MS)));
        assert_eq!(evaluator.decide(MS).action, Action::Throttle(Refusal::Drop));
        assert!(served(102 * MS));
        assert!(!served(103 * MS));
        // However long it rests, it never holds more than its burst.
        let admitted = (0..10).filter(|_| served(3_600_000 * MS)).count();
        assert_eq!(admitted, 3);
    }

    #[test]
    fn a_shared_bucket_limits_two_evaluators_together() {
        let throttle = rules("throttle = { rate = 1, burst = 2 }").throttle;
        let shared = [Arc::new(Bucket::new(throttle.unwrap()))];
        let both = ["one", "other"].map(|name| RuleEvaluator::new(rules(""), 1, name, &shared));
        for action in [Action::Serve, Action::Throttle(Refusal::Status(429))] {
            for evaluator in &both {
                assert_eq!(evaluator.decide(MS).action, action);
            }
        }
    }

    #[test]
    fn the_end_of_every_period_is_stalled() {
        let stall = rules("stall = { every = '10s', for = '1s' }").stall;
        let left = |at: u32| stall.unwrap().remaining(at * MS);
        let seen = [8_999, 9_000, 9_900, 10_000, 29_250].map(left);
        assert_eq!(seen, [0, 1_000, 100, 0, 750].map(|left| left * MS));
    }

    #[test]
    fn a_stall_holds_refusals_back_and_adds_to_the_delay() {
        let evaluator = evaluator(
            "delay = '20ms'\nstall = { every = '1s', for = '100ms' }\n\
             throttle = { rate = 1, burst = 1, answer = '503' }",
        );
        assert_eq!(evaluator.decide(950 * MS).after, 70 * MS);
        let refused = evaluator.decide(950 * MS);
        assert_eq!(refused.action, Action::Throttle(Refusal::Status(503)));
        assert_eq!(refused.after, 50 * MS);
    }

    #[test]
    fn a_seed_repeats_its_faults_and_delays() {
        let rules = rules(
            "delay = { min = '1ms', max = '9ms' }\nfault = { probability = 0.3, kind = 'reset' }",
        );
        let run = |seed| -> Vec<Decision> {
            let evaluator = RuleEvaluator::new(rules, seed, "sts", &[]);
            (0..1_000).map(|_| evaluator.decide(MS)).collect()
        };
        let decisions = run(1);
        assert_eq!(decisions, run(1));
        assert_ne!(decisions, run(2));
        let reset = |decision: &&Decision| decision.action == Action::Fault(FaultKind::Reset);
        let spoiled = decisions.iter().filter(reset).count();
        assert!((240..360).contains(&spoiled), "{spoiled}");
        assert!(decisions.iter().all(|v| v.after >= MS && v.after <= 9 * MS));
    }

    #[test]
    fn a_fault_with_a_window_occurs_in_it_only() {
        let evaluator = evaluator(
            "fault = { probability = 1, kind = 'status:500', from = '1s', until = '2s' }",
        );
        let spoiled = |at: u32| evaluator.decide(at * MS).action != Action::Serve;
        let seen = [999, 1_000, 1_999, 2_000].map(spoiled);
        assert_eq!(seen, [false, true, true, false]);
    }

    #[test]
    fn specific_rules_win_field_by_field() {
        let general = rules("delay = '1ms'\nfault = { probability = 1, kind = 'hang' }");
        let specific = rules("delay = '5ms'");
        let merged = specific.over(general);
        assert_eq!(merged.delay, specific.delay);
        assert_eq!(merged.fault, general.fault);
    }

    fn drawn(correlation: f64) -> Vec<Duration> {
        let law = Delay::Lognormal {
            p50: 85 * MS,
            p99: 180 * MS,
            correlation,
        };
        let (mut rng, mut last) = (StdRng::seed_from_u64(7), 0.0);
        let draws = (0..40_000).map(|_| law.sample(&mut rng, &mut last));
        draws.collect()
    }

    #[test]
    fn a_lognormal_delay_has_the_stated_quantiles_correlated_or_not() {
        for correlation in [0.0, 0.8] {
            let mut drawn = drawn(correlation);
            drawn.sort_unstable();
            let close = |index: usize, wanted: Duration| {
                let ratio = drawn[index].as_secs_f64() / wanted.as_secs_f64();
                assert!((0.95..1.05).contains(&ratio), "{ratio} at {correlation}");
            };
            close(20_000, 85 * MS);
            close(39_600, 180 * MS);
        }
    }

    #[test]
    fn neighbours_are_as_correlated_as_stated() {
        for correlation in [0.0, 0.8] {
            let drawn = drawn(correlation).into_iter();
            let logs: Vec<f64> = drawn.map(|delay| delay.as_secs_f64().ln()).collect();
            let mean = logs.iter().sum::<f64>() / logs.len() as f64;
            let product = |a: &f64, b: &f64| (a - mean) * (b - mean);
            let variance: f64 = logs.iter().map(|x| product(x, x)).sum();
            let covariance: f64 = logs.windows(2).map(|w| product(&w[0], &w[1])).sum();
            let seen = covariance / variance;
            assert!((seen - correlation).abs() < 0.03, "{seen}");
        }
    }
}
