//! Limits that were held against a run, told: what was expected, what was seen.

use super::blocks::{Block, Cell, Grid, Statement, Tone, left};
use crate::document::{Check, Measurement, Operator, Unit};
use crate::figures;

/// A sentence for each limit that was not kept, ready for a log.
#[must_use]
pub fn breaches(run: &Measurement) -> Vec<String> {
    let breaches = run.checks.iter().filter(|check| !check.passed);
    breaches
        .map(|check| {
            let text = format!("--fail-if '{}': {}", check.expression, breach(check));
            figures::spaced(&text)
        })
        .collect()
}

/// The limits that were not kept, or that all were.
pub(super) fn in_short(run: &Measurement) -> Vec<Statement> {
    let checks = &run.checks;
    let mut statements: Vec<Statement> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| {
            let text = format!("{}: {}", check.expression, breach(check));
            Statement::new("FAILED", Tone::Bad, text)
        })
        .collect();
    if statements.is_empty() && !checks.is_empty() {
        let kept = figures::counted(checks.len() as u64, "check");
        statements.push(Statement::new(
            "checks",
            Tone::Good,
            format!("{kept} passed"),
        ));
    }
    statements
}

/// Every limit.
pub(super) fn table(run: &Measurement) -> Vec<Block> {
    if run.checks.is_empty() {
        return Vec::new();
    }
    let columns = [
        left("fails if", |check: &&Check| {
            check.expression.as_str().into()
        }),
        left("arm", |check| {
            check.arm.as_deref().unwrap_or(figures::ABSENT).into()
        }),
        left("expected", |check| expected(check).into()),
        left("seen", |check| seen(check).into()),
        left("", |check| {
            if check.passed {
                Cell::toned("passed", Tone::Good)
            } else {
                Cell::toned("FAILED", Tone::Bad)
            }
        }),
    ];
    vec![
        Block::Heading("Checks"),
        Block::Grid(Grid::of(&columns, &run.checks)),
    ]
}

/// `regional: expected at most 250 ms, seen 312 ms`.
fn breach(check: &Check) -> String {
    let arm = check
        .arm
        .as_ref()
        .map_or_else(String::new, |arm| format!("{arm}: "));
    format!("{arm}expected {}, seen {}", expected(check), seen(check))
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
    let (Some(measured), Some(against)) = (check.measured, check.against) else {
        return exactly(value, check.limit, check.unit);
    };
    if check.unit == Unit::Share {
        let share = figure(value, check.unit);
        return format!("{share} ({} of {})", count(measured), count(against));
    }
    let figure_of = |value| {
        if check.figure == "rate" {
            figures::rate(value)
        } else {
            figures::time(value)
        }
    };
    let change = if against > 0.0 {
        exactly(value, check.limit, check.unit)
    } else {
        "a change".to_owned()
    };
    format!(
        "{change} ({} against {})",
        figure_of(measured),
        figure_of(against)
    )
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
