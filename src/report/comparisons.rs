//! Comparisons: the ones that matter in a sentence each, and all of them in a table.

use super::blocks::{Align, Block, Cell, Grid, Statement, Tone};
use super::document::{Comparison, Document, Verdict};
use super::figures;

/// The comparisons that a tired reader wants: the median of each candidate and, where there is only one,
/// its 99th percentile.
pub(super) fn in_short(document: &Document) -> Vec<Statement> {
    let comparisons = &document.comparisons;
    let single = comparisons
        .windows(2)
        .all(|pair| pair[0].candidate == pair[1].candidate);
    let wanted = |comparison: &&Comparison| {
        comparison.statistic == "p50" || (single && comparison.statistic == "p99")
    };
    comparisons.iter().filter(wanted).map(statement).collect()
}

/// Every comparison, and what it would take to settle those that are open.
pub(super) fn table(document: &Document) -> Vec<Block> {
    let comparisons = &document.comparisons;
    if comparisons.is_empty() {
        return Vec::new();
    }
    let columns = ["against", "at", "difference", "interval", "verdict"].map(|name| {
        let align = if matches!(name, "difference" | "interval") {
            Align::Right
        } else {
            Align::Left
        };
        (name.to_owned(), align)
    });
    let columns = std::iter::once(("arm".to_owned(), Align::Left))
        .chain(columns)
        .collect();
    let rows = comparisons.iter().map(row).collect();
    let level = figures::count((comparisons[0].confidence * 100.0).round() as u64);
    let note = format!(
        "Differences are arm − against; intervals are at {level} %. A difference counts as none within \
         {:.0} % of the figure it is compared with.",
        100.0 * comparisons[0].smallest_us / comparisons[0].baseline_us.max(f64::MIN_POSITIVE),
    );
    vec![
        Block::Heading("Comparison"),
        Block::Grid(Grid { columns, rows }),
        Block::Note(note),
    ]
}

fn row(comparison: &Comparison) -> Vec<Cell> {
    let at = match comparison.phase.as_str() {
        "total" => comparison.statistic.clone(),
        phase => format!("{} of {phase}", comparison.statistic),
    };
    let interval = match (comparison.ci_low_us, comparison.ci_high_us) {
        (Some(low), Some(high)) => figures::interval(low, high),
        _ => figures::ABSENT.to_owned(),
    };
    let verdict = match comparison.more_calls {
        Some(calls) => format!(
            "{} ({} more calls)",
            comparison.verdict.as_str(),
            figures::count(calls)
        ),
        None => comparison.verdict.as_str().to_owned(),
    };
    vec![
        comparison.candidate.clone().into(),
        comparison.baseline.clone().into(),
        at.into(),
        figures::difference(comparison.difference_us).into(),
        interval.into(),
        Cell {
            text: verdict,
            tone: tone(comparison.verdict),
        },
    ]
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Faster => Tone::Good,
        Verdict::Slower => Tone::Bad,
        Verdict::Inconclusive => Tone::Caution,
        Verdict::NoDifference => Tone::Plain,
    }
}

/// `; about 1,200 more calls per arm would settle it`.
fn wanting(comparison: &Comparison) -> String {
    comparison.more_calls.map_or_else(String::new, |calls| {
        format!(
            "; about {} more calls per arm would settle it",
            figures::count(calls)
        )
    })
}

/// `regional is 87.9 ms faster than global at p50: 4.21 ms instead of 92.1 ms (95 % CI 85.1 … 90.3 ms)`.
fn statement(comparison: &Comparison) -> Statement {
    let Comparison {
        baseline,
        candidate,
        difference_us,
        ..
    } = comparison;
    let at = match comparison.phase.as_str() {
        "total" => comparison.statistic.clone(),
        phase => format!("{} of {phase}", comparison.statistic),
    };
    let (is, was) = (
        figures::time(comparison.candidate_us),
        figures::time(comparison.baseline_us),
    );
    let verdict = comparison.verdict.as_str();
    let text = match comparison.verdict {
        Verdict::Faster | Verdict::Slower => {
            let size = figures::time(difference_us.abs());
            let ci = confidence(comparison, difference_us.signum());
            format!(
                "{candidate} is {size} {verdict} than {baseline} at {at}: {is} instead of {was}{ci}"
            )
        }
        Verdict::NoDifference | Verdict::Inconclusive => {
            let difference = figures::difference(*difference_us);
            let ci = confidence(comparison, 1.0);
            format!(
                "{candidate} against {baseline} at {at}: {is} and {was}, {difference}{ci}{}",
                wanting(comparison)
            )
        }
    };
    Statement::new(verdict, tone(comparison.verdict), text)
}

/// The interval of the difference times `sign`: a speed-up is spoken of as a positive quantity.
fn confidence(comparison: &Comparison, sign: f64) -> String {
    let (Some(low), Some(high)) = (comparison.ci_low_us, comparison.ci_high_us) else {
        return String::new();
    };
    let (low, high) = if sign < 0.0 {
        (-high, -low)
    } else {
        (low, high)
    };
    let level = figures::count((comparison.confidence * 100.0).round() as u64);
    let interval = figures::interval(low, high);
    format!(
        " ({level}{JOINT}%{JOINT}CI {interval})",
        JOINT = figures::JOINT
    )
}
