//! Two stored runs compared, arm by arm and phase by phase, from what their documents kept.
//!
//! For the total, a document keeps the run's slices in order, so the blocks that a comparison resamples are
//! stretches of the run, as in a live one. For the phases it keeps whole histograms: their calls are dealt
//! out to blocks at random, which takes them to be independent of each other.

use std::collections::BTreeMap;

use crate::document::codec::{DecodeError, decode_histogram};
use crate::document::{Arm, Comparison, Quantiles, base_name};
use crate::measure::blocks;
use crate::measure::comparison::{LatencyBlocks, Pairing, Statistic, compare_blocks};
use crate::run;

/// Resampling is random; with one seed, two comparisons of the same documents say the same.
const SEED: u64 = 1;

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
        let before = arm_blocks(base, phase, was)?;
        let after = arm_blocks(new, phase, is)?;
        let stored = usual(was).into_iter().zip(usual(is));
        for (statistic, stored) in Statistic::USUAL.into_iter().zip(stored) {
            let compared = compare_blocks(&before, &after, statistic, Pairing::Separate, SEED);
            if let (Some(compared), (Some(was), Some(is))) = (compared, stored) {
                let (base, compared) = (base_name(&base.name), compared.with(was, is));
                comparisons.push(Comparison {
                    phase: phase.to_owned(),
                    ..run::comparison(&base, &new.name, &compared)
                });
            }
        }
    }
    Ok(comparisons)
}

/// The figures of [`Statistic::USUAL`] in nanoseconds, as the document has them.
fn usual(q: &Quantiles) -> [Option<f64>; 4] {
    [q.p50_us, q.p90_us, q.p99_us, q.mean_us].map(|us| Some(us? * 1e3))
}

fn arm_blocks(
    arm: &Arm,
    phase: &'static str,
    quantiles: &Quantiles,
) -> Result<LatencyBlocks, HistogramError> {
    let decode = |text: &String| {
        let histogram = decode_histogram(text).map_err(|reason| HistogramError {
            arm: arm.name.clone(),
            phase,
            reason,
        })?;
        let steps = histogram.iter_recorded();
        let steps = steps.map(|step| (step.value_iterated_to(), step.count_at_value()));
        Ok(steps.collect::<BTreeMap<u64, u64>>())
    };
    if phase == "total" && !arm.timeline.is_empty() {
        let slices = arm.timeline.iter();
        let slices = slices.filter_map(|slice| slice.histogram.as_ref());
        let narrow = |(value, count)| (value, u32::try_from(count).unwrap_or(u32::MAX));
        let finest = slices.map(|text| Ok(decode(text)?.into_iter().map(narrow).collect()));
        return Ok(blocks::merged(finest.collect::<Result<_, _>>()?));
    }
    match &quantiles.histogram {
        Some(text) => Ok(blocks::dealt(&decode(text)?, SEED)),
        None => Ok(LatencyBlocks::new()),
    }
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
