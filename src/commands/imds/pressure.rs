//! What a step of cold fetches says of its source: told apart by what was answered, what was not, and what
//! TCP had to send again. Pure.

use std::time::Duration;

use crate::document::Pressure;
use crate::measure::{Distribution, Outcome, Tally};

/// What a step saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateStep {
    /// Planned fetches per second.
    pub rate: f64,
    pub fetches: u64,
    pub ok: u64,
    pub late: u64,
    pub timeout: u64,
    pub connect: u64,
    pub throttled: u64,
    pub other: u64,
    pub p50: Option<Duration>,
    pub retransmitted: Option<u64>,
    /// From the first start to the last end.
    pub elapsed: Duration,
}

/// Linux sends a lost segment again after 200 ms at the earliest. What is later than usual by less than
/// this was held up by something else.
const REPEAT: Duration = Duration::from_millis(150);

/// Share of the fetches from which on something is the matter, and their number: one may be bad luck.
const SHARE: f64 = 0.02;
const FEWEST: u64 = 2;

impl RateStep {
    /// Counts a step; `usual` is what a fetch takes when all is well.
    pub fn of(rate: f64, tally: &Tally, usual: Option<Duration>, elapsed: Duration) -> Self {
        let service = &tally.succeeded.service;
        let usual = usual.or_else(|| service.min()).unwrap_or_default();
        Self {
            rate,
            fetches: tally.requests,
            ok: tally.count(Outcome::Ok),
            late: later_than(service, usual + REPEAT),
            timeout: tally.count(Outcome::Timeout),
            connect: tally.count(Outcome::Connect),
            throttled: tally.count(Outcome::Throttled),
            other: tally.count(Outcome::Denied) + tally.count(Outcome::Other),
            p50: service.quantile(0.5),
            retransmitted: None,
            elapsed,
        }
    }

    /// What the counts come down to.
    pub fn pressure(&self, usual: Option<Duration>) -> Pressure {
        let matters = |count: u64| count >= FEWEST && count as f64 >= SHARE * self.fetches as f64;
        let lost = self.late + self.timeout;
        if matters(self.throttled) {
            return Pressure::Refusing;
        }
        if matters(lost) {
            let as_quick_as_ever = self
                .p50
                .is_some_and(|p50| p50 < usual.unwrap_or_default() + REPEAT);
            let repeated = self.retransmitted.is_some_and(|count| count > 0);
            return if self.timeout > 0 || repeated || as_quick_as_ever {
                Pressure::Dropping
            } else {
                Pressure::Slow
            };
        }
        if matters(self.connect + self.other) {
            return Pressure::Broken;
        }
        Pressure::Clean
    }
}

fn later_than(times: &Distribution, bound: Duration) -> u64 {
    let bound = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
    times.histogram().count_between(bound, u64::MAX)
}

/// The widest bracket of clean and failing rates that is narrow enough: its middle is within 5 % of both.
const NARROW: f64 = 1.1;

/// The next rate between a clean one and a failing one; `None` once they are near enough.
pub fn between(clean: f64, failing: f64) -> Option<f64> {
    (failing / clean > NARROW).then(|| middle(clean, failing))
}

/// The geometric mean.
pub fn middle(clean: f64, failing: f64) -> f64 {
    (clean * failing).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn step(change: impl FnOnce(&mut RateStep)) -> Pressure {
        let mut step = RateStep {
            rate: 100.0,
            fetches: 100,
            ok: 100,
            p50: Some(2 * MS),
            ..RateStep::default()
        };
        change(&mut step);
        step.pressure(Some(2 * MS))
    }

    #[test]
    fn what_was_answered_and_what_was_not_tells_the_causes_apart() {
        assert_eq!(step(|_| ()), Pressure::Clean);
        assert_eq!(step(|s| s.late = 1), Pressure::Clean, "one may be bad luck");
        assert_eq!(
            step(|s| s.late = 5),
            Pressure::Dropping,
            "most are as quick as ever"
        );
        assert_eq!(step(|s| s.timeout = 5), Pressure::Dropping);
        assert_eq!(step(|s| s.throttled = 5), Pressure::Refusing);
        assert_eq!(step(|s| s.other = 50), Pressure::Broken);
        let all_late = |s: &mut RateStep| {
            s.late = 90;
            s.p50 = Some(400 * MS);
        };
        assert_eq!(step(all_late), Pressure::Slow);
        let repeated = |s: &mut RateStep| {
            all_late(s);
            s.retransmitted = Some(40);
        };
        assert_eq!(step(repeated), Pressure::Dropping);
    }

    #[test]
    fn a_bracket_is_narrowed_until_its_middle_is_near_both_ends() {
        let (mut clean, mut failing, knee) = (100.0, 200.0, 103.0);
        let mut steps = 0;
        while let Some(rate) = between(clean, failing) {
            steps += 1;
            if rate > knee {
                failing = rate;
            } else {
                clean = rate;
            }
        }
        assert_eq!(steps, 3);
        let found = middle(clean, failing);
        assert!((found / knee - 1.0).abs() < 0.06, "{found}");
    }
}
