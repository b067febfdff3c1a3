//! Latency histograms for a terminal: log-spaced buckets that all arms share, so that hills can be
//! compared by eye.

use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;
use unicode_width::UnicodeWidthStr;

use super::bars;
use super::lines::{balanced, wrapped};
use crate::document::Arm;
use crate::document::codec::decode_histogram;
use crate::figures;
use crate::measure::LogBuckets;

/// Buckets per factor of ten, finest first: widths of 1.26×, 1.33×, 1.47×, … and coarser only where the
/// values span so much that nothing else fits.
const PER_DECADE: [u32; 8] = [10, 8, 6, 5, 4, 3, 2, 1];
/// Of 1.12×, half as wide as the finest, for values so close together that those would show but a few rows.
const FINE: u32 = 20;
const FEW_ROWS: usize = 8;
const MOST_ROWS: usize = 24;
/// So many empty rows in a row become one.
const GAP: usize = 3;
/// Below this, two arms side by side have no room for bars.
const ARM_WIDTH: usize = 34;
const INDENT: &str = "  ";
const LABEL_WIDTH: usize = 9;
const COUNT_WIDTH: usize = 7;
const PERCENT_WIDTH: usize = 8;

/// One arm's calls, sorted into buckets.
struct Hills<'a> {
    name: &'a str,
    calls: u64,
    buckets: BTreeMap<usize, u64>,
    marks: Vec<Mark>,
}

/// A quantile as the rest of the report states it, and the bucket that it falls into.
struct Mark {
    name: &'static str,
    us: f64,
    bucket: usize,
}

#[derive(Debug, PartialEq)]
enum Row {
    Bucket(usize),
    /// Nothing in any arm from the first bucket up to the second.
    Gap(usize, usize),
}

/// The buckets that all arms share.
struct Scale {
    buckets: LogBuckets,
    rows: Vec<Row>,
}

impl Scale {
    fn edge_us(&self, bucket: usize) -> f64 {
        self.buckets.edge_ns(bucket as f64) / 1e3
    }

    fn fitting(histograms: &[&Histogram<u64>]) -> Self {
        let of = |per_decade| {
            let buckets = LogBuckets::per_decade(per_decade);
            Self {
                buckets,
                rows: rows(histograms, buckets),
            }
        };
        let fits = |scale: &Self| scale.rows.len() <= MOST_ROWS;
        let [finest, .., coarsest] = PER_DECADE;
        if of(finest).rows.len() < FEW_ROWS {
            return of(FINE);
        }
        let mut scales = PER_DECADE.into_iter().map(of);
        scales.find(fits).unwrap_or_else(|| of(coarsest))
    }
}

/// All buckets from the first that holds anything to the last, with long empty stretches made short.
fn rows(histograms: &[&Histogram<u64>], buckets: LogBuckets) -> Vec<Row> {
    let filled: BTreeSet<usize> = histograms
        .iter()
        .flat_map(|histogram| buckets.counts(histogram).into_keys())
        .collect();
    let mut rows = Vec::new();
    let mut next = filled.first().copied().unwrap_or(0);
    for bucket in filled {
        if bucket - next >= GAP {
            rows.push(Row::Gap(next, bucket));
        } else {
            rows.extend((next..bucket).map(Row::Bucket));
        }
        rows.push(Row::Bucket(bucket));
        next = bucket + 1;
    }
    rows
}

/// The histograms of all arms with successful calls, side by side as far as `width` goes.
pub(super) fn draw(arms: &[Arm], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut readable = Vec::new();
    for arm in arms {
        let start = format!("{INDENT}{}", arm.name);
        let text = arm.phases.total.histogram.as_deref();
        match text.map(decode_histogram) {
            Some(Ok(histogram)) if !histogram.is_empty() => readable.push((arm, histogram)),
            Some(Err(error)) => {
                lines.push(format!("{start}: its histogram cannot be read: {error}"));
            }
            _ => lines.push(format!("{start}: no successful call, no histogram")),
        }
    }
    if readable.is_empty() {
        return lines;
    }
    let histograms: Vec<_> = readable.iter().map(|(_, histogram)| histogram).collect();
    let scale = Scale::fitting(&histograms);
    let hills = readable.iter();
    let hills: Vec<_> = hills.map(|(arm, of)| Hills::of(arm, of, &scale)).collect();
    let largest = hills.iter().map(Hills::largest_share).fold(0.0, f64::max);
    let (factor, largest_share) = (scale.buckets.factor(), figures::percent(largest));
    let legend = format!(
        "Each row is {factor:.2} times as long as the one above; the longest bar is {largest_share} of its arm."
    );
    lines.extend(wrapped(&legend, width, INDENT, INDENT));

    let room = width.saturating_sub(LABEL_WIDTH);
    let abreast = balanced(hills.len(), room / ARM_WIDTH);
    for side_by_side in hills.chunks(abreast) {
        lines.push(String::new());
        lines.extend(draw_abreast(side_by_side, &scale, largest, room / abreast));
    }
    lines
}

fn draw_abreast(hills: &[Hills<'_>], scale: &Scale, largest: f64, width: usize) -> Vec<String> {
    let headings: Vec<_> = hills.iter().map(|hills| hills.heading(width - 3)).collect();
    let height = headings.iter().map(Vec::len).max().unwrap_or(0);
    let mut lines = Vec::new();
    for row in 0..height {
        let cells = headings.iter().map(|heading| {
            // Short headings sit on the hills, not at the ceiling.
            let at = (row + heading.len()).checked_sub(height);
            let text = at.map_or("", |at| heading[at].as_str());
            let rest = (width - 2).saturating_sub(text.width());
            format!("{INDENT}{text}{:rest$}", "")
        });
        lines.push(line("", cells));
    }
    let time = |bucket| figures::time(scale.edge_us(bucket));
    let mut end = 0;
    for row in &scale.rows {
        lines.push(match *row {
            Row::Bucket(bucket) => {
                end = bucket + 1;
                let cells = hills.iter().map(|hills| hills.cell(bucket, largest, width));
                line(&time(bucket), cells)
            }
            Row::Gap(from, to) => {
                let text = format!(" ⋮ nothing from {} to {}", time(from), time(to));
                line("", std::iter::once(text))
            }
        });
    }
    let floor = hills.iter().map(|_| format!(" ╵{:1$}", "", width - 2));
    lines.push(line(&time(end), floor));
    lines
}

fn line(label: &str, cells: impl Iterator<Item = String>) -> String {
    let text = format!("{label:>LABEL_WIDTH$}{}", cells.collect::<String>());
    text.trim_end().to_owned()
}

impl<'a> Hills<'a> {
    fn of(arm: &'a Arm, histogram: &Histogram<u64>, scale: &Scale) -> Self {
        let total = &arm.phases.total;
        let marks = [("p50", total.p50_us), ("p99", total.p99_us)];
        let marks = marks.into_iter().filter_map(|(name, us)| {
            let us = us?;
            let bucket = scale.buckets.bucket((us * 1e3) as u64);
            Some(Mark { name, us, bucket })
        });
        Self {
            name: &arm.name,
            calls: histogram.len(),
            buckets: scale.buckets.counts(histogram),
            marks: marks.collect(),
        }
    }

    fn share(&self, count: u64) -> f64 {
        count as f64 / self.calls as f64
    }

    fn largest_share(&self) -> f64 {
        self.share(self.buckets.values().copied().max().unwrap_or(0))
    }

    fn heading(&self, width: usize) -> Vec<String> {
        let title = format!("{}, {}", self.name, figures::counted(self.calls, "call"));
        let marks = self.marks.iter();
        let marks = marks.map(|mark| format!("{} {}", mark.name, figures::time(mark.us)));
        let marks = marks.collect::<Vec<_>>().join(", ");
        let [title, marks] = [title, marks].map(|text| wrapped(&text, width, "", ""));
        [title, marks].concat()
    }

    /// Bar, count, share of the arm's calls, and which quantiles fall into the bucket.
    fn cell(&self, bucket: usize, largest: f64, width: usize) -> String {
        let marks = self.marks.iter().filter(|mark| mark.bucket == bucket);
        let marks = marks.map(|mark| mark.name).collect::<Vec<_>>().join(" ");
        let marks_width = self.marks_width();
        let bar_width = width - 2 - COUNT_WIDTH - PERCENT_WIDTH - 1 - marks_width;
        let count = self.buckets.get(&bucket).copied().unwrap_or(0);
        let share = self.share(count);
        let bar = bars::padded(share / largest, bar_width);
        let (count, percent) = match count {
            0 => (String::new(), String::new()),
            n => (short_count(n), figures::percent(share)),
        };
        format!(" │{bar}{count:>COUNT_WIDTH$}{percent:>PERCENT_WIDTH$} {marks:<marks_width$}")
    }

    fn marks_width(&self) -> usize {
        match self.marks.as_slice() {
            [p50, p99] if p50.bucket == p99.bucket => "p50 p99".len(),
            _ => "p50".len(),
        }
    }
}

/// At most six columns: what is too long loses digits that the percentage does not need either.
fn short_count(n: u64) -> String {
    match n {
        0..100_000 => figures::count(n),
        100_000..1_000_000 => format!("{} k", n / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} M", n as f64 / 1e6),
        _ => format!("{:.1} G", n as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values_ns: &[u64]) -> Histogram<u64> {
        let mut histogram = Histogram::new(3).expect("three digits are allowed");
        for value in values_ns {
            histogram += *value;
        }
        histogram
    }

    #[test]
    fn whatever_the_span_there_are_few_rows() {
        for step in [2, 3, 5, 10] {
            let values: Vec<_> = (0..12).map(|power| 1_000 * u64::pow(step, power)).collect();
            let histogram = of(&values);
            let scale = Scale::fitting(&[&histogram]);
            assert!(scale.rows.len() <= MOST_ROWS, "{} rows", scale.rows.len());
        }
    }

    #[test]
    fn rows_neither_begin_nor_end_empty_and_long_gaps_become_one_row() {
        let tenths = LogBuckets::per_decade(10);
        let rows = rows(&[&of(&[1_000, 2_000]), &of(&[1_000_000])], tenths);
        // 2 µs lies 3.01 tenths of a decade above 1 µs.
        let [first, second, third, fourth] = [30, 31, 32, 33].map(Row::Bucket);
        let (gap, last) = (Row::Gap(34, 60), Row::Bucket(60));
        assert_eq!(rows, [first, second, third, fourth, gap, last]);
    }
}
