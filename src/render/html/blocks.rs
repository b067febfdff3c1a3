//! Each part of an outline as HTML. maud escapes whatever came from outside.

use maud::{Markup, html};

use crate::render::blocks::{Align, Block, Grid, Matrix, Statement, Tone};

pub(super) fn markup(block: &Block) -> Markup {
    match block {
        // A line breaks between arguments and not at the dashes in them.
        Block::Title(text) => html! { h1 { @for word in text.split(' ') { span { (word) } " " } } },
        Block::Heading(text) => html! { h2 { (text) } },
        Block::Facts(facts) => self::facts(facts),
        Block::Statements(statements) => html! {
            ul.statements { @for statement in statements { (self::statement(statement)) } }
        },
        Block::Note(text) => html! { p.note { (words(text)) } },
        Block::Drawing(lines) => html! { pre { (lines.join("\n")) } },
        Block::Grid(grid) => scrolled(&self::grid(grid)),
        Block::Matrix(matrix) => scrolled(&self::matrix(matrix)),
    }
}

/// What stands between backticks is to be typed as it is.
fn words(text: &str) -> Markup {
    let parts: Vec<_> = text.split('`').collect();
    html! {
        @if parts.len() % 2 == 0 { (text) }
        @else {
            @for (place, part) in parts.iter().enumerate() {
                @if place % 2 == 1 { code { (part) } } @else { (part) }
            }
        }
    }
}

fn facts(facts: &[(&'static str, String)]) -> Markup {
    html! {
        dl.facts {
            @for (name, text) in facts {
                // A fact without a name goes on about the one above it.
                @if !name.is_empty() { dt { (name) } }
                dd { (text) }
            }
        }
    }
}

fn tone(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Good => Some("good"),
        Tone::Bad => Some("bad"),
        Tone::Caution => Some("caution"),
        Tone::Plain => None,
    }
}

fn statement(statement: &Statement) -> Markup {
    html! {
        li class=[tone(statement.tone)] {
            span.tag { (statement.tag) } " " span { (words(&statement.text)) }
            @if !statement.details.is_empty() {
                dl { @for (name, text) in &statement.details { dt { (name) } dd { (words(text)) } } }
            }
        }
    }
}

/// A table may be wider than a telephone: it scrolls by itself, with the keyboard too.
fn scrolled(table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="group" aria-label="Table" { (table) } }
}

fn side(align: Align) -> Option<&'static str> {
    (align == Align::Right).then_some("right")
}

fn grid(grid: &Grid) -> Markup {
    html! {
        table {
            thead {
                tr { @for (name, align) in &grid.columns { th scope="col" class=[side(*align)] { (name) } } }
            }
            tbody {
                @for row in &grid.rows {
                    tr {
                        @for (cell, (_, align)) in row.iter().zip(&grid.columns) {
                            td class=[side(*align)] { span class=[tone(cell.tone)] { (cell.text) } }
                        }
                    }
                }
            }
        }
    }
}

fn matrix(matrix: &Matrix) -> Markup {
    html! {
        table.matrix {
            thead {
                tr {
                    th scope="col" rowspan="2" { (matrix.corner) }
                    @for arm in &matrix.arms {
                        th.arm scope="colgroup" colspan=(matrix.figures.len()) { (arm) }
                    }
                }
                tr {
                    @for _ in &matrix.arms {
                        @for figure in &matrix.figures { th.right scope="col" { (figure) } }
                    }
                }
            }
            tbody {
                @for row in &matrix.rows {
                    tr {
                        th scope="row" { (row.label) }
                        @for cell in row.cells.iter().flatten() { td.right { (cell) } }
                    }
                }
            }
        }
    }
}
