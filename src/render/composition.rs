//! One bar per arm, all to one scale: as long as the mean call, cut into its phases.

use super::lines::{widest, wrapped};
use super::{bars, breakdown};
use crate::document::{Arm, Phases};
use crate::figures::{self, JOINT};

/// Told apart without colour; the largest phases get the first ones.
const FILLS: [char; 3] = ['█', '▓', '▒'];
const REST: char = '░';
const INDENT: &str = "  ";
const LEAST_BAR: usize = 16;
const MEAN_WIDTH: usize = 7;

/// A bar: what it is of, and the time that it is made of.
pub(super) struct Row<'a> {
    name: String,
    phases: &'a Phases,
}

impl<'a> Row<'a> {
    pub(super) fn new(name: impl Into<String>, phases: &'a Phases) -> Self {
        let name = name.into();
        Self { name, phases }
    }

    /// A row for each arm whose time was cut into phases.
    pub(super) fn of(arms: &'a [Arm]) -> Vec<Self> {
        let cut = breakdown::cut(arms).into_iter();
        cut.map(|arm| Self::new(&arm.name, &arm.phases)).collect()
    }

    fn words(&self, word: Word) -> String {
        breakdown::in_words(self.phases, 0.001, word)
    }
}

/// What a phase is called where the bars are read.
pub(super) type Word = fn(&'static str) -> &'static str;

/// A line of legend and a line for each row; nothing where no row was cut into phases.
pub(super) fn draw(rows: &[Row], width: usize, heading: &str, word: Word) -> Vec<String> {
    let filled = filled_phases(rows);
    if filled.is_empty() {
        return Vec::new();
    }
    let layout = Layout::fitting(rows, width, word);
    let means = rows.iter().filter_map(|row| row.phases.total.mean_us);
    let longest = means.fold(0.0, f64::max);
    let indented = |text: &str| wrapped(text, width, INDENT, INDENT);
    let mut lines = wrapped(&legend(heading, &filled, word), width, "", INDENT);
    for row in rows {
        let mean_us = row.phases.total.mean_us;
        let name = match layout.names {
            0 => {
                lines.extend(indented(&row.name));
                String::new()
            }
            names => format!("{:<names$}  ", row.name),
        };
        let mean = figures::time_or_absent(mean_us);
        let parts = parts(row.phases, &filled, mean_us.unwrap_or(0.0) / longest);
        let bar_width = layout.bar;
        let bar = bars::stacked(&parts, bar_width);
        let words = if layout.words { &row.words(word) } else { "" };
        let line = format!("{INDENT}{name}{mean:>MEAN_WIDTH$}  {bar:<bar_width$}  {words}");
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// What stands beside the bars.
struct Layout {
    /// Columns for the names; 0 where they are so long that they get lines of their own.
    names: usize,
    /// The words repeat what the table of phases says: where there is no room for both, the bar is worth more.
    words: bool,
    bar: usize,
}

impl Layout {
    fn fitting(rows: &[Row], width: usize, word: Word) -> Self {
        let names = widest(rows.iter().map(|row| row.name.as_str()));
        let texts: Vec<_> = rows.iter().map(|row| row.words(word)).collect();
        let text = widest(texts.iter().map(String::as_str)) + 2;
        let room = width.saturating_sub(INDENT.len() + MEAN_WIDTH + 2);
        let (names, room) = if room >= names + 2 + LEAST_BAR {
            (names, room - names - 2)
        } else {
            (0, room)
        };
        let words = room >= text + LEAST_BAR;
        Self {
            names,
            words,
            bar: if words { room - text } else { room },
        }
    }
}

/// The phases that get a fill of their own: those that are the largest of their arm, then the next.
fn filled_phases(rows: &[Row]) -> Vec<&'static str> {
    let slices = rows.iter().filter_map(|row| breakdown::slices(row.phases));
    let mut slices: Vec<_> = slices
        .flatten()
        .filter(|slice| slice.share > 0.03)
        .collect();
    slices.sort_by(|a, b| b.share.total_cmp(&a.share));
    let mut names = Vec::new();
    for slice in slices {
        if !names.contains(&slice.name) {
            names.push(slice.name);
        }
    }
    names.truncate(FILLS.len());
    names
}

fn legend(heading: &str, filled: &[&'static str], word: Word) -> String {
    let fills = filled.iter().zip(FILLS);
    let fills = fills.map(|(name, fill)| format!("{fill}{JOINT}{}  ", word(name)));
    let fills: String = fills.collect();
    format!("{heading}{fills}{REST}{JOINT}rest")
}

/// In the order of a call, the rest last.
fn parts(phases: &Phases, filled: &[&str], scale: f64) -> Vec<(char, f64)> {
    let mut parts = Vec::new();
    let mut rest = 1.0;
    for slice in breakdown::slices(phases).unwrap_or_default() {
        if let Some(at) = filled.iter().position(|name| *name == slice.name) {
            parts.push((FILLS[at], slice.share * scale));
            rest -= slice.share;
        }
    }
    parts.push((REST, f64::max(rest, 0.0) * scale));
    parts
}
