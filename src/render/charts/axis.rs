//! Axes: what they span, how figures are spread over them, where their ticks are and what stands beside
//! these. Everything here is in the unit of the figures; [`Plot`](super::plot::Plot) makes pixels of it.

use std::ops::Range;

use crate::figures;

/// A part of a scale with its ticks.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<f64>,
    /// What grows evenly along the axis, such as the logarithm of the figures.
    pub(super) spread: fn(f64) -> f64,
    pub(super) label: fn(f64) -> String,
    /// What the figures are, where the labels do not say it.
    pub(super) name: &'static str,
}

/// Latencies from here on have a place on an axis.
const LEAST_US: f64 = 1e-3;

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
    /// Microseconds, spread by their logarithms, with at most so many ticks.
    pub(super) fn latency(low_us: f64, high_us: f64, most: usize) -> Self {
        let (low, high) = (low_us.max(LEAST_US), high_us.max(LEAST_US).max(low_us));
        let pad = (high / low).powf(0.05).max(10_f64.powf(0.01));
        let (low, high) = (low / pad, high * pad);
        Self {
            range: low..high,
            ticks: if high / low < CLOSE {
                even(low, high, most)
            } else {
                logarithmic(low, high, most)
            },
            spread: |us| us.max(LEAST_US).log10(),
            label: time,
            name: "",
        }
    }

    /// Seconds from 0 to `high`, spread evenly.
    pub(super) fn seconds(high: f64, most: usize) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        Self {
            range: 0.0..high,
            ticks: even(0.0, high, most),
            spread: |seconds| seconds,
            label: seconds,
            name: "",
        }
    }

    /// How far along the axis a figure is, from 0 to 1.
    pub(super) fn part(&self, figure: f64) -> f64 {
        let [start, end, at] = [self.range.start, self.range.end, figure].map(self.spread);
        (at - start) / (end - start)
    }
}

/// The least and the largest of the figures; infinity and 0 where there are none.
pub(super) fn span(figures: impl Iterator<Item = f64>) -> (f64, f64) {
    figures.fold((f64::INFINITY, 0.0), |(low, high), figure| {
        (f64::min(low, figure), f64::max(high, figure))
    })
}

fn even(low: f64, high: f64, most: usize) -> Vec<f64> {
    let rough = (high - low) / most.max(1) as f64;
    let decade = 10_f64.powf(rough.log10().floor());
    let mut steps = [1.0, 2.0, 5.0].map(|factor| factor * decade).into_iter();
    let step = steps.find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * decade);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

fn logarithmic(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let ticks = |mantissas: &[f64], stride: usize| -> Vec<f64> {
        let decades = (first..=last).step_by(stride).map(|n| 10_f64.powi(n));
        let ticks = decades.flat_map(|decade| mantissas.iter().map(move |m| m * decade));
        ticks.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let mut every_decade = MANTISSAS.iter().map(|mantissas| ticks(mantissas, 1));
    let fitting = every_decade.find(|ticks| ticks.len() <= most);
    fitting.unwrap_or_else(|| {
        let stride = ((last - first) as usize).div_ceil(most.max(1)).max(1);
        ticks(&[1.0], stride)
    })
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

fn seconds(seconds: f64) -> String {
    if seconds == 0.0 {
        return format!("0{}s", figures::JOINT);
    }
    time(seconds * 1e6)
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
                let few = (1..=most + 1).contains(&axis.ticks.len());
                assert!(few, "{low} … {high}: {axis:?}");
                let inside = axis.ticks.iter().all(|tick| axis.range.contains(tick));
                assert!(inside, "{axis:?}");
            }
        }
    }

    #[test]
    fn ticks_read_as_round_figures() {
        let shown = |axis: Axis| {
            let ticks = axis.ticks.iter().map(|tick| (axis.label)(*tick));
            figures::spaced(&ticks.collect::<Vec<_>>().join(", "))
        };
        let wide = shown(Axis::latency(4_000.0, 210_000.0, 8));
        assert_eq!(wide, "5 ms, 10 ms, 20 ms, 50 ms, 100 ms, 200 ms");
        let close = shown(Axis::latency(4_000.0, 4_300.0, 4));
        assert_eq!(close, "4 ms, 4.2 ms, 4.4 ms");
        let seconds = shown(Axis::seconds(21.0, 5));
        assert_eq!(seconds, "0 s, 5 s, 10 s, 15 s, 20 s");
    }
}
