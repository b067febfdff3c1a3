//! Holds limits against a document.

use super::figure::Figure;
use super::limit::{Limit, Threshold};
use crate::document::{Arm, Check, Measurement, Unit};

/// Each arm of the document, and the one that a change of it is measured from: the arm of BASE where two
/// runs were compared, or else the run's first arm, which has none itself.
#[must_use]
pub fn bases(document: &Measurement) -> Vec<(&Arm, Option<&Arm>)> {
    let base = |index: usize, arm: &Arm| match &document.compared {
        None => document.arms.first().filter(|_| index > 0),
        Some(compared) => {
            let pair = compared.pairs.iter().find(|[_, new]| *new == arm.name);
            pair.and_then(|[base, _]| compared.base_arms.iter().find(|arm| arm.name == *base))
        }
    };
    let arms = document.arms.iter().enumerate();
    arms.map(|(index, arm)| (arm, base(index, arm))).collect()
}

/// Holds every limit against every arm that it is meant for. A figure that was not measured has not passed.
#[must_use]
pub fn check(document: &Measurement, thresholds: &[Threshold]) -> Vec<Check> {
    let arms = bases(document);
    thresholds
        .iter()
        .flat_map(|threshold| threshold.check(&arms))
        .collect()
}

/// A figure as it is compared with a limit.
struct Seen {
    value: f64,
    measured: Option<f64>,
    against: Option<f64>,
}

impl Threshold {
    fn check(&self, arms: &[(&Arm, Option<&Arm>)]) -> Vec<Check> {
        let is_meant = |arm: &Arm, base: Option<&Arm>| match &self.arm {
            Some(name) => arm.name == *name,
            None => base.is_some() || !self.is_relative(),
        };
        let meant = arms.iter().filter(|(arm, base)| is_meant(arm, *base));
        let checks: Vec<Check> = meant
            .map(|(arm, base)| self.judged(Some(&arm.name), self.seen(arm, *base).as_ref()))
            .collect();
        if checks.is_empty() {
            return vec![self.judged(self.arm.as_deref(), None)];
        }
        checks
    }

    fn judged(&self, arm: Option<&str>, seen: Option<&Seen>) -> Check {
        let (limit, unit) = match self.limit {
            Limit::Time(us) => (us, Unit::Us),
            Limit::Count(count) => (count, Unit::Count),
            Limit::Rate(rate) => (rate, Unit::PerS),
            Limit::Share(share) => (share, Unit::Share),
            Limit::Change(change) => (change, Unit::Change),
        };
        let passed = seen
            .is_some_and(|seen| !seen.value.is_nan() && !self.operator.holds(seen.value, limit));
        Check {
            expression: self.text.clone(),
            arm: arm.map(str::to_owned),
            figure: self.figure_name.clone(),
            passed,
            seen: seen.map(|seen| seen.value),
            operator: self.operator,
            limit,
            unit,
            measured: seen.and_then(|seen| seen.measured),
            against: seen.and_then(|seen| seen.against),
        }
    }

    fn seen(&self, arm: &Arm, base: Option<&Arm>) -> Option<Seen> {
        let figure = self.figure.of(arm)?;
        match self.limit {
            Limit::Time(_) | Limit::Count(_) | Limit::Rate(_) => Some(Seen {
                value: figure,
                measured: None,
                against: None,
            }),
            Limit::Share(_) => (arm.requests > 0)
                .then(|| Seen::ratio(figure, arm.requests as f64, |part, whole| part / whole)),
            Limit::Change(_) => {
                let from = self.figure.of(base?)?;
                Some(Seen::ratio(figure, from, |now, from| (now - from) / from))
            }
        }
    }
}

impl Seen {
    /// Nothing out of nothing is no change; something out of nothing is more than any limit.
    fn ratio(measured: f64, against: f64, ratio: fn(f64, f64) -> f64) -> Self {
        let value = match (measured > 0.0, against > 0.0) {
            (_, true) => ratio(measured, against),
            (false, false) => 0.0,
            (true, false) => f64::MAX,
        };
        Self {
            value,
            measured: Some(measured),
            against: Some(against),
        }
    }
}

impl Figure {
    /// Microseconds, a number, or calls per second; `None` where it was not measured.
    fn of(self, arm: &Arm) -> Option<f64> {
        match self {
            Self::Time { phase, statistic } => statistic.of(arm.phases.named(phase)?),
            Self::Counter(counter) => Some((counter.count)(arm) as f64),
            Self::Rate => arm.rate_per_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    fn checked(document: &Measurement, expression: &str) -> Vec<(String, bool)> {
        let threshold: Threshold = expression.parse().expect("a good expression");
        let checks = check(document, &[threshold]);
        checks
            .into_iter()
            .map(|check| (check.arm.unwrap_or_default(), check.passed))
            .collect()
    }

    fn passed(document: &Measurement, expression: &str) -> Vec<bool> {
        checked(document, expression)
            .into_iter()
            .map(|(_, passed)| passed)
            .collect()
    }

    #[test]
    fn a_limit_without_an_arm_is_held_against_every_arm() {
        let document = fixtures::sts().body;
        let named = |passed| {
            [
                ("global".to_owned(), false),
                ("regional".to_owned(), passed),
            ]
        };
        assert_eq!(checked(&document, "p50 > 50ms"), named(true));
        assert_eq!(checked(&document, "p50 > 1ns"), named(false));
        assert_eq!(
            checked(&document, "regional.total.p50 > 50ms"),
            named(true)[1..]
        );
    }

    #[test]
    fn a_change_is_measured_from_the_first_arm() {
        let document = fixtures::sts().body;
        let checks = checked(&document, "p50 > -50%");
        assert_eq!(
            checks,
            [("regional".to_owned(), true)],
            "regional is far faster"
        );
        assert_eq!(passed(&document, "p50 < -50%"), [false]);
        let check = &check(&document, &["p50 < -50%".parse().unwrap()])[0];
        assert_eq!(check.against, document.arms[0].phases.total.p50_us);
        assert_eq!(check.unit, Unit::Change);
    }

    #[test]
    fn a_share_is_of_the_arms_calls() {
        let mut document = fixtures::sts().body;
        document.arms.truncate(1);
        document.arms[0].requests = 200;
        document.arms[0].outcomes.throttled = 2;
        assert_eq!(passed(&document, "failed > 1%"), [true]);
        assert_eq!(passed(&document, "failed >= 1%"), [false]);
        assert_eq!(passed(&document, "throttled == 2"), [false]);
        document.arms[0].requests = 0;
        assert_eq!(
            passed(&document, "failed > 1%"),
            [false],
            "a share of nothing is unknown"
        );
    }

    #[test]
    fn what_was_not_measured_has_not_passed() {
        let document = fixtures::all_failed().body;
        assert_eq!(passed(&document, "global.total.p99 > 10h"), [false]);
        assert_eq!(passed(&document, "global.rate < 1"), [false]);
        assert_eq!(
            checked(&document, "8 workers.failed > 99"),
            [("8 workers".to_owned(), false)]
        );
        let missing = &check(&document, &["global.total.p99 > 10h".parse().unwrap()])[0];
        assert_eq!(missing.seen, None);
    }

    #[test]
    fn a_change_from_nothing_exceeds_every_limit_and_stays_a_number() {
        let mut document = fixtures::sts().body;
        document.arms[0].phases.backoff.p50_us = Some(0.0);
        document.arms[1].phases.backoff.p50_us = Some(0.0);
        assert_eq!(passed(&document, "backoff.p50 > 5%"), [true]);
        document.arms[1].phases.backoff.p50_us = Some(3.0);
        assert_eq!(passed(&document, "backoff.p50 > 999999%"), [false]);
        let checks = check(&document, &["backoff.p50 > 5%".parse().unwrap()]);
        assert!(
            serde_json::to_value(&checks[0]).unwrap()["seen"].is_f64(),
            "JSON has no infinity"
        );
    }
}
