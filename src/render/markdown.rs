//! The report for an issue or a pull request: GitHub's tables, drawings in a fence, no colour.

use std::fmt::Write;

use super::blocks::{Align, Block, Grid, Matrix, Statement};
use crate::figures;

pub(super) fn render(blocks: &[Block]) -> String {
    let parts: Vec<_> = blocks.iter().map(block).collect();
    let mut text = figures::spaced(&parts.join("\n\n"));
    text.push('\n');
    text
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("## `{}`", text.replace('`', "'")),
        Block::Heading(text) => format!("### {text}"),
        Block::Facts(facts) => facts.iter().map(fact).collect::<Vec<_>>().join("\n"),
        Block::Statements(statements) => statements
            .iter()
            .map(statement)
            .collect::<Vec<_>>()
            .join("\n"),
        Block::Note(text) => escaped(text),
        Block::Drawing(lines) => format!(
            "```text\n{}\n```",
            lines.join("\n").trim_start_matches('\n')
        ),
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
    let mut text = format!(
        "- **{}** {}",
        escaped(&statement.tag),
        escaped(&statement.text)
    );
    for (name, detail) in &statement.details {
        let _ = write!(text, "\n  - {name}: {}", escaped(detail));
    }
    text
}

fn of_grid(grid: &Grid) -> String {
    let names: Vec<_> = grid
        .columns
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let aligns: Vec<_> = grid.columns.iter().map(|(_, align)| *align).collect();
    let rows = grid
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.text.clone()).collect());
    pipes(&names, &aligns, rows)
}

fn of_matrix(matrix: &Matrix) -> String {
    let figures = || matrix.figures.iter();
    let mut names = vec![matrix.corner.to_owned()];
    names.extend(
        matrix
            .arms
            .iter()
            .flat_map(|arm| figures().map(move |figure| format!("{arm} {figure}"))),
    );
    let mut aligns = vec![Align::Right; names.len()];
    aligns[0] = Align::Left;
    let rows = matrix.rows.iter().map(|row| {
        std::iter::once(row.label.clone())
            .chain(row.cells.concat())
            .collect()
    });
    pipes(&names, &aligns, rows)
}

fn pipes(names: &[String], aligns: &[Align], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| {
        format!(
            "| {} |",
            cells
                .iter()
                .map(|cell| escaped(cell))
                .collect::<Vec<_>>()
                .join(" | ")
        )
    };
    let rules = aligns
        .iter()
        .map(|align| if *align == Align::Left { "---" } else { "---:" });
    let mut lines = vec![
        line(names),
        format!("| {} |", rules.collect::<Vec<_>>().join(" | ")),
    ];
    lines.extend(rows.map(|row| line(&row)));
    lines.join("\n")
}

/// Text that came from outside, an error message for instance, stays text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '[' | ']' | '\\' | '#' | '@' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped
}
