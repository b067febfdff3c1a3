//! Charts as SVG whose colours are left to a style sheet, so that one picture is right in light and in dark.
//! Nothing is fetched, no font is needed, nothing runs.
//!
//! A chart is a file that makes a [`Sheet`] of a document; [`svg`], [`ink`], [`axis`], [`plot`] and [`sheet`]
//! know nothing of documents.

mod axis;
mod histogram;
mod ink;
mod percentiles;
mod plot;
mod series;
mod sheet;
mod svg;
mod timeline;
mod waterfall;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::document::{Head, Measurement};
use crate::figures;
pub(super) use ink::css;
pub(super) use sheet::Layout;
use sheet::Sheet;
use svg::Label;

/// One of the pictures of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Chart {
    /// Latency by the part of the calls that took no longer
    #[default]
    Percentiles,
    /// How often which latency occurred
    Histogram,
    /// Latency in the course of the run, with failures and loads of credentials
    Timeline,
    /// The phases of a call, at p50 and p99
    Waterfall,
}

impl Chart {
    /// In the order in which a report shows them.
    pub(super) const OF_LATENCY: [Self; 3] = [Self::Percentiles, Self::Histogram, Self::Timeline];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Percentiles => "Percentile curves",
            Self::Histogram => "Histogram of latencies",
            Self::Timeline => "Latency over time",
            Self::Waterfall => "Waterfall of the phases",
        }
    }

    /// How to read it.
    pub(super) fn caption(self, run: &Measurement) -> String {
        match self {
            Self::Percentiles => "Read upwards from 99 %: 99 in 100 calls took at most that long. Each further \
                nine takes the same room; a curve ends with its slowest call. Successful calls; under a fixed rate \
                counted from the planned start, and thin without that wait."
                .to_owned(),
            Self::Histogram => {
                let factor = histogram::factor(run);
                format!(
                    "The share of an arm's successful calls in buckets each {factor:.2} times as long as the one \
                     before. Heights are square roots of the shares, so that rare calls are seen too. Two hills are \
                     two kinds of calls, of which no single quantile tells."
                )
            }
            Self::Timeline => "Each arm's run in slices of equally many calls: median, 99th percentile and the \
                slowest call of each, placed where the slice lies in the run."
                .to_owned(),
            Self::Waterfall => "Each phase's own p50 and p99, drawn from where the phase before it ended, all to \
                one scale. Quantiles do not add up (the call that is slowest in one phase is rarely slowest in \
                another), so the staircase may end elsewhere than the total, which was measured on its own."
                .to_owned(),
        }
    }

    fn sheet(self, run: &Measurement, layout: Layout) -> Option<Sheet> {
        match self {
            Self::Percentiles => percentiles::sheet(run, layout),
            Self::Histogram => histogram::sheet(run, layout),
            Self::Timeline => timeline::sheet(run, layout),
            Self::Waterfall => waterfall::sheet(run, layout),
        }
    }
}

/// The chart as a picture for a page; `None` where the document has nothing to draw in it.
pub(super) fn embedded(run: &Measurement, chart: Chart, layout: Layout) -> Option<String> {
    let sheet = chart.sheet(run, layout)?;
    Some(sheet.into_picture(&label(run, chart, layout, None), layout))
}

/// The chart as a file of its own, with a newline at its end; a picture that says so where there is nothing
/// to draw.
pub(super) fn standalone(head: &Head, run: &Measurement, chart: Chart) -> String {
    const NOTHING: &str =
        "Nothing to draw: no call succeeded, or the document holds no such figures.";
    let layout = Layout::Wide;
    let sheet = chart.sheet(run, layout);
    let sheet = sheet.unwrap_or_else(|| Sheet::of_words(NOTHING, layout));
    sheet.into_picture(&label(run, chart, layout, Some(head)), layout) + "\n"
}

/// `head` is that of the document where the picture stands alone.
fn label(run: &Measurement, chart: Chart, layout: Layout, head: Option<&Head>) -> Label {
    let name = chart.to_possible_value();
    let name = name.as_ref().map_or("", PossibleValue::get_name);
    let title = chart.title();
    Label {
        id: format!("{name}-{}", layout.pick("wide", "narrow")),
        title: head.map_or(title.to_owned(), |head| {
            format!("{title} · {}", head.command_line())
        }),
        description: description(run),
        alone: head.is_some(),
    }
}

/// The figures in words, for those who cannot see the picture.
fn description(run: &Measurement) -> String {
    let arms = run.arms.iter().map(|arm| {
        let total = &arm.phases.total;
        let [p50, p99, max] =
            [total.p50_us, total.p99_us, total.max_us].map(figures::time_or_absent);
        format!("{}: p50 {p50}, p99 {p99}, slowest {max}.", arm.name)
    });
    arms.collect::<Vec<_>>().join(" ")
}
