//! The report for a terminal: what a tired person can read at three in the morning.

use std::ops::Range;

use anstyle::{AnsiColor, Color, Style as Ansi};
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, Color as CellColor, ContentArrangement,
    ContentLineStyle, LineStyle, Table,
};
use unicode_width::UnicodeWidthStr;

use super::blocks::{Align, Block, Grid, Matrix, Statement, Tone};
use super::lines::{balanced, widest, wrapped};
use super::style::Style;
use crate::figures;

const INDENT: &str = "  ";
/// Between the figures of one arm.
const FIGURE_GAP: &str = "  ";
/// Left and right of an arm's figures, and the line that parts it from the next.
const ARM_FRAME: usize = 3;

/// All there is to say.
pub(super) fn render(blocks: &[Block], style: &Style) -> String {
    let page = Page::of(style);
    text(blocks.iter().flat_map(|block| page.block(block)))
}

/// Lines as they are printed.
pub(super) fn text(lines: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    figures::spaced(&text)
}

pub(super) struct Page {
    color: bool,
    pub(super) width: usize,
}

impl Page {
    pub(super) fn of(style: &Style) -> Self {
        Self {
            color: style.color,
            width: style.columns(),
        }
    }

    fn block(&self, block: &Block) -> Vec<String> {
        let bold = |line: &str| self.paint(line, Ansi::new().bold());
        match block {
            Block::Title(text) => {
                let lines = self.wrapped(text, "", "");
                lines.iter().map(|line| bold(line)).collect()
            }
            Block::Heading(text) => vec![String::new(), bold(text)],
            Block::Facts(facts) => self.facts(facts),
            Block::Statements(statements) => self.statements(statements),
            Block::Note(text) => self.wrapped(text, INDENT, INDENT),
            Block::Drawing(drawn) => drawn.clone(),
            Block::Grid(grid) => self.grid(grid),
            Block::Matrix(matrix) => self.matrix(matrix),
        }
    }

    fn facts(&self, facts: &[(&'static str, String)]) -> Vec<String> {
        let names = widest(facts.iter().map(|(name, _)| *name));
        let mut lines = Vec::new();
        let mut last = "";
        for (name, text) in facts {
            let shown = if *name == last { "" } else { name };
            last = name;
            let start = format!("{INDENT}{shown:<names$}  ");
            lines.extend(self.wrapped(text, &start, &" ".repeat(start.width())));
        }
        lines
    }

    fn statements(&self, statements: &[Statement]) -> Vec<String> {
        let tags = widest(statements.iter().map(|statement| statement.tag.as_str()));
        let hanging = " ".repeat(INDENT.len() + tags + 2);
        let mut lines = Vec::new();
        for statement in statements {
            let tag = &statement.tag;
            let start = format!("{INDENT}{tag:<tags$}  ");
            let mut wrapped = self.wrapped(&statement.text, &start, &hanging);
            // Painted after wrapping: escapes have no width on screen.
            if let Some(first) = wrapped.first_mut() {
                let painted = self.paint(tag, Ansi::new().fg_color(color(statement.tone)));
                *first = first.replacen(tag, &painted, 1);
            }
            lines.extend(wrapped);
            for (name, text) in &statement.details {
                let start = format!("{hanging}{name}: ");
                lines.extend(self.wrapped(text, &start, &format!("{hanging}{INDENT}")));
            }
        }
        lines
    }

    pub(super) fn wrapped(&self, text: &str, start: &str, hanging: &str) -> Vec<String> {
        // An error message may hold anything; a terminal obeys control characters.
        let text = text.replace(char::is_control, " ");
        wrapped(&text, self.width, start, hanging)
    }

    pub(super) fn grid(&self, grid: &Grid) -> Vec<String> {
        let aligned = |text: &str, align: &Align| {
            TableCell::new(text).set_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            })
        };
        let columns = grid.columns.iter();
        let mut table = self.table();
        table.set_header(columns.map(|(name, align)| aligned(name, align)));
        for row in &grid.rows {
            table.add_row(row.iter().zip(&grid.columns).map(|(cell, (_, align))| {
                let shown = aligned(&cell.text, align);
                match colors(cell.tone) {
                    Some((_, color)) => shown.fg(color),
                    None => shown,
                }
            }));
        }
        indented(&table)
    }

    /// As many arms side by side as fit, the others below.
    fn matrix(&self, matrix: &Matrix) -> Vec<String> {
        let labels = matrix.rows.iter().map(|row| row.label.as_str());
        let labels = widest(labels.chain([matrix.corner]));
        let widths = figure_widths(matrix);
        let arm_width =
            widths.iter().sum::<usize>() + FIGURE_GAP.len() * (widths.len() - 1) + ARM_FRAME;
        let room = self.width.saturating_sub(INDENT.len() + labels + 2);
        let abreast = balanced(matrix.arms.len(), room / arm_width);
        let mut lines = Vec::new();
        for from in (0..matrix.arms.len()).step_by(abreast) {
            if from > 0 {
                lines.push(String::new());
            }
            let to = (from + abreast).min(matrix.arms.len());
            lines.extend(self.matrix_of(matrix, &widths, from..to));
        }
        lines
    }

    fn matrix_of(&self, matrix: &Matrix, widths: &[usize], arms: Range<usize>) -> Vec<String> {
        let mut table = self.table();
        let style = table.style_mut();
        style.header_lines = ContentLineStyle::none().junction('│');
        style.content_lines = ContentLineStyle::none().junction('│');
        style.header_separator = LineStyle::none().fill('─').junction('┼');
        let names = aligned(&matrix.figures, widths);
        let titles = matrix.arms[arms.clone()].iter();
        let titles: Vec<_> = titles
            .map(|arm| textwrap::fill(arm, names.width()))
            .collect();
        let heights = titles.iter().map(|title| title.lines().count());
        let height = heights.max().unwrap_or(0);
        let head = |title: &str, bottom: &str| {
            let down = "\n".repeat(height - title.matches('\n').count());
            TableCell::new(format!("{title}{down}{bottom}"))
        };
        let corner = std::iter::once(head("", matrix.corner));
        table.set_header(corner.chain(titles.iter().map(|title| head(title, &names))));
        for (at, row) in matrix.rows.iter().enumerate() {
            let cells = row.cells[arms.clone()].iter();
            let cells = cells.map(|figures| aligned(figures, widths));
            let cells = std::iter::once(row.label.clone()).chain(cells);
            let cells = cells.map(TableCell::new);
            if at + 1 == matrix.rows.len() {
                table.add_row(cells.map(|cell| cell.add_attribute(Attribute::Bold)));
            } else {
                table.add_row(cells);
            }
        }
        indented(&table)
    }

    /// Lines under the header and nothing else: figures are read in rows, not in boxes.
    fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        let style = table.style_mut();
        style.header_separator = LineStyle::none().fill('─');
        style.header_lines = ContentLineStyle::none();
        style.content_lines = ContentLineStyle::none();
        table.set_width(u16::try_from(self.width - 1).unwrap_or(u16::MAX));
        if self.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    pub(super) fn paint(&self, text: &str, style: Ansi) -> String {
        if self.color && style != Ansi::new() {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

/// The cells' own padding is the other half of the indent.
fn indented(table: &Table) -> Vec<String> {
    table.lines().map(|line| format!(" {line}")).collect()
}

fn figure_widths(matrix: &Matrix) -> Vec<usize> {
    let mut widths: Vec<_> = matrix.figures.iter().map(|name| name.width()).collect();
    for figures in matrix.rows.iter().flat_map(|row| &row.cells) {
        for (width, figure) in widths.iter_mut().zip(figures) {
            *width = figure.width().max(*width);
        }
    }
    widths
}

fn aligned<T: AsRef<str>>(figures: &[T], widths: &[usize]) -> String {
    let padded = figures.iter().zip(widths);
    let padded = padded.map(|(figure, width)| format!("{:>width$}", figure.as_ref()));
    padded.collect::<Vec<_>>().join(FIGURE_GAP)
}

/// The colour of a text.
pub(super) fn color(tone: Tone) -> Option<Color> {
    colors(tone).map(|(color, _)| color.into())
}

/// The same colour as the two crates name it, for text and for cells of tables.
fn colors(tone: Tone) -> Option<(AnsiColor, CellColor)> {
    match tone {
        Tone::Good => Some((AnsiColor::Green, CellColor::DarkGreen)),
        Tone::Bad => Some((AnsiColor::Red, CellColor::DarkRed)),
        Tone::Caution => Some((AnsiColor::Yellow, CellColor::DarkYellow)),
        Tone::Plain => None,
    }
}
