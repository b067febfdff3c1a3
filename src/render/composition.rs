//! One bar per arm, all to one scale: as long as the mean call, cut into its phases.

use super::lines::{widest, wrapped};
use super::{bars, breakdown};
use crate::document::Arm;
use crate::figures;

/// Told apart without colour; the largest phases get the first ones.
const FILLS: [char; 3] = ['█', '▓', '▒'];
const REST: char = '░';
const INDENT: &str = "  ";
const LEAST_BAR: usize = 16;
const MEAN_WIDTH: usize = 7;

/// Nothing where no arm's time was cut into phases.
pub(super) fn draw(arms: &[Arm], width: usize) -> Vec<String> {
    let cut = breakdown::cut(arms);
    let filled = filled_phases(&cut);
    if filled.is_empty() {
        return Vec::new();
    }
    let layout = Layout::fitting(&cut, width);
    let means = cut.iter().filter_map(|arm| arm.phases.total.mean_us);
    let longest = means.fold(0.0, f64::max);
    let indented = |text: &str| wrapped(text, width, INDENT, INDENT);
    let mut lines = indented(&legend(&filled));
    for arm in cut {
        let mean_us = arm.phases.total.mean_us;
        let name = match layout.names {
            0 => {
                lines.extend(indented(&arm.name));
                String::new()
            }
            names => format!("{:<names$}  ", arm.name),
        };
        let mean = figures::time_or_absent(mean_us);
        let parts = parts(arm, &filled, mean_us.unwrap_or(0.0) / longest);
        let bar_width = layout.bar;
        let bar = bars::stacked(&parts, bar_width);
        let words = if layout.words { &words(arm) } else { "" };
        let line = format!("{INDENT}{name}{mean:>MEAN_WIDTH$}  {bar:<bar_width$}  {words}");
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn words(arm: &Arm) -> String {
    breakdown::in_words(&arm.phases, 0.001)
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
    fn fitting(arms: &[&Arm], width: usize) -> Self {
        let names = widest(arms.iter().map(|arm| arm.name.as_str()));
        let texts: Vec<_> = arms.iter().map(|arm| words(arm)).collect();
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
fn filled_phases(arms: &[&Arm]) -> Vec<&'static str> {
    let slices = arms.iter().filter_map(|arm| breakdown::slices(&arm.phases));
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

fn legend(filled: &[&str]) -> String {
    let fills = filled.iter().zip(FILLS);
    let fills = fills.map(|(name, fill)| format!("{fill} {name}  "));
    let fills: String = fills.collect();
    format!("mean of a successful call: {fills}{REST} the rest")
}

/// In the order of a call, the rest last.
fn parts(arm: &Arm, filled: &[&str], scale: f64) -> Vec<(char, f64)> {
    let mut parts = Vec::new();
    let mut rest = 1.0;
    for slice in breakdown::slices(&arm.phases).unwrap_or_default() {
        if let Some(at) = filled.iter().position(|name| *name == slice.name) {
            parts.push((FILLS[at], slice.share * scale));
            rest -= slice.share;
        }
    }
    parts.push((REST, f64::max(rest, 0.0) * scale));
    parts
}
