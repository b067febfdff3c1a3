//! Limits that were held against a run, told: what was expected, what was seen.

use super::blocks::{Align, Block, Cell, Grid, Statement, Tone};
use super::document::{Check, Document, Unit};
use super::figures;

/// A sentence for each limit that was not kept, ready for a log.
#[must_use]
pub fn breaches(document: &Document) -> Vec<String> {
    let breaches = document.checks.iter().filter(|check| !check.passed);
    breaches
        .map(|check| {
            let text = format!("--fail-if '{}': {}", check.expression, breach(check));
            figures::spaced(&text)
        })
        .collect()
}

/// The limits that were not kept, or that all were.
pub(super) fn in_short(document: &Document) -> Vec<Statement> {
    let checks = &document.checks;
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
pub(super) fn table(document: &Document) -> Vec<Block> {
    if document.checks.is_empty() {
        return Vec::new();
    }
    let columns = [
        ("fails if", Align::Left),
        ("arm", Align::Left),
        ("expected", Align::Left),
        ("seen", Align::Left),
        ("", Align::Left),
    ];
    let columns = columns.map(|(name, align)| (name.to_owned(), align)).into();
    let rows = document.checks.iter().map(row).collect();
    vec![
        Block::Heading("Checks"),
        Block::Grid(Grid { columns, rows }),
    ]
}

fn row(check: &Check) -> Vec<Cell> {
    let (word, tone) = if check.passed {
        ("passed", Tone::Good)
    } else {
        ("FAILED", Tone::Bad)
    };
    vec![
        check.expression.clone().into(),
        check
            .arm
            .clone()
            .unwrap_or_else(|| figures::ABSENT.to_owned())
            .into(),
        expected(check).into(),
        seen(check).into(),
        Cell {
            text: word.to_owned(),
            tone,
        },
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
    let bound = match check.operator.as_str() {
        ">" => "at most",
        ">=" => "less than",
        "<" => "at least",
        "<=" => "more than",
        _ => "other than",
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
