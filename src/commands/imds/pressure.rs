//! What a step of cold fetches says of its source: told apart by what was answered, what was not, and what
//! TCP had to send again. Pure.

use crate::document::{KneeStep, Pressure};
use crate::figures::micros;
use crate::measure::Tally;

/// Linux sends a lost segment again after 200 ms at the earliest. What is later than usual by less than
/// this was held up by something else.
pub(super) const REPEAT_US: f64 = 150_000.0;

/// Share of the fetches from which on something is the matter, and their number: one may be bad luck.
const SHARE: f64 = 0.02;
const FEWEST: u64 = 2;

/// Counts a step at `rate` fetches per second, and says what the counts come down to. `usual_us` is what a fetch
/// takes when all is well.
pub fn rate_step(
    rate: f64,
    tally: &Tally,
    usual_us: Option<f64>,
    retransmitted: Option<u64>,
) -> KneeStep {
    let (service, outcomes) = (&tally.succeeded.service, &tally.outcomes);
    let p50_us = service.quantile(0.5).map(micros);
    let at_best = usual_us.or_else(|| service.min().map(micros));
    let late_us = at_best.unwrap_or_default() + REPEAT_US;
    let times = service.histogram();
    let mut step = KneeStep {
        rate_per_s: rate,
        fetches: tally.requests,
        ok: outcomes.ok,
        late: times.count_between((late_us * 1e3) as u64, u64::MAX),
        timeout: outcomes.timeout,
        connect: outcomes.connect,
        throttled: outcomes.throttled,
        other: outcomes.denied + outcomes.reset + outcomes.other,
        p50_us,
        retransmitted,
        verdict: Pressure::Clean,
    };
    step.verdict = pressure(&step, usual_us.or(p50_us));
    step
}

fn pressure(step: &KneeStep, usual_us: Option<f64>) -> Pressure {
    let matters = |count: u64| count >= FEWEST && count as f64 >= SHARE * step.fetches as f64;
    if matters(step.throttled) {
        return Pressure::Refusing;
    }
    if matters(step.late + step.timeout) {
        let late_us = usual_us.unwrap_or_default() + REPEAT_US;
        let as_quick_as_ever = step.p50_us.is_some_and(|p50_us| p50_us < late_us);
        let repeated = step.retransmitted.is_some_and(|count| count > 0);
        return if step.timeout > 0 || repeated || as_quick_as_ever {
            Pressure::Dropping
        } else {
            Pressure::Slow
        };
    }
    if matters(step.connect + step.other) {
        return Pressure::Broken;
    }
    Pressure::Clean
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

    fn step(change: impl FnOnce(&mut KneeStep)) -> Pressure {
        let mut step = KneeStep {
            rate_per_s: 100.0,
            fetches: 100,
            ok: 100,
            p50_us: Some(2_000.0),
            ..KneeStep::default()
        };
        change(&mut step);
        pressure(&step, Some(2_000.0))
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
        let all_late = |s: &mut KneeStep| {
            s.late = 90;
            s.p50_us = Some(400_000.0);
        };
        assert_eq!(step(all_late), Pressure::Slow);
        let repeated = |s: &mut KneeStep| {
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
