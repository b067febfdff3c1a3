//! A screen as lines: no more than a terminal is high.

use anstyle::Style as Ansi;

use super::parts::{Change, Screen, Sentence};
use crate::render::blocks::{Cell, Grid};
use crate::render::style::Style;
use crate::render::table::{self, Page, color};

/// Columns from which on a screen has its usual height.
const WIDE: usize = 100;
/// Lines of a terminal, less two for the prompts round a command.
const LINES: usize = 30;
/// Narrower, lines break more often.
const NARROW_LINES: usize = 32;
/// Of a command line, and of what it measured.
const MOST_HEAD: usize = 2;
/// Of what to do, where no line to paste says it.
const MOST_PROSE: usize = 3;
/// A table's names of columns and the line under them.
const HEADER: usize = 2;
/// The heading and a command.
const FEWEST_NEXT: usize = 2;
const FEWEST_ROWS: usize = 3;
const ANSWER: &str = "ANSWER  ";
const HANGING: &str = "        ";
const INDENT: &str = "  ";

/// The screen as text.
pub(super) fn render(screen: &Screen, style: &Style) -> String {
    table::text(lines(screen, &Page::of(style)))
}

/// Its lines, each as wide as the page at most, but for those to be pasted.
fn lines(screen: &Screen, page: &Page) -> Vec<String> {
    let bold = |text: &str| page.paint(text, Ansi::new().bold());
    let mut head = cut(page.wrapped(&screen.title, "", INDENT), MOST_HEAD);
    for line in &mut head {
        *line = bold(line);
    }
    if !screen.about.is_empty() {
        head.extend(cut(page.wrapped(&screen.about, "", INDENT), MOST_HEAD));
    }
    let answer = answer(&screen.answer, page);
    let mut picture = screen.picture.clone();
    if let Some(first) = picture.first_mut() {
        *first = bold(first);
    }
    // Counts alone are no reason to change anything, or not to.
    let change = if screen.change.is_empty() && screen.next.is_empty() {
        Vec::new()
    } else {
        change(&screen.change, page)
    };
    let mut next = next(&screen.next, page);
    let lines = if page.width < WIDE {
        NARROW_LINES
    } else {
        LINES
    };
    let others = [&head, &answer, &picture, &change];
    let others = others.iter().filter(|part| !part.is_empty());
    let others: usize = others.map(|part| part.len() + 1).sum();
    let wanted = screen
        .table
        .as_ref()
        .map_or(0, |grid| grid.rows.len() + HEADER + 1);
    // Figures before further commands.
    let room = lines.saturating_sub(others + wanted).max(FEWEST_NEXT);
    next.truncate(room);
    let room = lines.saturating_sub(others + next.len() + 1);
    let table = screen
        .table
        .as_ref()
        .map(|grid| page.grid(&shortened(grid, room)));
    let table = table.unwrap_or_default();
    let parts = [head, answer, picture, table, change, next];
    let parts: Vec<Vec<String>> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(&String::new())
}

/// The first lines, and a sign that there are more.
fn cut(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            if let Some((before, _)) = last.trim_end().rsplit_once(' ') {
                *last = before.to_owned();
            }
            last.push_str(" …");
        }
    }
    lines
}

fn answer(sentences: &[Sentence], page: &Page) -> Vec<String> {
    let mut lines = Vec::new();
    for sentence in sentences {
        let start = if lines.is_empty() { ANSWER } else { HANGING };
        let mut wrapped = page.wrapped(&sentence.text, start, HANGING);
        for line in &mut wrapped {
            // Painted after wrapping: escapes have no width on screen.
            let text = line.split_off(HANGING.len());
            line.push_str(&page.paint(&text, Ansi::new().fg_color(color(sentence.tone))));
        }
        lines.extend(wrapped);
    }
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(ANSWER, &page.paint(ANSWER, Ansi::new().bold()), 1);
    }
    lines
}

/// With a row that says how many are left out, where there are more than fit with the header and its line.
fn shortened(grid: &Grid, lines: usize) -> Grid {
    let room = lines.saturating_sub(HEADER).max(FEWEST_ROWS);
    let mut rows: Vec<Vec<Cell>> = grid.rows.clone();
    if rows.len() > room {
        rows.truncate(room - 1);
        let left = grid.rows.len() - rows.len();
        let mut more: Vec<Cell> = grid.columns.iter().map(|_| "".into()).collect();
        more[0] = format!("… {left} more").into();
        rows.push(more);
    }
    Grid {
        columns: grid.columns.clone(),
        rows,
    }
}

fn change(changes: &[Change], page: &Page) -> Vec<String> {
    let heading = match changes {
        [] => "NOTHING TO CHANGE, as far as this can tell",
        _ => "CHANGE THIS",
    };
    let mut lines = vec![page.paint(heading, Ansi::new().bold())];
    for change in changes {
        match change {
            Change::Line(line) => {
                lines.push(format!("{INDENT}{}", line.replace(char::is_control, " ")));
            }
            Change::Prose(text) => {
                lines.extend(cut(page.wrapped(text, INDENT, INDENT), MOST_PROSE));
            }
        }
    }
    lines
}

fn next(commands: &[(String, String)], page: &Page) -> Vec<String> {
    if commands.is_empty() {
        return Vec::new();
    }
    let width = commands
        .iter()
        .map(|(command, _)| command.chars().count())
        .max()
        .unwrap_or(0);
    let mut lines = vec![page.paint("NEXT", Ansi::new().bold())];
    for (command, what) in commands {
        let line = format!("{INDENT}{command:<width$}  {what}");
        let fits = line.chars().count() <= page.width;
        lines.push(if fits {
            line
        } else {
            format!("{INDENT}{command}")
        });
    }
    lines
}
