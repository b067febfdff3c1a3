//! Is one arm faster than another, by how much, and how sure is that?
//!
//! [`evidence`](super::evidence) says how far apart the arms are and whether that is more than chance; here it is held
//! against what matters. An interval leaves out zero if and only if the test does (the partitioning principle, Hsu &
//! Berger 1999).

use serde::{Deserialize, Serialize};

pub use super::evidence::NoInterval;
use super::evidence::{apart, of_means, of_quantiles};
use super::pair::Pair;
pub use super::pair::{Latencies, Pairing};
pub use super::statistic::Statistic;
use super::tally::Tally;

/// Probability with which the interval covers the true difference.
pub const CONFIDENCE: f64 = 0.95;

/// Smallest difference that matters: this share of the baseline …
const SMALLEST_SHARE: f64 = 0.05;

/// … but never less than this many nanoseconds, the grain of a scheduler.
const SMALLEST_NANOS: f64 = 20_000.0;

/// One statistic of the total, compared between two arms. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub statistic: Statistic,
    pub baseline: f64,
    pub candidate: f64,
    /// Candidate − baseline.
    pub difference: f64,
    /// Or why there is none.
    pub interval: Result<(f64, f64), NoInterval>,
    /// The smallest difference that matters.
    pub smallest: f64,
    pub verdict: Verdict,
    /// Where the verdict is inconclusive: about how many more calls per arm would settle it.
    pub more_calls: Option<u64>,
}

/// What a comparison says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    #[serde(rename = "faster")]
    Faster,
    #[serde(rename = "slower")]
    Slower,
    /// The interval lies within the smallest difference that matters.
    #[serde(rename = "no difference")]
    NoDifference,
    /// The data allow neither.
    #[serde(rename = "inconclusive")]
    Inconclusive,
}

/// Compares the totals of successful calls of one run; `None` when either arm has none.
#[must_use]
pub fn compare(baseline: &Tally, candidate: &Tally, statistic: Statistic) -> Option<Comparison> {
    let tallies = [baseline, candidate];
    let rounds = tallies.map(|tally| tally.series.rounds_per_block());
    let arms = tallies.map(|tally| Latencies::measured(tally, rounds[0].max(rounds[1])));
    let figure = |tally: &Tally| statistic.of(&tally.succeeded.total);
    let figures = [figure(baseline)?, figure(candidate)?];
    compare_latencies(
        [&arms[0], &arms[1]],
        Pairing::Interleaved,
        statistic,
        figures,
    )
}

/// Compares the latencies of a baseline and a candidate, of which `figures` are the statistic in nanoseconds; `None`
/// when either has no calls.
#[must_use]
pub fn compare_latencies(
    arms: [&Latencies; 2],
    pairing: Pairing,
    statistic: Statistic,
    figures: [f64; 2],
) -> Option<Comparison> {
    let pair = Pair::of(arms, pairing)?;
    let [baseline, candidate] = figures;
    let difference = candidate - baseline;
    let evidence = match statistic {
        Statistic::Mean => of_means(&pair, figures)?,
        Statistic::Quantile(quantile) => of_quantiles(&pair, quantile, difference)?,
    };
    let smallest = (baseline * SMALLEST_SHARE).max(SMALLEST_NANOS);
    let sign = apart(arms).unwrap_or(evidence.sign);
    let sign = if sign * difference > 0.0 { sign } else { 0.0 };
    let verdict = match evidence.interval {
        Ok((low, high)) if low > -smallest && high < smallest => Verdict::NoDifference,
        _ if sign < 0.0 => Verdict::Faster,
        _ if sign > 0.0 => Verdict::Slower,
        _ => Verdict::Inconclusive,
    };
    let calls = arms[0].calls().min(arms[1].calls());
    let wanted = match evidence.interval {
        Ok(interval) => settling(calls, difference, interval, smallest),
        Err(refusal) => refusal.wanted,
    };
    let more = ((wanted - calls).ceil() as u64).max(1);
    Some(Comparison {
        statistic,
        baseline,
        candidate,
        difference,
        interval: evidence
            .interval
            .map(|interval| agreeing(interval, verdict))
            .map_err(|refusal| refusal.why),
        smallest,
        verdict,
        more_calls: (verdict == Verdict::Inconclusive).then_some(more),
    })
}

/// The interval, cut short of zero or stretched to it, where the test knows better.
fn agreeing((low, high): (f64, f64), verdict: Verdict) -> (f64, f64) {
    match verdict {
        Verdict::Faster => (low, high.min(-1.0)),
        Verdict::Slower => (low.max(1.0), high),
        Verdict::Inconclusive => (low.min(0.0), high.max(0.0)),
        Verdict::NoDifference => (low, high),
    }
}

/// About how many calls settle it: an interval narrows with their square root, and must either leave out zero or fit
/// within the smallest difference that matters.
fn settling(calls: f64, difference: f64, (low, high): (f64, f64), smallest: f64) -> f64 {
    let half = (high - low) / 2.0;
    let room = (smallest - difference.abs())
        .max(difference.abs())
        .max(smallest / 10.0);
    // A fifth more than just enough, since the estimate is itself uncertain.
    calls * (half / room).powi(2).max(1.0) * 1.2
}

#[cfg(test)]
mod tests;
