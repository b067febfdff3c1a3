//! Limits that were held against a run, told: what was expected, what was seen.

use super::blocks::{Block, Cell, Columns, Statement, Tone};
use crate::document::{Check, Measurement, Operator, Unit};
use crate::figures;

/// A sentence for each limit that was not kept, ready for a log.
#[must_use]
pub fn breaches(run: &Measurement) -> Vec<String> {
    let breaches = broken(run).map(|check| {
        let text = format!("--fail-if '{}': {}", check.expression, breach(check));
        figures::spaced(&text)
    });
    breaches.collect()
}

fn broken(run: &Measurement) -> impl Iterator<Item = &Check> {
    run.checks.iter().filter(|check| !check.passed)
}

/// The limits that were not kept, or that all were.
pub(super) fn in_short(run: &Measurement) -> Vec<Statement> {
    let broken = broken(run).map(|check| {
        let text = format!("{}: {}", check.expression, breach(check));
        Statement::new("FAILED", Tone::Bad, text)
    });
    let mut statements: Vec<_> = broken.collect();
    if statements.is_empty() && !run.checks.is_empty() {
        let kept = figures::counted(run.checks.len() as u64, "check");
        let text = format!("{kept} passed");
        statements.push(Statement::new("checks", Tone::Good, text));
    }
    statements
}

/// Every limit; nothing where there are none.
pub(super) fn table(run: &Measurement) -> Vec<Block> {
    if run.checks.is_empty() {
        return Vec::new();
    }
    let table = Columns::of(&run.checks)
        .left("fails if", |check| check.expression.as_str())
        .left("arm", |check| check.arm.as_deref())
        .left("expected", |check| expected(check))
        .left("seen", |check| seen(check))
        .left("", |check| {
            if check.passed {
                Cell::toned("passed", Tone::Good)
            } else {
                Cell::toned("FAILED", Tone::Bad)
            }
        });
    vec![table.block()]
}

/// `regional: expected at most 250 ms, seen 312 ms`.
fn breach(check: &Check) -> String {
    let told = format!("expected {}, seen {}", expected(check), seen(check));
    match &check.arm {
        Some(arm) => format!("{arm}: {told}"),
        None => told,
    }
}

/// The contrary of the condition under which the check fails.
fn expected(check: &Check) -> String {
    let bound = match check.operator {
        Operator::More => "at most",
        Operator::MoreOrEqual => "less than",
        Operator::Less => "at least",
        Operator::LessOrEqual => "more than",
        Operator::Equal => "other than",
    };
    format!("{bound} {}", figure(check.limit, check.unit))
}

fn seen(check: &Check) -> String {
    let Some(value) = check.seen else {
        return "nothing: it was not measured".to_owned();
    };
    let told = exactly(value, check.limit, check.unit);
    let (Some(measured), Some(against)) = (check.measured, check.against) else {
        return told;
    };
    if check.unit == Unit::Share {
        let [measured, against] = [measured, against].map(count);
        return format!("{} ({measured} of {against})", figures::percent(value));
    }
    let change = if against > 0.0 { &told } else { "a change" };
    let text = match check.figure.as_str() {
        "rate" => figures::rate,
        _ => figures::time,
    };
    format!("{change} ({} against {})", text(measured), text(against))
}

/// A figure next to its limit: with more digits where three would make them look alike.
fn exactly(value: f64, limit: f64, unit: Unit) -> String {
    let short = figure(value, unit);
    if short != figure(limit, unit) || value.total_cmp(&limit).is_eq() {
        return short;
    }
    match unit {
        Unit::Us => format!("{value} µs"),
        Unit::Share | Unit::Change => format!("{} %", value * 100.0),
        Unit::Count | Unit::PerS => value.to_string(),
    }
}

fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Us => figures::time(value),
        Unit::Count => count(value),
        Unit::PerS => figures::rate(value),
        Unit::Change if value > 0.0 => format!("+{}", figures::percent(value)),
        Unit::Change | Unit::Share => figures::percent(value),
    }
}

fn count(value: f64) -> String {
    if value.fract() == 0.0 {
        figures::count(value as u64)
    } else {
        value.to_string()
    }
}
