//! Latency histograms for a terminal: log-spaced buckets that all arms share, so that hills can be
//! compared by eye.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hdrhistogram::Histogram;
use unicode_width::UnicodeWidthStr;

use super::bars;
use crate::document::Arm;
use crate::document::codec;
use crate::figures;
use crate::measure::LogBuckets;

/// Buckets per factor of ten, finest first: widths of 1.26×, 1.33×, 1.47×, … and coarser only where the
/// values span so much that nothing else fits.
const PER_DECADE: [u32; 8] = [10, 8, 6, 5, 4, 3, 2, 1];
/// Of 1.12×, for values so close together that the others would show but a few rows.
const FINE: u32 = 20;
const FEW_ROWS: usize = 8;
const MOST_ROWS: usize = 24;
/// So many empty rows in a row become one.
const GAP: usize = 3;
/// Below this, two arms side by side have no room for bars.
const ARM_WIDTH: usize = 34;
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
        let [finest, .., coarsest] = PER_DECADE;
        let first = of(finest);
        if first.rows.len() < FEW_ROWS {
            return Some(of(FINE))
                .filter(|fine| fine.rows.len() <= MOST_ROWS)
                .unwrap_or(first);
        }
        let fits = PER_DECADE
            .into_iter()
            .map(of)
            .find(|scale| scale.rows.len() <= MOST_ROWS);
        fits.unwrap_or_else(|| of(coarsest))
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
        match arm
            .phases
            .total
            .histogram
            .as_deref()
            .map(codec::decode_histogram)
        {
            Some(Ok(histogram)) if !histogram.is_empty() => readable.push((arm, histogram)),
            Some(Ok(_)) | None => {
                lines.push(format!("  {}: no successful call, no histogram", arm.name));
            }
            Some(Err(error)) => lines.push(format!(
                "  {}: its histogram cannot be read: {error}",
                arm.name
            )),
        }
    }
    if readable.is_empty() {
        return lines;
    }
    let scale = Scale::fitting(
        &readable
            .iter()
            .map(|(_, histogram)| histogram)
            .collect::<Vec<_>>(),
    );
    let hills: Vec<_> = readable
        .iter()
        .map(|(arm, histogram)| Hills::of(arm, histogram, &scale))
        .collect();
    let largest = hills.iter().map(Hills::largest_share).fold(0.0, f64::max);
    let (factor, largest_share) = (scale.buckets.factor(), figures::percent(largest));
    let legend = format!(
        "Each row is {factor:.2} times as long as the one above; the longest bar is {largest_share} of its arm."
    );
    lines.extend(
        textwrap::wrap(
            &legend,
            textwrap::Options::new(width)
                .initial_indent("  ")
                .subsequent_indent("  "),
        )
        .into_iter()
        .map(Cow::into_owned),
    );

    let room = width.saturating_sub(LABEL_WIDTH);
    let abreast = balanced(hills.len(), (room / ARM_WIDTH).max(1));
    for side_by_side in hills.chunks(abreast) {
        lines.push(String::new());
        lines.extend(draw_abreast(side_by_side, &scale, largest, room / abreast));
    }
    lines
}

/// How many to put in a row so that the rows come out alike: 4 as 2 and 2, not 3 and 1.
pub(super) fn balanced(all: usize, most: usize) -> usize {
    all.div_ceil(all.div_ceil(most.max(1)).max(1)).max(1)
}

fn draw_abreast(hills: &[Hills<'_>], scale: &Scale, largest: f64, width: usize) -> Vec<String> {
    let headings: Vec<_> = hills.iter().map(|hills| hills.heading(width - 3)).collect();
    let height = headings.iter().map(Vec::len).max().unwrap_or(0);
    let mut lines: Vec<String> = (0..height)
        .map(|row| {
            let cells = headings.iter().map(|heading| {
                // Short headings sit on the hills, not at the ceiling.
                let text = (row + heading.len())
                    .checked_sub(height)
                    .map_or("", |row| heading[row].as_str());
                format!(
                    "  {text}{:1$}",
                    "",
                    (width - 2).saturating_sub(text.width())
                )
            });
            line("", cells)
        })
        .collect();
    for row in &scale.rows {
        lines.push(match *row {
            Row::Bucket(bucket) => {
                let cells = hills.iter().map(|hills| hills.cell(bucket, largest, width));
                line(&figures::time(scale.edge_us(bucket)), cells)
            }
            Row::Gap(from, to) => {
                let (from, to) = (scale.edge_us(from), scale.edge_us(to));
                let text = format!(
                    " ⋮ nothing from {} to {}",
                    figures::time(from),
                    figures::time(to)
                );
                line("", std::iter::once(text))
            }
        });
    }
    let end = match scale.rows.last() {
        Some(Row::Bucket(bucket) | Row::Gap(_, bucket)) => scale.edge_us(bucket + 1),
        None => 0.0,
    };
    lines.push(line(
        &figures::time(end),
        hills.iter().map(|_| format!(" ╵{:1$}", "", width - 2)),
    ));
    lines
}

fn line(label: &str, cells: impl Iterator<Item = String>) -> String {
    let text = format!("{label:>LABEL_WIDTH$}{}", cells.collect::<String>());
    text.trim_end().to_owned()
}

impl<'a> Hills<'a> {
    fn of(arm: &'a Arm, histogram: &Histogram<u64>, scale: &Scale) -> Self {
        let total = &arm.phases.total;
        let marks = [("p50", total.p50_us), ("p99", total.p99_us)]
            .into_iter()
            .filter_map(|(name, us)| {
                us.map(|us| Mark {
                    name,
                    us,
                    bucket: scale.buckets.bucket((us * 1e3) as u64),
                })
            });
        Self {
            name: &arm.name,
            calls: histogram.len(),
            buckets: scale.buckets.counts(histogram),
            marks: marks.collect(),
        }
    }

    fn share(&self, bucket: usize) -> f64 {
        self.count(bucket) as f64 / self.calls as f64
    }

    fn count(&self, bucket: usize) -> u64 {
        self.buckets.get(&bucket).copied().unwrap_or(0)
    }

    fn largest_share(&self) -> f64 {
        self.buckets
            .keys()
            .map(|bucket| self.share(*bucket))
            .fold(0.0, f64::max)
    }

    fn heading(&self, width: usize) -> Vec<String> {
        let marks: Vec<_> = self
            .marks
            .iter()
            .map(|mark| format!("{} {}", mark.name, figures::time(mark.us)))
            .collect();
        let title = format!("{}, {}", self.name, figures::counted(self.calls, "call"));
        [title, marks.join(", ")]
            .iter()
            .flat_map(|text| textwrap::wrap(text, width))
            .map(Cow::into_owned)
            .collect()
    }

    /// Bar, count, share of the arm's calls, and which quantiles fall into the bucket.
    fn cell(&self, bucket: usize, largest: f64, width: usize) -> String {
        let marks: Vec<_> = self
            .marks
            .iter()
            .filter(|mark| mark.bucket == bucket)
            .map(|mark| mark.name)
            .collect();
        let marks = marks.join(" ");
        let marks_width = self.marks_width();
        let bar_width = width - 2 - COUNT_WIDTH - PERCENT_WIDTH - 1 - marks_width;
        let bar = bars::padded(self.share(bucket) / largest, bar_width);
        let (count, percent) = match self.count(bucket) {
            0 => (String::new(), String::new()),
            n => (short_count(n), figures::percent(self.share(bucket))),
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
            histogram
                .record(*value)
                .expect("the histogram resizes itself");
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
        let [
            Row::Bucket(30),
            Row::Bucket(31),
            Row::Bucket(32),
            Row::Bucket(33),
            gap,
            Row::Bucket(60),
        ] = rows.as_slice()
        else {
            panic!("{} rows", rows.len());
        };
        assert!(matches!(gap, Row::Gap(34, 60)));
    }

    #[test]
    fn arms_are_spread_evenly_over_the_rows() {
        let abreast =
            [(4, 3), (4, 4), (5, 2), (7, 3), (1, 3), (3, 1)].map(|(all, most)| balanced(all, most));
        assert_eq!(abreast, [2, 4, 2, 3, 1, 1]);
    }
}
