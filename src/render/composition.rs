//! One bar per arm, all to one scale: as long as the mean call, cut into its phases.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

use super::bars;
use super::breakdown;
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
    let cut: Vec<_> = arms
        .iter()
        .filter(|arm| breakdown::slices(&arm.phases).is_some())
        .collect();
    let filled = filled_phases(&cut);
    if filled.is_empty() {
        return Vec::new();
    }
    let layout = Layout::fitting(&cut, width);
    let longest = cut
        .iter()
        .filter_map(|arm| arm.phases.total.mean_us)
        .fold(0.0, f64::max);
    let mut lines = wrapped(&legend(&filled), width);
    for arm in cut {
        if layout.names == 0 {
            lines.extend(wrapped(&arm.name, width));
        }
        let name = if layout.names == 0 {
            String::new()
        } else {
            format!("{:<1$}  ", arm.name, layout.names)
        };
        let mean = figures::time_or_absent(arm.phases.total.mean_us);
        let scale = arm.phases.total.mean_us.unwrap_or(0.0) / longest;
        let bar = bars::stacked(&parts(arm, &filled, scale), layout.bar);
        let bar_width = layout.bar;
        let words = if layout.words {
            breakdown::in_words(&arm.phases, 0.001)
        } else {
            String::new()
        };
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
    fn fitting(arms: &[&Arm], width: usize) -> Self {
        let names = arms.iter().map(|arm| arm.name.width()).max().unwrap_or(0);
        let text = arms
            .iter()
            .map(|arm| breakdown::in_words(&arm.phases, 0.001).width() + 2)
            .max()
            .unwrap_or(0);
        let room = width.saturating_sub(INDENT.len() + MEAN_WIDTH + 2);
        let names = if room >= names + 2 + LEAST_BAR {
            names
        } else {
            0
        };
        let room = if names == 0 { room } else { room - names - 2 };
        let words = room >= text + LEAST_BAR;
        Self {
            names,
            words,
            bar: if words { room - text } else { room },
        }
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .initial_indent(INDENT)
        .subsequent_indent(INDENT);
    textwrap::wrap(text, options)
        .into_iter()
        .map(Cow::into_owned)
        .collect()
}

/// The phases that get a fill of their own: those that are the largest of their arm, then the next.
fn filled_phases(arms: &[&Arm]) -> Vec<&'static str> {
    let mut largest: Vec<(&'static str, f64)> = Vec::new();
    for slice in arms
        .iter()
        .flat_map(|arm| breakdown::largest_first(&arm.phases))
    {
        match largest.iter_mut().find(|(name, _)| *name == slice.name) {
            Some((_, share)) => *share = share.max(slice.share),
            None => largest.push((slice.name, slice.share)),
        }
    }
    largest.sort_by(|a, b| b.1.total_cmp(&a.1));
    largest
        .into_iter()
        .filter(|(_, share)| *share > 0.03)
        .take(FILLS.len())
        .map(|(name, _)| name)
        .collect()
}

fn legend(filled: &[&str]) -> String {
    let fills: Vec<_> = filled
        .iter()
        .zip(FILLS)
        .map(|(name, fill)| format!("{fill} {name}"))
        .collect();
    format!(
        "mean of a successful call: {}  {REST} the rest",
        fills.join("  ")
    )
}

fn parts(arm: &Arm, filled: &[&str], scale: f64) -> Vec<(char, f64)> {
    let slices = breakdown::slices(&arm.phases).unwrap_or_default();
    let share = |name: &str| {
        slices
            .iter()
            .find(|slice| slice.name == name)
            .map_or(0.0, |slice| slice.share)
    };
    // In the order of a call, the rest last.
    let mut parts: Vec<(char, f64)> = Vec::new();
    for slice in &slices {
        if let Some(at) = filled.iter().position(|name| *name == slice.name) {
            parts.push((FILLS[at], slice.share * scale));
        }
    }
    let rest = 1.0 - filled.iter().map(|name| share(name)).sum::<f64>();
    parts.push((REST, rest.max(0.0) * scale));
    parts
}
