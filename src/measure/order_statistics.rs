//! Where a quantile may lie, from the calls on either side of it: an interval that assumes no distribution.

use hdrhistogram::Histogram;

/// Probability of an error on one side of a 95 % interval.
const TAIL: f64 = 0.025;

/// Calls beyond a quantile from which it shows how much less the arms of one run differ than independent ones would.
const FEWEST_BEYOND: f64 = 20.0;

/// A quantile, interpolated between calls, and how far its bounds lie from it. Nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub value: f64,
    pub below: f64,
    pub above: f64,
    /// Half of the width within which values are not told apart.
    pub grain: f64,
}

/// The bounds of a quantile by inverting the interval of the share below it (Woodruff 1952): `critical` standard errors
/// of a share that varies `inflation` times as much as that of independent calls. `None` where there are
/// [too few calls](fewest).
pub(super) fn bounds(
    histogram: &Histogram<u64>,
    quantile: f64,
    critical: f64,
    inflation: f64,
) -> Option<Bounds> {
    let n = histogram.len() as f64;
    if n < fewest(quantile, inflation) {
        return None;
    }
    let beyond = n * (1.0 - quantile).min(quantile);
    let inflation = inflation.max(if beyond < FEWEST_BEYOND { 1.0 } else { 0.1 });
    let half = critical * (inflation * quantile * (1.0 - quantile) / n).sqrt();
    let at = |share: f64| at_index(histogram, (share * n - 0.5).clamp(0.0, n - 1.0));
    let value = at(quantile);
    Some(Bounds {
        value,
        below: value - at(quantile - half),
        above: at(quantile + half) - value,
        grain: histogram.equivalent_range(value as u64) as f64 / 2.0,
    })
}

/// With fewer calls, the quantile lies beyond the longest (or the shortest) of them more often than an interval may
/// err: a p99 needs 368 independent calls.
pub(super) fn fewest(quantile: f64, inflation: f64) -> f64 {
    let outer = quantile.max(1.0 - quantile);
    (TAIL.ln() / outer.ln()).ceil() * inflation.max(1.0)
}

/// The call at a place in the order of latencies, from 0, interpolated between two. Calls that share a bin of the
/// histogram are taken to be spread evenly over it.
fn at_index(histogram: &Histogram<u64>, index: f64) -> f64 {
    let (whole, part) = (index.floor(), index.fract());
    let mut below = None;
    let mut before = 0.0;
    for step in histogram.iter_recorded() {
        let (bin, count) = (step.value_iterated_to(), step.count_at_value() as f64);
        let low = histogram.lowest_equivalent(bin) as f64;
        let width = histogram.equivalent_range(bin) as f64;
        let place = |index: f64| low + (index - before + 0.5) / count * width;
        if below.is_none() && whole < before + count {
            below = Some(place(whole));
        }
        match below {
            Some(below) if whole + 1.0 < before + count => {
                return below + part * (place(whole + 1.0) - below);
            }
            _ => before += count,
        }
    }
    below.unwrap_or(histogram.max() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).expect("three digits");
        for value in values {
            histogram.record(value).expect("it resizes itself");
        }
        histogram
    }

    #[test]
    fn the_median_of_a_hundred_lies_between_the_fortieth_and_the_sixty_first() {
        let found = bounds(&of(1..=100), 0.5, 1.96, 1.0).expect("enough calls");
        assert!((found.value - 51.0).abs() < 0.6, "{found:?}");
        for reach in [found.below, found.above] {
            assert!((9.0..11.0).contains(&reach), "{found:?}");
        }
    }

    #[test]
    fn a_p99_wants_368_independent_calls_and_more_of_others() {
        assert!(bounds(&of(1..=367), 0.99, 1.96, 1.0).is_none());
        assert!(bounds(&of(1..=368), 0.99, 1.96, 1.0).is_some());
        assert!(bounds(&of(1..=368), 0.99, 1.96, 2.0).is_none());
        assert!(
            bounds(&of(1..=367), 0.99, 1.96, 0.2).is_none(),
            "paired calls are no more calls"
        );
    }

    #[test]
    fn calls_that_are_alike_are_told_apart_no_finer_than_their_bin() {
        let found =
            bounds(&of(std::iter::repeat_n(20_000_000, 100)), 0.5, 1.96, 1.0).expect("enough");
        assert!(
            found.grain > 5_000.0 && (found.value - 20e6).abs() <= 2.0 * found.grain,
            "{found:?}"
        );
    }
}
