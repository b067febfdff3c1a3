//! The report for an issue or a pull request: GitHub's tables, drawings in a fence, no colour.

use std::fmt::Write;

use super::blocks::{Align, Block, Cell, Grid, Matrix, Statement};
use crate::figures;

pub(super) fn render(blocks: &[Block]) -> String {
    figures::spaced(&joined(blocks.iter().map(block), "\n\n")) + "\n"
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("## `{}`", text.replace('`', "'")),
        Block::Heading(text) => format!("### {text}"),
        Block::Facts(facts) => joined(facts.iter().map(fact), "\n"),
        Block::Statements(statements) => joined(statements.iter().map(statement), "\n"),
        Block::Note(text) => escaped(text),
        Block::Drawing(lines) => {
            let drawn = lines.join("\n");
            // Longer than any that a name in it could close it with.
            let ticks = drawn.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat((ticks + 1).max(3));
            format!("{fence}text\n{}\n{fence}", drawn.trim_start_matches('\n'))
        }
        Block::Grid(grid) => of_grid(grid),
        Block::Matrix(matrix) => of_matrix(matrix),
    }
}

fn fact((name, text): &(&'static str, String)) -> String {
    if name.is_empty() {
        format!("  - {}", escaped(text))
    } else {
        format!("- {name}: {}", escaped(text))
    }
}

fn statement(statement: &Statement) -> String {
    let [tag, said] = [&statement.tag, &statement.text].map(|text| escaped(text));
    let mut text = format!("- **{tag}** {said}");
    for (name, detail) in &statement.details {
        let _ = write!(text, "\n  - {name}: {}", escaped(detail));
    }
    text
}

fn of_grid(grid: &Grid) -> String {
    let columns = grid.columns.iter();
    let columns = columns.map(|(name, align)| ((*name).to_owned(), *align));
    let cells = |row: &Vec<Cell>| row.iter().map(|cell| cell.text.clone()).collect();
    pipes(columns.collect(), grid.rows.iter().map(cells))
}

fn of_matrix(matrix: &Matrix) -> String {
    let mut columns = vec![(matrix.corner.to_owned(), Align::Left)];
    for arm in &matrix.arms {
        let figures = matrix.figures.iter();
        columns.extend(figures.map(|figure| (format!("{arm} {figure}"), Align::Right)));
    }
    let rows = matrix.rows.iter().map(|row| {
        let label = std::iter::once(row.label.clone());
        label.chain(row.cells.concat()).collect()
    });
    pipes(columns, rows)
}

fn pipes(columns: Vec<(String, Align)>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| {
        let cells = cells.iter().map(|cell| escaped(cell));
        format!("| {} |", joined(cells, " | "))
    };
    let rule = |align| match align {
        Align::Left => "---".to_owned(),
        Align::Right => "---:".to_owned(),
    };
    let (names, rules) = columns
        .into_iter()
        .map(|(name, align)| (name, rule(align)))
        .unzip();
    joined([names, rules].into_iter().chain(rows).map(line), "\n")
}

/// Text that came from outside, an error message for instance, stays text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"|*_`<[]\#@".contains(c) {
            escaped.push('\\');
        }
        escaped.push(if c.is_control() { ' ' } else { c });
    }
    escaped
}
