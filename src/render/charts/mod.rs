//! Charts as SVG: drawn by plotters on a [`canvas`] that leaves the colours to a style sheet, so that one
//! picture is right in light and in dark. Nothing is fetched, no font is needed, nothing runs.
//!
//! Each chart comes in two layouts, since text in a picture that is merely shrunk cannot be read.

mod axis;
mod canvas;
mod histogram;
mod ink;
mod percentiles;
mod series;
mod sheet;
mod timeline;
mod waterfall;

use plotters::drawing::DrawingAreaErrorKind;
use plotters::style::text_anchor::{HPos, VPos};

use crate::document::{Arm, Head, Measurement};
use crate::figures;
use canvas::{Area, Label, px};
use ink::Ink;
pub(super) use ink::css;
use series::Series;
use sheet::Sample;

/// One of the pictures of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
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

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct ChartError(#[from] DrawingAreaErrorKind<std::fmt::Error>);

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Wide,
    /// A telephone held upright.
    Narrow,
}

impl Layout {
    pub(super) fn width(self) -> i32 {
        self.pick(860, 380)
    }

    fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

type Draw<'a> = Box<dyn FnOnce(&Area) -> Result<(), ChartError> + 'a>;

/// A chart before it is known what stands above it.
struct Sheet<'a> {
    entries: Vec<(Sample, String)>,
    height: i32,
    draw: Draw<'a>,
}

impl Chart {
    /// In the order in which a report shows them.
    pub(super) const OF_LATENCY: [Self; 3] = [Self::Percentiles, Self::Histogram, Self::Timeline];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Percentiles => percentiles::TITLE,
            Self::Histogram => histogram::TITLE,
            Self::Timeline => timeline::TITLE,
            Self::Waterfall => waterfall::TITLE,
        }
    }

    /// Unique among the charts of a page.
    fn name(self) -> &'static str {
        match self {
            Self::Percentiles => "percentiles",
            Self::Histogram => "histogram",
            Self::Timeline => "timeline",
            Self::Waterfall => "waterfall",
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
                let factor = histogram::factor(&series::of(run));
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
}

/// The chart as a picture for a page; `None` where the document has nothing to draw in it.
pub(super) fn embedded(
    head: &Head,
    run: &Measurement,
    chart: Chart,
    layout: Layout,
) -> Result<Option<String>, ChartError> {
    drawn(run, chart, layout, &label(head, run, chart, layout, false))
}

/// The chart as a file of its own, with a newline at its end.
pub(super) fn standalone(
    head: &Head,
    run: &Measurement,
    chart: Chart,
) -> Result<String, ChartError> {
    let label = label(head, run, chart, Layout::Wide, true);
    let mut svg = match drawn(run, chart, Layout::Wide, &label)? {
        Some(svg) => svg,
        None => nothing(&label)?,
    };
    svg.push('\n');
    Ok(svg)
}

fn label(head: &Head, run: &Measurement, chart: Chart, layout: Layout, alone: bool) -> Label {
    let size = match layout {
        Layout::Wide => "wide",
        Layout::Narrow => "narrow",
    };
    Label {
        id: format!("{}-{size}", chart.name()),
        title: if alone {
            format!("{} · {}", chart.title(), head.command_line())
        } else {
            chart.title().to_owned()
        },
        description: description(run),
        alone,
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

fn drawn(
    run: &Measurement,
    chart: Chart,
    layout: Layout,
    label: &Label,
) -> Result<Option<String>, ChartError> {
    let series: Vec<Series> = series::of(run);
    let arms: Vec<(usize, &Arm)> = match chart {
        Chart::Timeline => timeline::arms(&run.arms),
        Chart::Waterfall => waterfall::arms(&run.arms),
        Chart::Percentiles | Chart::Histogram => Vec::new(),
    };
    if series.is_empty() && arms.is_empty() {
        return Ok(None);
    }
    let sheet = match chart {
        Chart::Percentiles => percentiles::sheet(&series, layout),
        Chart::Histogram => histogram::sheet(&series, layout),
        Chart::Timeline | Chart::Waterfall if arms.is_empty() => return Ok(None),
        Chart::Timeline => timeline::sheet(&arms, layout),
        Chart::Waterfall => waterfall::sheet(&arms, layout),
    };
    compose(sheet, label, layout).map(Some)
}

fn compose(sheet: Sheet, label: &Label, layout: Layout) -> Result<String, ChartError> {
    let width = layout.width();
    let title = label.alone.then_some(label.title.as_str());
    let head = sheet::head(title, &sheet.entries, width);
    canvas::picture(label, (width, head + sheet.height), |area| {
        sheet::draw_head(area, title, &sheet.entries, width)?;
        let (_, below) = area.split_vertically(px(head));
        (sheet.draw)(&below)
    })
}

/// A picture that says that there is nothing to see.
fn nothing(label: &Label) -> Result<String, ChartError> {
    let width = Layout::Wide.width();
    canvas::picture(label, (width, 120), |area| {
        sheet::draw_head(area, Some(&label.title), &[], width)?;
        let style = sheet::text(Ink::Muted, HPos::Center, VPos::Center);
        let text = "Nothing to draw: no call succeeded, or the document holds no such figures.";
        area.draw_text(text, &style, (px(width / 2), px(70)))?;
        Ok(())
    })
}
