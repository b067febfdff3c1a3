//! Holds limits against a document, and says beforehand whether they speak of arms that it will have.

use super::limit::{FIRST, Figure, Threshold};
use super::parse::ParseError;
use crate::document::{Arm, Check, Measurement, Unit};
use crate::nearest::nearest;

/// Each arm of the document, and the one that a change of it is measured from: the arm of BASE where two
/// runs were compared, or else the run's first arm, which has none itself.
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
pub fn check(document: &Measurement, thresholds: &[Threshold]) -> Vec<Check> {
    let arms = bases(document);
    thresholds
        .iter()
        .flat_map(|threshold| threshold.check(&arms))
        .collect()
}

/// A figure as it is compared with a limit; of a share or a change also the figure itself, and the one that it is
/// held against.
type Seen = (f64, Option<(f64, f64)>);

impl Threshold {
    /// Whether it can be held against arms of these names, each with or without a base to compare it with.
    ///
    /// # Errors
    ///
    /// If it speaks of an arm that is not there, or of a change where there is nothing to compare with.
    pub fn meant_for(&self, arms: &[(&str, bool)]) -> Result<(), ParseError> {
        const NO_BASE: &str = "a percentage of a time or a rate is a change: of a run's later arms against its \
             first, and in `compare` of NEW's arms against those that match in BASE";
        let at = self.arm.clone().unwrap_or(0..self.text.len());
        let name = self.arm.clone().map(|at| &self.text[at]);
        let meant = |(known, _): &&(&str, bool)| name.is_none_or(|name| name == *known);
        let has_base = arms.iter().filter(meant).any(|(_, has_base)| *has_base);
        let mut hint = NO_BASE.to_owned();
        let message = match name {
            Some(name) if !arms.iter().any(|(known, _)| *known == name) => {
                let names: Vec<&str> = arms.iter().map(|(name, _)| *name).collect();
                let like = nearest(name, names.iter().copied())
                    .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
                hint = format!("{like}the arms are {}", names.join(", "));
                format!("no arm is called `{name}`")
            }
            _ if has_base || self.unit != Unit::Change => return Ok(()),
            Some(name) => format!("the arm `{name}` has nothing to be compared with"),
            None => "there is nothing to compare with".to_owned(),
        };
        Err(ParseError::new(&self.text, at, message, hint))
    }

    fn check(&self, arms: &[(&Arm, Option<&Arm>)]) -> Vec<Check> {
        let named = self.arm.clone().map(|at| &self.text[at]);
        let meant = arms.iter().filter(|(arm, base)| match named {
            Some(name) => arm.name == name,
            None => base.is_some() || self.unit != Unit::Change,
        });
        let checks: Vec<Check> = meant
            .map(|(arm, base)| self.judged(Some(&arm.name), self.seen(arm, *base)))
            .collect();
        if checks.is_empty() {
            return vec![self.judged(named, None)];
        }
        checks
    }

    fn judged(&self, arm: Option<&str>, seen: Option<Seen>) -> Check {
        let (seen, ratio_of) = seen.unzip();
        let (measured, against) = ratio_of.flatten().unzip();
        let holds = |value: f64| self.operator.holds(value, self.limit);
        Check {
            expression: self.text.clone(),
            arm: arm.map(str::to_owned),
            figure: self.figure_name.clone(),
            passed: seen.is_some_and(|value| !value.is_nan() && !holds(value)),
            seen,
            operator: self.operator,
            limit: self.limit,
            unit: self.unit,
            measured,
            against,
        }
    }

    fn seen(&self, arm: &Arm, base: Option<&Arm>) -> Option<Seen> {
        let figure = self.figure.of(arm)?;
        let (against, ratio): (f64, fn(f64, f64) -> f64) = match self.unit {
            Unit::Us | Unit::Count | Unit::PerS => return Some((figure, None)),
            Unit::Share if arm.requests == 0 => return None,
            Unit::Share => (arm.requests as f64, |part, whole| part / whole),
            Unit::Change => (self.figure.of(base?)?, |now, from| (now - from) / from),
        };
        // Nothing out of nothing is no change; something out of nothing is more than any limit.
        let value = match (figure > 0.0, against > 0.0) {
            (_, true) => ratio(figure, against),
            (false, false) => 0.0,
            (true, false) => f64::MAX,
        };
        Some((value, Some((figure, against))))
    }
}

impl Figure {
    /// Microseconds, a number, or calls per second; `None` where it was not measured.
    fn of(self, arm: &Arm) -> Option<f64> {
        match self {
            Self::Time { phase, statistic } => statistic.of(match phase {
                FIRST => &arm.first_call.as_ref()?.phases.total,
                _ => arm.phases.named(phase)?,
            }),
            Self::Counter(counter) => Some((counter.count)(arm) as f64),
            Self::Rate => arm.rate_per_s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    fn checks(document: &Measurement, expression: &str) -> Vec<Check> {
        check(document, &[expression.parse().expect("a good expression")])
    }

    fn checked(document: &Measurement, expression: &str) -> Vec<(String, bool)> {
        let checks = checks(document, expression).into_iter();
        let checks = checks.map(|check| (check.arm.unwrap_or_default(), check.passed));
        checks.collect()
    }

    fn passed(document: &Measurement, expression: &str) -> Vec<bool> {
        let checks = checks(document, expression);
        checks.iter().map(|check| check.passed).collect()
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
    fn first_calls_have_their_own_figure() {
        let mut document = fixtures::sts().body;
        assert_eq!(
            passed(&document, "regional.first.max > 10h"),
            [false],
            "not measured"
        );
        document.arms[1].first_call = Some(crate::document::FirstCall {
            phases: crate::document::Phases {
                total: crate::document::Quantiles {
                    p50_us: Some(2e6),
                    ..Default::default()
                },
                ..Default::default()
            },
            ..Default::default()
        });
        assert_eq!(passed(&document, "regional.first.p50 > 1s"), [false]);
        assert_eq!(passed(&document, "regional.first.p50 > 3s"), [true]);
        assert_eq!(
            passed(&document, "regional.total.p50 > 1s"),
            [true],
            "warm calls"
        );
    }

    #[test]
    fn a_change_is_measured_from_the_first_arm() {
        let document = fixtures::sts().body;
        let faster = [("regional".to_owned(), true)];
        assert_eq!(checked(&document, "p50 > -50%"), faster);
        assert_eq!(passed(&document, "p50 < -50%"), [false]);
        let check = &checks(&document, "p50 < -50%")[0];
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
        assert_eq!(checks(&document, "global.total.p99 > 10h")[0].seen, None);
    }

    #[test]
    fn a_change_from_nothing_exceeds_every_limit_and_stays_a_number() {
        let mut document = fixtures::sts().body;
        document.arms[0].phases.backoff.p50_us = Some(0.0);
        document.arms[1].phases.backoff.p50_us = Some(0.0);
        assert_eq!(passed(&document, "backoff.p50 > 5%"), [true]);
        document.arms[1].phases.backoff.p50_us = Some(3.0);
        assert_eq!(passed(&document, "backoff.p50 > 999999%"), [false]);
        let check = serde_json::to_value(&checks(&document, "backoff.p50 > 5%")[0]).unwrap();
        assert!(check["seen"].is_f64(), "JSON has no infinity");
    }

    fn meant(text: &str, arms: &[(&str, bool)]) -> Result<(), String> {
        let threshold: Threshold = text.parse().expect("a good expression");
        threshold.meant_for(arms).map_err(|error| error.to_string())
    }

    const RUN: [(&str, bool); 2] = [("global", false), ("regional", true)];

    #[test]
    fn known_arms_are_accepted() {
        for good in [
            "p99 > 1s",
            "p99 > 5%",
            "global.total.p99 > 1s",
            "regional.total.p99 > 5%",
            "global.failed > 5%",
        ] {
            assert_eq!(meant(good, &RUN), Ok(()), "{good}");
        }
    }

    #[test]
    fn an_unknown_arm_is_pointed_at_and_its_nearest_suggested() {
        let error = meant("regionl.total.p99 > 1s", &RUN).unwrap_err();
        assert!(
            error.contains("regionl.total.p99 > 1s\n  ^^^^^^^\n"),
            "{error}"
        );
        assert!(
            error.contains("did you mean `regional`? the arms are global, regional"),
            "{error}"
        );
    }

    #[test]
    fn a_change_needs_a_base() {
        let error = meant("global.total.p99 > 5%", &RUN).unwrap_err();
        assert!(error.contains("`global` has nothing"));
        let error = meant("p99 > 5%", &RUN[..1]).unwrap_err();
        assert!(error.contains("nothing to compare with"));
    }
}
