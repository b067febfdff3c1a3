//! What the calls of two arms say of their difference: an interval, and whether it is more than chance.
//!
//! Arms are interleaved, so the calls of one round met the same conditions, and differences are taken block by block of
//! the run. Latencies that depend on their neighbours (a slow minute, a warming cache) widen the interval instead of
//! faking certainty: [`blocks`](super::blocks) says how.
//!
//! - The verdict at the median is a test of ranks (Wilcoxon 1945, Mann & Whitney 1947, as a t-test of ranks: Conover &
//!   Iman 1981), the one at the mean a t-test of the latencies (Student 1908, Welch 1947).
//! - The interval of a quantile comes from the calls around it ([`order_statistics`]); those of two arms are put together
//!   by the squares of their reach (Zou & Donner 2008). At other quantiles than the median, it is the test as well.
//! - Two samples of which one lies wholly below the other are told apart whatever the order of their calls: of alike
//!   arms of 20 independent calls, fewer than one pair in ten billion is so.

use serde::{Deserialize, Serialize};

use super::blocks::Variance;
use super::pair::{Estimate, Latencies, Pair};
use super::{order_statistics, series, student};

/// The normal quantile of an interval's confidence, 95 %.
const INTERVAL_Z: f64 = 1.960;

/// That of the tests behind "faster" and "slower". A figure must differ in the direction of the test, too, so that the
/// test errs less often than its level says; `benches/verdicts.rs` counts how often.
const TEST_Z: f64 = 1.95;

/// The same where blocks depend on each other: how much they do is itself uncertain.
const TEST_Z_REMEMBERING: f64 = 2.05;

/// Fewest blocks from which anything is said, and fewest batches of blocks that depend on each other: how long batches
/// must be cannot be told from fewer.
const FEWEST_BLOCKS: f64 = 5.0;
const FEWEST_BATCHES: f64 = 12.0;

/// With fewer batches than that, the test alone still sees a plain difference: at a hundredth, from four batches on.
const TEST_Z_FEW: f64 = 2.576;
const FEWEST_TO_TEST: f64 = 4.0;

/// Calls of each arm from which it means something that all of one are faster than all of the other, however they
/// depend on each other.
const FEWEST_APART: f64 = 20.0;

/// Why a comparison has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum NoInterval {
    /// The figure may well lie beyond the longest call.
    #[serde(rename = "too few calls")]
    FewCalls,
    /// The run is too short for what it remembers.
    #[serde(rename = "too few calls that depend on each other")]
    Dependent,
}

/// What the calls say of a difference, before it is held against what matters.
pub(super) struct Evidence {
    pub interval: Result<(f64, f64), Refusal>,
    /// The sign of a difference that is more than chance, or 0.
    pub sign: f64,
}

/// Nothing is said of this many calls.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    pub why: NoInterval,
    /// With about this many something would be.
    pub wanted: f64,
}

pub(super) fn of_means(pair: &Pair, figures: [f64; 2]) -> Option<Evidence> {
    let difference = figures[1] - figures[0];
    let mut estimate = Estimate {
        difference,
        ..pair.means()?
    };
    // Blocks round latencies; what they round away varies as well, by a twelfth of the grain's square per call.
    let rounded =
        |arm: usize| series::grain(figures[arm] as u64).powi(2) / 12.0 / pair.arms[arm].calls();
    estimate.variance.value = estimate.variance.value.max(rounded(0) + rounded(1));
    let interval = critical(pair, &estimate, INTERVAL_Z).map(|critical| {
        let half = critical * estimate.variance.value.sqrt();
        (difference - half, difference + half)
    });
    Some(Evidence {
        interval,
        sign: tested(&estimate),
    })
}

pub(super) fn of_quantiles(pair: &Pair, quantile: f64, difference: f64) -> Option<Evidence> {
    let below = pair.shares_below(quantile)?;
    let interval = critical(pair, &below, INTERVAL_Z).and_then(|critical| {
        let of = |arm: usize| {
            let (histogram, inflation) = (&pair.arms[arm].histogram, below.inflation[arm]);
            let refusal = Refusal {
                why: NoInterval::FewCalls,
                wanted: order_statistics::fewest(quantile, inflation),
            };
            order_statistics::bounds(histogram, quantile, critical, inflation).ok_or(refusal)
        };
        let (base, new) = (of(0)?, of(1)?);
        let grain = base.grain + new.grain;
        let low = new.value - base.value - new.below.hypot(base.above).max(grain);
        let high = new.value - base.value + new.above.hypot(base.below).max(grain);
        // The figure itself is not interpolated.
        Ok((low.min(difference), high.max(difference)))
    });
    let sign = match interval {
        _ if (quantile - 0.5).abs() < 1e-9 => tested(&pair.ranks()?),
        Ok((low, high)) if low > 0.0 || high < 0.0 => difference.signum(),
        _ => 0.0,
    };
    Some(Evidence { interval, sign })
}

/// How many standard errors from zero are more than chance.
fn critical(pair: &Pair, estimate: &Estimate, z: f64) -> Result<f64, Refusal> {
    let variance = estimate.variance;
    let (why, fewest) = if variance.remembers {
        (NoInterval::Dependent, FEWEST_BATCHES)
    } else {
        (NoInterval::FewCalls, FEWEST_BLOCKS)
    };
    let batches = variance.batches;
    if batches < fewest {
        let calls = pair.arms[0].calls().min(pair.arms[1].calls());
        let wanted = calls * fewest / batches;
        return Err(Refusal { why, wanted });
    }
    Ok(student::critical(z, variance.freedom))
}

/// The sign of a difference that is more than chance, or 0.
fn tested(estimate: &Estimate) -> f64 {
    let Variance {
        value,
        batches,
        freedom,
        remembers,
    } = estimate.variance;
    let (z, fewest) = match batches {
        _ if !remembers => (TEST_Z, FEWEST_BLOCKS),
        ..FEWEST_BATCHES => (TEST_Z_FEW, FEWEST_TO_TEST),
        _ => (TEST_Z_REMEMBERING, FEWEST_BATCHES),
    };
    let known = batches >= fewest;
    if known && estimate.difference.abs() > student::critical(z, freedom) * value.sqrt() {
        estimate.difference.signum()
    } else {
        0.0
    }
}

/// The sign of the difference where all calls of one arm are faster than all of the other.
pub(super) fn apart(arms: [&Latencies; 2]) -> Option<f64> {
    let [base, new] = arms.map(|arm| &arm.histogram);
    let enough = arms.iter().all(|arm| arm.calls() >= FEWEST_APART);
    match enough {
        true if new.max() < base.min() => Some(-1.0),
        true if base.max() < new.min() => Some(1.0),
        _ => None,
    }
}
