//! Comparisons: the ones that matter in a sentence each, and all of them in a table.

use std::fmt::Write;

use super::blocks::{Block, Cell, Column, Grid, Statement, Tone, left, right};
use super::breakdown;
use crate::document::{Arm, Comparison, Measurement, Statistic, Verdict, base_name, word};
use crate::figures;

const MEDIAN: Statistic = Statistic::Quantile(0.5);
const P99: Statistic = Statistic::Quantile(0.99);

/// Phases with a smaller share of an arm's time are told of only where something was decided.
const NOTICEABLE: f64 = 0.01;

/// The comparisons that a tired reader wants: the median of each candidate and, where there is only one,
/// its 99th percentile; then, across runs, the phase that accounts for most of the difference.
pub(super) fn in_short(run: &Measurement) -> Vec<Statement> {
    let comparisons = &run.comparisons;
    let single = comparisons
        .windows(2)
        .all(|pair| pair[0].candidate == pair[1].candidate);
    let wanted = |comparison: &&Comparison| {
        comparison.phase == "total"
            && (comparison.statistic == MEDIAN || (single && comparison.statistic == P99))
    };
    let mut statements: Vec<_> = comparisons.iter().filter(wanted).map(statement).collect();
    statements.extend(run.arms.iter().filter_map(|arm| {
        let medians = comparisons.iter().filter(|comparison| {
            comparison.candidate == arm.name
                && is_phase(arm, &comparison.phase)
                && comparison.statistic == MEDIAN
                && is_decided(comparison)
        });
        let size = |comparison: &Comparison| comparison.difference_us.abs();
        let largest = medians.max_by(|a, b| size(a).total_cmp(&size(b)));
        largest.map(statement)
    }));
    statements
}

/// Not the total, nor what is a part of another phase.
fn is_phase(arm: &Arm, name: &str) -> bool {
    let slices = arm.phases.slices();
    slices.iter().any(|(known, _)| *known == name)
}

fn is_decided(comparison: &Comparison) -> bool {
    matches!(comparison.verdict, Verdict::Faster | Verdict::Slower)
}

/// Whether a row is worth its line: the total, phases that take time, and whatever was decided.
fn matters(run: &Measurement, comparison: &Comparison) -> bool {
    let bases = run.compared.iter().flat_map(|c| &c.base_arms);
    let takes_time = |arm: &Arm| {
        let phase = arm.phases.named(&comparison.phase);
        let share = phase.and_then(|phase| breakdown::share(phase, &arm.phases));
        share.is_some_and(|share| share >= NOTICEABLE)
    };
    comparison.phase == "total"
        || is_decided(comparison)
        || run
            .arms
            .iter()
            .any(|arm| arm.name == comparison.candidate && takes_time(arm))
        || bases
            .into_iter()
            .any(|arm| base_name(&arm.name) == comparison.baseline && takes_time(arm))
}

/// The comparisons that matter, and what it would take to settle those that are open.
pub(super) fn table(run: &Measurement) -> Vec<Block> {
    let comparisons = &run.comparisons;
    let Some(first) = comparisons.first() else {
        return Vec::new();
    };
    let shown: Vec<_> = comparisons.iter().filter(|c| matters(run, c)).collect();
    let level = figures::count((first.confidence * 100.0).round() as u64);
    let against = if run.compared.is_some() {
        "new − base"
    } else {
        "arm − against"
    };
    let mut note = format!(
        "Differences are {against}; intervals are at {level} %. A difference counts as none within \
         {:.0} % of the figure it is compared with.",
        100.0 * first.smallest_us / first.baseline_us.max(f64::MIN_POSITIVE),
    );
    if shown.len() < comparisons.len() {
        let left = comparisons.len() - shown.len();
        let _ = write!(
            note,
            " Left out: {left} comparisons of phases that take less than 1 % of the time, none of them decided."
        );
    }
    vec![
        Block::Heading("Comparison"),
        Block::Grid(Grid::of(&columns(run), shown)),
        Block::Note(note),
    ]
}

/// Across runs, each arm's base is clear, and what it measured is in no other table.
fn columns<'a>(run: &Measurement) -> Vec<Column<&'a Comparison>> {
    let mut columns: Vec<Column<&Comparison>> = vec![left("arm", |c| c.candidate.as_str().into())];
    if run.compared.is_some() {
        columns.push(left("at", |c| at(c).into()));
        columns.push(right("base", |c| Cell::time(Some(c.baseline_us))));
        columns.push(right("new", |c| Cell::time(Some(c.candidate_us))));
    } else {
        columns.push(left("against", |c| c.baseline.as_str().into()));
        columns.push(left("at", |c| at(c).into()));
    }
    columns.push(right("difference", |c| {
        figures::difference(c.difference_us).into()
    }));
    columns.push(right("interval", |c| interval(c).into()));
    columns.push(left("verdict", |c| verdict(c)));
    columns
}

/// `p50`, or `p50 of transmit`.
fn at(comparison: &Comparison) -> String {
    match comparison.phase.as_str() {
        "total" => comparison.statistic.to_string(),
        phase => format!("{} of {phase}", comparison.statistic),
    }
}

fn interval(comparison: &Comparison) -> String {
    match (comparison.ci_low_us, comparison.ci_high_us) {
        (Some(low), Some(high)) => figures::interval(low, high),
        _ => figures::ABSENT.to_owned(),
    }
}

fn verdict(comparison: &Comparison) -> Cell {
    let word = word(comparison.verdict);
    let text = match comparison.more_calls {
        Some(calls) => format!("{word} ({} more calls)", figures::count(calls)),
        None => word,
    };
    Cell::toned(text, tone(comparison.verdict))
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
    let at = at(comparison);
    let (is, was) = (
        figures::time(comparison.candidate_us),
        figures::time(comparison.baseline_us),
    );
    let verdict = word(comparison.verdict);
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
