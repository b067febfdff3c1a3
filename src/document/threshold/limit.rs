//! What a user sets a run to: the figures that a limit can be set to, by the names that they have in the document.

use std::ops::Range;

use crate::document::{Arm, Operator, Phases, Quantiles, Statistic, Unit};

/// A condition under which a run fails.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// As typed.
    pub(super) text: String,
    /// Where the arm's name stands in `text`; `None` for any arm.
    pub(super) arm: Option<Range<usize>>,
    pub(super) figure: Figure,
    /// What the document calls it: `total.p99`, `failed`.
    pub(super) figure_name: String,
    pub(super) operator: Operator,
    /// In `unit`, which may be one of another figure: of the arm's calls, or of the base's figure.
    pub(super) limit: f64,
    pub(super) unit: Unit,
}

/// A figure of an arm.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    Time {
        /// `total`, a phase, or `dns`.
        phase: &'static str,
        statistic: TimeFigure,
    },
    Counter(Counter),
    /// Completed calls per second.
    Rate,
}

/// A figure of a distribution of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeFigure {
    Min,
    Max,
    At(Statistic),
}

/// Calls, attempts or connections, counted.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    pub name: &'static str,
    /// The object of the document in which it stands, if not the arm itself.
    pub group: Option<&'static str>,
    pub count: fn(&Arm) -> u64,
}

/// The figure that is not a counter and has no phase.
pub(super) const RATE: &str = "rate";

const OUTCOMES: Option<&str> = Some("outcomes");
const IDENTITY: Option<&str> = Some("identity");
const CONNECTIONS: Option<&str> = Some("connections");

pub(super) const COUNTERS: [Counter; 15] = [
    counter("requests", None, |arm| arm.requests),
    counter("attempts", None, |arm| arm.attempts),
    counter("failed", OUTCOMES, |arm| arm.outcomes.failed()),
    counter("ok", OUTCOMES, |arm| arm.outcomes.ok),
    counter("throttled", OUTCOMES, |arm| arm.outcomes.throttled),
    counter("denied", OUTCOMES, |arm| arm.outcomes.denied),
    counter("timeout", OUTCOMES, |arm| arm.outcomes.timeout),
    counter("connect", OUTCOMES, |arm| arm.outcomes.connect),
    counter("reset", OUTCOMES, |arm| arm.outcomes.reset),
    counter("other", OUTCOMES, |arm| arm.outcomes.other),
    counter("hit", IDENTITY, |arm| arm.identity.hit),
    counter("load", IDENTITY, |arm| arm.identity.load),
    counter("wait", IDENTITY, |arm| arm.identity.wait),
    counter("fresh", CONNECTIONS, |arm| arm.connections.fresh),
    counter("reused", CONNECTIONS, |arm| arm.connections.reused),
];

const fn counter(
    name: &'static str,
    group: Option<&'static str>,
    count: fn(&Arm) -> u64,
) -> Counter {
    Counter { name, group, count }
}

/// `total`, the phases in their order, and those that only some runs have.
pub(super) fn phase_names() -> Vec<&'static str> {
    let phases = Phases::default();
    let names = phases.all().map(|(name, _)| name);
    names.chain(["service", "queue", "dns"]).collect()
}

impl TimeFigure {
    /// `min`, `max`, `mean`, or `p` and a percentage, as in the document's own names.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "min" => Some(Self::Min),
            "max" => Some(Self::Max),
            name => Statistic::try_from(name.to_owned()).ok().map(Self::At),
        }
    }

    /// Microseconds; `None` where nothing was recorded.
    pub(super) fn of(self, quantiles: &Quantiles) -> Option<f64> {
        let quantile = match self {
            Self::Min => return quantiles.min_us,
            Self::Max => return quantiles.max_us,
            Self::At(Statistic::Mean) => return quantiles.mean_us,
            Self::At(Statistic::Quantile(quantile)) => quantile,
        };
        let stored = [
            (0.5_f64, quantiles.p50_us),
            (0.9, quantiles.p90_us),
            (0.99, quantiles.p99_us),
            (0.999, quantiles.p999_us),
        ];
        let is_it = |(known, _): &(f64, _)| known.total_cmp(&quantile).is_eq();
        if let Some((_, figure)) = stored.into_iter().find(is_it) {
            return figure;
        }
        let histogram = quantiles.decoded()?;
        Some(histogram.value_at_quantile(quantile) as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    #[test]
    fn percentiles_have_two_digits_before_their_point() {
        let of = |name| match TimeFigure::named(name) {
            Some(TimeFigure::At(Statistic::Quantile(quantile))) => (quantile * 1e6).round() as u32,
            other => panic!("{name} is {other:?}"),
        };
        assert_eq!(
            ["p5", "p50", "p99", "p999", "p975", "p9999"].map(of),
            [50_000, 500_000, 990_000, 999_000, 975_000, 999_900]
        );
        for bad in "p p0 p00 p100 p500 p9x P99 99 p99.9 p99999999".split(' ') {
            assert_eq!(TimeFigure::named(bad), None, "{bad}");
        }
    }

    #[test]
    fn stored_percentiles_are_taken_as_they_are_and_others_from_the_histogram() {
        let quantiles = &fixtures::sts().body.arms[0].phases.total;
        let of = |name| TimeFigure::named(name).unwrap().of(quantiles).unwrap();
        assert_eq!(Some(of("p99")), quantiles.p99_us);
        assert!(of("p50") < of("p75") && of("p75") < of("p99"));
        assert_eq!(
            TimeFigure::At(Statistic::Quantile(0.75)).of(&Quantiles::default()),
            None
        );
    }

    #[test]
    fn counters_are_called_as_in_the_document() {
        let arm = &fixtures::sts().body.arms[0];
        let json = serde_json::to_value(arm).unwrap();
        for counter in COUNTERS.iter().filter(|counter| counter.name != "failed") {
            let object = counter.group.map_or(&json, |group| &json[group]);
            assert_eq!(
                object[counter.name],
                (counter.count)(arm),
                "{}",
                counter.name
            );
        }
    }
}
