//! Two stored runs compared, arm by arm and phase by phase, from what their documents kept.
//!
//! For the total, a document keeps the run's slices in order, as a live comparison has them. For the phases it keeps
//! whole histograms: their calls are taken to be independent of each other.

use hdrhistogram::Histogram;

use crate::document::codec::{DecodeError, decode_histogram};
use crate::document::{Arm, Comparison, Quantiles, base_name};
use crate::measure::comparison::{Latencies, Pairing, Statistic, compare_latencies};
use crate::run;

/// A histogram in a document that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the histogram of `{phase}` of the arm `{arm}` cannot be read")]
pub(super) struct HistogramError {
    arm: String,
    phase: &'static str,
    #[source]
    reason: DecodeError,
}

/// Every statistic of the total and of every phase that both arms have successful calls of.
pub(super) fn comparisons(base: &Arm, new: &Arm) -> Result<Vec<Comparison>, HistogramError> {
    let mut comparisons = Vec::new();
    for (phase, is) in new.phases.all() {
        let Some(was) = base.phases.named(phase) else {
            continue;
        };
        let (Some(before), Some(after)) =
            (latencies(base, phase, was)?, latencies(new, phase, is)?)
        else {
            continue;
        };
        let stored = usual(was).into_iter().zip(usual(is));
        for (statistic, stored) in Statistic::USUAL.into_iter().zip(stored) {
            let (Some(was), Some(is)) = stored else {
                continue;
            };
            let (arms, figures) = ([&before, &after], [was, is]);
            let compared = compare_latencies(arms, Pairing::Separate, statistic, figures);
            comparisons.extend(compared.map(|compared| Comparison {
                phase: phase.to_owned(),
                ..run::comparison(&base_name(&base.name), &new.name, &compared)
            }));
        }
    }
    Ok(comparisons)
}

/// The figures of [`Statistic::USUAL`] in nanoseconds, as the document has them.
fn usual(q: &Quantiles) -> [Option<f64>; 4] {
    [q.p50_us, q.p90_us, q.p99_us, q.mean_us].map(|us| Some(us? * 1e3))
}

/// `None` where a document has no histogram of the phase.
fn latencies(
    arm: &Arm,
    phase: &'static str,
    quantiles: &Quantiles,
) -> Result<Option<Latencies>, HistogramError> {
    let decode = |text: &String| -> Result<Histogram<u64>, HistogramError> {
        decode_histogram(text).map_err(|reason| HistogramError {
            arm: arm.name.clone(),
            phase,
            reason,
        })
    };
    let Some(whole) = quantiles.histogram.as_ref().map(decode).transpose()? else {
        return Ok(None);
    };
    let slices = arm
        .timeline
        .iter()
        .filter_map(|slice| slice.histogram.as_ref());
    let slices = slices.filter(|_| phase == "total").map(decode);
    let slices = slices.collect::<Result<Vec<_>, _>>()?;
    Ok(Some(if slices.is_empty() {
        Latencies::unordered(whole)
    } else {
        Latencies::in_order(whole, slices)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Verdict;
    use crate::document::fixtures;

    #[test]
    fn an_arm_against_itself_differs_nowhere() {
        let document = fixtures::sts().body;
        let comparisons = comparisons(&document.arms[0], &document.arms[0]).unwrap();
        assert!(comparisons.len() >= 20, "{}", comparisons.len());
        for comparison in &comparisons {
            assert_eq!(comparison.baseline, "global (base)");
            assert_eq!(comparison.candidate, "global");
            let decided = matches!(comparison.verdict, Verdict::Faster | Verdict::Slower);
            assert!(!decided, "{comparison:?}");
        }
    }

    #[test]
    fn without_a_timeline_the_whole_histogram_will_do() {
        let document = fixtures::sts().body;
        let (global, regional) = (&document.arms[0], &document.arms[1]);
        assert!(global.timeline.is_empty());
        let comparisons = comparisons(global, regional).unwrap();
        let median = &comparisons[0];
        assert_eq!(
            (median.phase.as_str(), median.statistic),
            ("total", Statistic::Quantile(0.5))
        );
        assert_eq!(median.verdict, Verdict::Faster);
        let total = &regional.phases.total;
        let stored = [total.p50_us, total.p90_us, total.p99_us, total.mean_us];
        let expected = Statistic::USUAL.into_iter().zip(stored);
        for (compared, (statistic, stored)) in comparisons[..4].iter().zip(expected) {
            assert_eq!(compared.statistic, statistic);
            let apart = compared.candidate_us - stored.unwrap();
            assert!(apart.abs() < 1e-6, "{compared:?}");
        }
    }

    #[test]
    fn a_histogram_that_cannot_be_read_is_named() {
        let mut document = fixtures::sts().body;
        document.arms[1].phases.identity.histogram = Some("noise".to_owned());
        let error = comparisons(&document.arms[0], &document.arms[1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the histogram of `identity` of the arm `regional` cannot be read"
        );
    }
}
