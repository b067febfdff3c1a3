//! The report for a terminal: what a tired person can read at three in the morning.

use anstyle::{AnsiColor, Color, Style as Ansi};
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, Color as CellColor, ContentArrangement,
    ContentLineStyle, LineStyle, Table,
};
use unicode_width::UnicodeWidthStr;

use super::blocks::{Align, Block, Grid, Matrix, Statement, Tone};
use super::histogram::balanced;
use super::style::Style;
use crate::figures;

const INDENT: &str = "  ";
/// Between the figures of one arm.
const FIGURE_GAP: &str = "  ";
/// Left and right of an arm's figures, and the line that parts it from the next.
const ARM_FRAME: usize = 3;

pub(super) fn render(blocks: &[Block], style: &Style) -> String {
    let page = Page {
        color: style.color,
        width: style.columns(),
    };
    let mut lines = Vec::new();
    for block in blocks {
        page.block(block, &mut lines);
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    let mut text = figures::spaced(&lines.join("\n"));
    text.push('\n');
    text
}

struct Page {
    color: bool,
    width: usize,
}

impl Page {
    fn block(&self, block: &Block, lines: &mut Vec<String>) {
        match block {
            Block::Title(text) => lines.extend(
                self.wrapped(text, "", "")
                    .iter()
                    .map(|line| self.paint(line, Ansi::new().bold())),
            ),
            Block::Heading(text) => {
                lines.push(String::new());
                lines.push(self.paint(text, Ansi::new().bold()));
            }
            Block::Facts(facts) => self.facts(facts, lines),
            Block::Statements(statements) => self.statements(statements, lines),
            Block::Note(text) => lines.extend(self.wrapped(text, INDENT, INDENT)),
            Block::Drawing(drawn) => lines.extend(drawn.iter().cloned()),
            Block::Grid(grid) => lines.extend(self.grid(grid)),
            Block::Matrix(matrix) => self.matrix(matrix, lines),
        }
    }

    fn facts(&self, facts: &[(&'static str, String)], lines: &mut Vec<String>) {
        let names = facts
            .iter()
            .map(|(name, _)| name.width())
            .max()
            .unwrap_or(0);
        let mut last = "";
        for (name, text) in facts {
            let shown = if *name == last { "" } else { name };
            last = name;
            let start = format!("{INDENT}{shown:<names$}  ");
            lines.extend(self.wrapped(text, &start, &" ".repeat(start.width())));
        }
    }

    fn statements(&self, statements: &[Statement], lines: &mut Vec<String>) {
        let tags = statements
            .iter()
            .map(|statement| statement.tag.width())
            .max()
            .unwrap_or(0);
        let hanging = " ".repeat(INDENT.len() + tags + 2);
        for statement in statements {
            let tag = &statement.tag;
            let start = format!("{INDENT}{tag:<tags$}  ");
            let mut wrapped = self.wrapped(&statement.text, &start, &hanging);
            // Painted after wrapping: escapes have no width on screen.
            if let Some(first) = wrapped.first_mut() {
                *first = first.replacen(tag, &self.paint(tag, ansi(statement.tone)), 1);
            }
            lines.extend(wrapped);
            for (name, text) in &statement.details {
                let start = format!("{hanging}{name}: ");
                lines.extend(self.wrapped(text, &start, &format!("{hanging}{INDENT}")));
            }
        }
    }

    fn wrapped(&self, text: &str, start: &str, hanging: &str) -> Vec<String> {
        let options = textwrap::Options::new(self.width)
            .initial_indent(start)
            .subsequent_indent(hanging);
        // An error message may hold anything; a terminal obeys control characters.
        let text = text.replace(char::is_control, " ");
        textwrap::wrap(&text, options)
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect()
    }

    fn grid(&self, grid: &Grid) -> Vec<String> {
        let mut table = self.table();
        table.set_header(
            grid.columns
                .iter()
                .map(|(name, align)| TableCell::new(*name).set_alignment(alignment(*align))),
        );
        for row in &grid.rows {
            table.add_row(row.iter().zip(&grid.columns).map(|(cell, (_, align))| {
                let shown = TableCell::new(&cell.text).set_alignment(alignment(*align));
                match color(cell.tone) {
                    Some(color) => shown.fg(cell_color(color)),
                    None => shown,
                }
            }));
        }
        indented(&table)
    }

    /// As many arms side by side as fit, the others below.
    fn matrix(&self, matrix: &Matrix, lines: &mut Vec<String>) {
        let labels = matrix
            .rows
            .iter()
            .map(|row| row.label.width())
            .max()
            .unwrap_or(0)
            .max(matrix.corner.len());
        let widths = figure_widths(matrix);
        let arm_width =
            widths.iter().sum::<usize>() + FIGURE_GAP.len() * (widths.len() - 1) + ARM_FRAME;
        let room = self.width.saturating_sub(INDENT.len() + labels + 2);
        let abreast = balanced(matrix.arms.len(), room / arm_width);
        for (at, from) in (0..matrix.arms.len()).step_by(abreast).enumerate() {
            if at > 0 {
                lines.push(String::new());
            }
            let to = (from + abreast).min(matrix.arms.len());
            lines.extend(self.matrix_of(matrix, &widths, from..to));
        }
    }

    fn matrix_of(
        &self,
        matrix: &Matrix,
        widths: &[usize],
        arms: std::ops::Range<usize>,
    ) -> Vec<String> {
        let mut table = self.table();
        table.style_mut().header_lines = ContentLineStyle::none().junction('│');
        table.style_mut().content_lines = ContentLineStyle::none().junction('│');
        table.style_mut().header_separator = LineStyle::none().fill('─').junction('┼');
        let names = aligned(&matrix.figures, widths);
        let width = names.width();
        let titles: Vec<_> = matrix.arms[arms.clone()]
            .iter()
            .map(|arm| textwrap::fill(arm, width))
            .collect();
        let height = titles
            .iter()
            .map(|title| title.lines().count())
            .max()
            .unwrap_or(0);
        let mut header = vec![TableCell::new(format!(
            "{}{}",
            "\n".repeat(height),
            matrix.corner
        ))];
        header.extend(titles.iter().map(|title| {
            let lift = "\n".repeat(height - title.lines().count());
            TableCell::new(format!("{title}\n{lift}{names}"))
        }));
        table.set_header(header);
        let last = matrix.rows.len().saturating_sub(1);
        for (at, row) in matrix.rows.iter().enumerate() {
            let cells = row.cells[arms.clone()]
                .iter()
                .map(|figures| aligned(figures, widths));
            let cells = std::iter::once(row.label.clone())
                .chain(cells)
                .map(TableCell::new);
            table.add_row(cells.map(|cell| {
                if at == last {
                    cell.add_attribute(Attribute::Bold)
                } else {
                    cell
                }
            }));
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

    fn paint(&self, text: &str, style: Ansi) -> String {
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
    let padded: Vec<_> = figures
        .iter()
        .zip(widths)
        .map(|(figure, width)| format!("{:>width$}", figure.as_ref()))
        .collect();
    padded.join(FIGURE_GAP)
}

fn alignment(align: Align) -> CellAlignment {
    match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    }
}

fn color(tone: Tone) -> Option<AnsiColor> {
    match tone {
        Tone::Good => Some(AnsiColor::Green),
        Tone::Bad => Some(AnsiColor::Red),
        Tone::Caution => Some(AnsiColor::Yellow),
        Tone::Plain => None,
    }
}

fn ansi(tone: Tone) -> Ansi {
    Ansi::new().fg_color(color(tone).map(Color::Ansi))
}

fn cell_color(color: AnsiColor) -> CellColor {
    match color {
        AnsiColor::Green => CellColor::DarkGreen,
        AnsiColor::Red => CellColor::DarkRed,
        _ => CellColor::DarkYellow,
    }
}
