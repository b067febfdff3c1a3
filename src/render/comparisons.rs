//! Comparisons: the ones that matter in a sentence each, and all of them in a table.

use std::fmt::Write;

use super::blocks::{Block, Cell, Columns, Statement, Tone};
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
    let mut bases = run.compared.iter().flat_map(|c| &c.base_arms);
    let takes_time = |arm: &Arm| {
        let phase = arm.phases.named(&comparison.phase);
        let share = phase.and_then(|phase| breakdown::share(phase, &arm.phases));
        share.is_some_and(|share| share >= NOTICEABLE)
    };
    let is_candidate = |arm: &&Arm| arm.name == comparison.candidate;
    comparison.phase == "total"
        || is_decided(comparison)
        || run.arms.iter().filter(is_candidate).any(takes_time)
        || bases.any(|arm| base_name(&arm.name) == comparison.baseline && takes_time(arm))
}

/// The comparisons that matter, and what it would take to settle those that are open.
pub(super) fn table(run: &Measurement) -> Vec<Block> {
    let comparisons = &run.comparisons;
    let Some(first) = comparisons.first() else {
        return Vec::new();
    };
    let shown: Vec<_> = comparisons.iter().filter(|c| matters(run, c)).collect();
    let against = match run.compared {
        Some(_) => "new − base",
        None => "arm − against",
    };
    let mut note = format!(
        "Differences are {against}; intervals are at {} %. A difference counts as none within {:.0} % of the figure it \
         is compared with.",
        level(first),
        100.0 * first.smallest_us / first.baseline_us.max(f64::MIN_POSITIVE),
    );
    if shown.len() < comparisons.len() {
        let left = comparisons.len() - shown.len();
        let _ = write!(
            note,
            " Left out: {left} comparisons of phases that take less than 1 % of the time, none of them decided."
        );
    }
    vec![columns(run, shown), Block::Note(note)]
}

/// The confidence of the interval in percent.
fn level(comparison: &Comparison) -> String {
    figures::count((comparison.confidence * 100.0).round() as u64)
}

/// Across runs, each arm's base is clear, and what it measured is in no other table.
fn columns(run: &Measurement, shown: Vec<&Comparison>) -> Block {
    let arms = Columns::of(shown).left("arm", |c| c.candidate.as_str());
    let compared = match run.compared {
        Some(_) => arms
            .left("at", |c| at(c))
            .time("base", |c| Some(c.baseline_us))
            .time("new", |c| Some(c.candidate_us)),
        None => arms
            .left("against", |c| c.baseline.as_str())
            .left("at", |c| at(c)),
    };
    compared
        .right("difference", |c| figures::difference(c.difference_us))
        .right("interval", |c| match (c.ci_low_us, c.ci_high_us) {
            (Some(low), Some(high)) => Some(figures::interval(low, high)),
            _ => c.no_interval.map(word),
        })
        .left("verdict", |c| verdict(c))
        .block()
}

/// `p50`, or `p50 of transmit`.
fn at(comparison: &Comparison) -> String {
    match comparison.phase.as_str() {
        "total" => comparison.statistic.to_string(),
        phase => format!("{} of {phase}", comparison.statistic),
    }
}

fn verdict(comparison: &Comparison) -> Cell {
    let mut text = word(comparison.verdict);
    if let Some(calls) = comparison.more_calls {
        let _ = write!(text, " ({} more calls)", figures::count(calls));
    }
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

/// `regional is 87.9 ms faster than global at p50: 4.21 ms instead of 92.1 ms (95 % CI 85.1 … 90.3 ms)`.
fn statement(comparison: &Comparison) -> Statement {
    let (baseline, candidate) = (&comparison.baseline, &comparison.candidate);
    let (at, difference_us) = (at(comparison), comparison.difference_us);
    let [is, was] = [comparison.candidate_us, comparison.baseline_us].map(figures::time);
    let verdict = word(comparison.verdict);
    let text = if is_decided(comparison) {
        let size = figures::time(difference_us.abs());
        let ci = confidence(comparison, difference_us.signum());
        format!(
            "{candidate} is {size} {verdict} than {baseline} at {at}: {is} instead of {was}{ci}"
        )
    } else {
        let difference = figures::difference(difference_us);
        let ci = confidence(comparison, 1.0);
        let wanting = comparison.more_calls.map_or_else(String::new, |calls| {
            let calls = figures::count(calls);
            format!("; about {calls} more calls per arm would settle it")
        });
        format!("{candidate} against {baseline} at {at}: {is} and {was}, {difference}{ci}{wanting}")
    };
    Statement::new(verdict, tone(comparison.verdict), text)
}

/// The interval of the difference times `sign`: a speed-up is spoken of as a positive quantity.
fn confidence(comparison: &Comparison, sign: f64) -> String {
    let (Some(low), Some(high)) = (comparison.ci_low_us, comparison.ci_high_us) else {
        let why = comparison.no_interval.map(word);
        return why.map_or_else(String::new, |why| format!(" (no interval: {why})"));
    };
    let interval = if sign < 0.0 {
        figures::interval(-high, -low)
    } else {
        figures::interval(low, high)
    };
    let (level, joint) = (level(comparison), figures::JOINT);
    format!(" ({level}{joint}%{joint}CI {interval})")
}
