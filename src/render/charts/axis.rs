//! Axes: what they span, where their ticks are and what stands beside these.
//!
//! Latencies are drawn by their logarithm, which is taken here and not by plotters: a tick every factor of
//! ten, its own choice, leaves most charts with one or two.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use crate::figures;

/// A part of the number line with its ticks.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<f64>,
}

/// Steps within a factor of ten, finest first.
const MANTISSAS: [&[f64]; 5] = [
    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 3.0],
    &[1.0],
];

/// Ends closer together than this factor get evenly spaced ticks.
const CLOSE: f64 = 4.0;

impl Axis {
    /// Logarithms of microseconds, with at most so many ticks.
    pub(super) fn latency(low_us: f64, high_us: f64, most: usize) -> Self {
        let (low, high) = (low_us.max(1e-3), high_us.max(1e-3).max(low_us));
        let pad = ((high / low).log10() * 0.05).max(0.01);
        let range = low.log10() - pad..high.log10() + pad;
        let (low, high) = (10_f64.powf(range.start), 10_f64.powf(range.end));
        let ticks = if high / low < CLOSE {
            even(low, high, most)
        } else {
            logarithmic(low, high, most)
        };
        Self {
            range,
            ticks: ticks.into_iter().map(f64::log10).collect(),
        }
    }

    /// From 0 to `high`, evenly.
    pub(super) fn from_zero(high: f64, most: usize) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        Self {
            range: 0.0..high,
            ticks: even(0.0, high, most),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // The finer mesh between the ticks stays empty.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

fn even(low: f64, high: f64, most: usize) -> Vec<f64> {
    let rough = (high - low) / most.max(1) as f64;
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * decade)
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * decade);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

fn logarithmic(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let within = |ticks: Vec<f64>| -> Vec<f64> {
        ticks
            .into_iter()
            .filter(|tick| (low..=high).contains(tick))
            .collect()
    };
    for mantissas in MANTISSAS {
        let decades = (first..=last).map(|decade| 10_f64.powi(decade));
        let ticks = within(
            decades
                .flat_map(|d| mantissas.iter().map(move |m| m * d))
                .collect(),
        );
        if ticks.len() <= most {
            return ticks;
        }
    }
    let stride = ((last - first) as usize).div_ceil(most.max(1)).max(1);
    within(
        (first..=last)
            .step_by(stride)
            .map(|decade| 10_f64.powi(decade))
            .collect(),
    )
}

/// `1 ms`, `250 µs`: without the zeros that [`figures::time`] pads figures in columns with.
pub(super) fn time(us: f64) -> String {
    let text = figures::time(us);
    match text.split_once(figures::JOINT) {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number}{}{unit}", figures::JOINT)
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_always_a_few_ticks_and_never_too_many() {
        for (low, high) in [
            (1.0, 1.05),
            (0.9, 4.0),
            (3.0, 700.0),
            (0.5, 9e6),
            (80e3, 210e3),
            (5.0, 5.0),
        ] {
            for most in [5, 8] {
                let axis = Axis::latency(low, high, most);
                assert!(
                    (1..=most + 1).contains(&axis.ticks.len()),
                    "{low} … {high}: {axis:?}"
                );
                assert!(
                    axis.ticks.iter().all(|tick| axis.range.contains(tick)),
                    "{axis:?}"
                );
            }
        }
    }

    #[test]
    fn ticks_read_as_round_figures() {
        let shown = |axis: Axis| -> Vec<String> {
            axis.ticks
                .iter()
                .map(|tick| figures::spaced(&time(10_f64.powf(*tick))))
                .collect()
        };
        assert_eq!(
            shown(Axis::latency(4_000.0, 210_000.0, 8)),
            ["5 ms", "10 ms", "20 ms", "50 ms", "100 ms", "200 ms"]
        );
        assert_eq!(
            shown(Axis::latency(4_000.0, 4_300.0, 4)),
            ["4 ms", "4.2 ms", "4.4 ms"]
        );
        assert_eq!(Axis::from_zero(21.0, 5).ticks, [0.0, 5.0, 10.0, 15.0, 20.0]);
    }
}
