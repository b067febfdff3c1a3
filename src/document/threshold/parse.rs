//! Reads `[[ARM.]PHASE.]STATISTIC OP VALUE` and `[ARM.]COUNTER OP VALUE`.
//!
//! An arm's name may hold anything, dots included, so an expression is read from its end: the value, the
//! operator before it, and the last one or two of the parts between dots. What is left is the arm.

use std::ops::Range;
use std::str::FromStr;

use unicode_width::UnicodeWidthStr;

use super::limit::{COUNTERS, Counter, Figure, RATE, Threshold, TimeFigure, phase_names};
use crate::document::{Operator, Unit};
use crate::nearest::nearest;

/// An expression that cannot be used, and where it goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}\nhint: {hint}", self.pointed())]
pub struct ParseError {
    text: String,
    at: Range<usize>,
    message: String,
    pub hint: String,
}

impl ParseError {
    pub(super) fn new(text: &str, at: Range<usize>, message: String, hint: String) -> Self {
        Self {
            text: text.to_owned(),
            at,
            message,
            hint,
        }
    }

    /// What is wrong, the expression, and carets under the place.
    pub fn pointed(&self) -> String {
        // One column for one control character, so that the carets stand where they belong.
        let shown = |range| -> String {
            let text: &str = self.text.get(range).unwrap_or_default();
            text.replace(char::is_control, " ")
        };
        let carets = shown(self.at.clone()).width().max(1);
        format!(
            "{}\n  {}\n  {}{}",
            self.message,
            shown(0..self.text.len()),
            " ".repeat(shown(0..self.at.start).width()),
            "^".repeat(carets)
        )
    }
}

impl FromStr for Threshold {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = text.trim();
        let (left, operator, right) = split(text)?;
        let (arm, figure, figure_name) = figure(left)?;
        let (limit, unit) = limit(figure, right)?;
        Ok(Self {
            text: text.to_owned(),
            arm: arm.map(|part| part.start..part.end),
            figure,
            figure_name,
            operator,
            limit,
            unit,
        })
    }
}

/// A piece of an expression, without the space around it.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Part<'a> {
    fn new(text: &'a str, Range { start, end }: Range<usize>) -> Self {
        let piece = text[start..end].trim_start();
        let start = end - piece.len();
        let end = start + piece.trim_end().len();
        Self { text, start, end }
    }

    fn as_str(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    /// The part before the last dot, if there is one, and the part after it.
    fn split_at_last_dot(self) -> (Option<Self>, Self) {
        let dot = self.as_str().rfind('.').map(|dot| self.start + dot);
        let before = dot.map(|dot| Self::new(self.text, self.start..dot));
        let last = dot.map_or(self, |dot| Self::new(self.text, dot + 1..self.end));
        (before, last)
    }

    fn wrong(&self, message: impl Into<String>, hint: impl Into<String>) -> ParseError {
        ParseError::new(self.text, self.start..self.end, message.into(), hint.into())
    }
}

const EXAMPLE: &str = "write a figure, an operator and a limit, such as 'regional.total.p99 > 250ms', \
     'failed > 1%' or 'identity.p99 > 5%'";

fn split(text: &str) -> Result<(Part<'_>, Operator, Part<'_>), ParseError> {
    let is_operator = |c: char| "<>=!".contains(c);
    let Some(last) = text.rfind(is_operator) else {
        let end = Part::new(text, text.len()..text.len());
        return Err(end.wrong("an operator is missing: one of > >= < <= ==", EXAMPLE));
    };
    let first = text[..last].trim_end_matches(is_operator).len();
    let operator = Part::new(text, first..last + 1);
    let known = serde_json::from_value::<Operator>(operator.as_str().into());
    let operator = known.map_err(|_| {
        let likely = match operator.as_str() {
            "=" => "for equality write ==; ",
            "=>" => "write >=; ",
            "=<" => "write <=; ",
            _ => "",
        };
        operator.wrong(
            format!("`{}` is not an operator", operator.as_str()),
            format!("{likely}the operators are > >= < <= =="),
        )
    })?;
    let left = Part::new(text, 0..first);
    if left.as_str().is_empty() {
        return Err(left.wrong("there is no figure before the operator", EXAMPLE));
    }
    let right = Part::new(text, last + 1..text.len());
    if right.as_str().is_empty() {
        return Err(right.wrong("there is no limit after the operator", EXAMPLE));
    }
    Ok((left, operator, right))
}

/// The arm, if one is named, the figure, and what it is called.
fn figure(left: Part<'_>) -> Result<(Option<Part<'_>>, Figure, String), ParseError> {
    let (before, last) = left.split_at_last_dot();
    let name = last.as_str();
    let counter = COUNTERS.into_iter().find(|counter| counter.name == name);
    let without_phase = counter.map(|counter| (Figure::Counter(counter), counter.group));
    if let Some((figure, group)) = without_phase.or((name == RATE).then_some((Figure::Rate, None)))
    {
        return Ok((arm(before, group)?, figure, name.to_owned()));
    }
    let statistic = TimeFigure::named(name).ok_or_else(|| unknown_statistic(last))?;
    let (before, phase) = match before.map(Part::split_at_last_dot) {
        None => (None, "total"),
        Some((before, phase)) => {
            let mut known = phase_names().into_iter();
            let known = known.find(|known| *known == phase.as_str());
            (before, known.ok_or_else(|| unknown_phase(phase, name))?)
        }
    };
    let figure = Figure::Time { phase, statistic };
    Ok((arm(before, None)?, figure, format!("{phase}.{name}")))
}

/// What stands before the figure: an arm's name, after which the figure's group may be named too.
fn arm<'a>(part: Option<Part<'a>>, group: Option<&str>) -> Result<Option<Part<'a>>, ParseError> {
    let Some(part) = part else {
        return Ok(None);
    };
    let (before, last) = part.split_at_last_dot();
    if group.is_some_and(|group| group == last.as_str()) {
        return arm(before, None);
    }
    if part.as_str().is_empty() {
        return Err(part.wrong(
            "there is no arm before the dot",
            "leave out the dot to mean any arm",
        ));
    }
    Ok(Some(part))
}

fn unknown_statistic(part: Part<'_>) -> ParseError {
    let name = part.as_str();
    let counters = COUNTERS.map(|counter| counter.name);
    let known = ["p50", "p90", "p99", "p999", "mean", "min", "max", RATE];
    let hint = match nearest(name, known.into_iter().chain(counters)) {
        _ if name == "p100" => "the longest is `max`".to_owned(),
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if phase_names().contains(&name) => format!("say which figure of it: `{name}.p99`"),
        None => format!(
            "statistics are p50, p99, p999 (99.9 %) and the like, mean, min and max; counters are {} and {RATE}",
            counters.join(", ")
        ),
    };
    part.wrong(
        format!("no statistic and no counter is called `{name}`"),
        hint,
    )
}

fn unknown_phase(part: Part<'_>, statistic: &str) -> ParseError {
    let name = part.as_str();
    let phases = phase_names();
    let hint = match nearest(name, phases.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if name.is_empty() => format!("the phases are {}", phases.join(", ")),
        None => format!(
            "the phases are {}; for an arm of that name write `{name}.total.{statistic}`",
            phases.join(", ")
        ),
    };
    part.wrong(format!("no phase is called `{name}`"), hint)
}

const TIMES: [(&str, f64); 8] = [
    ("ns", 1e-3),
    ("us", 1.0),
    ("µs", 1.0),
    ("μs", 1.0),
    ("ms", 1e3),
    ("s", 1e6),
    ("m", 6e7),
    ("h", 3.6e9),
];

/// The limit, in the unit that it is meant in.
fn limit(figure: Figure, part: Part<'_>) -> Result<(f64, Unit), ParseError> {
    let text = part.as_str();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c)));
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let wrong = |message: String| part.wrong(message, expected(figure));
    let value: f64 = number
        .parse()
        .map_err(|_| wrong(format!("`{text}` does not begin with a number")))?;
    let unit = unit.trim();
    let time = TIMES.iter().find(|(name, _)| *name == unit);
    let read = match (figure, unit, time) {
        (Figure::Time { .. }, _, Some((_, scale))) => Ok((value * scale, Unit::Us)),
        (Figure::Time { .. } | Figure::Rate, "%", _) => Ok((value / 100.0, Unit::Change)),
        (Figure::Rate, "" | "/s", _) => Ok((value, Unit::PerS)),
        (Figure::Counter(_), "", _) => Ok((value, Unit::Count)),
        (Figure::Time { .. }, "", _) => Err("a time needs a unit".to_owned()),
        (Figure::Counter(Counter { name, .. }), "%", _) => match name {
            "requests" => Err(format!("shares are shares of `{name}`")),
            _ => Ok((value / 100.0, Unit::Share)),
        },
        (Figure::Counter(Counter { name, .. }), _, Some(_)) => {
            Err(format!("`{name}` is a number, not a time"))
        }
        _ => Err(format!("`{unit}` is not a unit of this figure")),
    };
    match read.map_err(wrong)? {
        (limit, unit) if limit < 0.0 && unit != Unit::Change => {
            Err(wrong("only a change can be negative".to_owned()))
        }
        read => Ok(read),
    }
}

fn expected(figure: Figure) -> String {
    const COUNTED: &str = "give a number such as 5, or a share of the calls such as 1%";
    let hint = match figure {
        Figure::Time { .. } => {
            "give a time such as 250ms, 1.5s or 80us, or a change against the base such as 5%"
        }
        Figure::Rate => {
            "give calls per second such as 100/s, or a change against the base such as -5%"
        }
        Figure::Counter(counter) if counter.name == "requests" => "give a number such as 200",
        Figure::Counter(counter) if phase_names().contains(&counter.name) => {
            return format!("{COUNTED}; for the phase write `{}.p99`", counter.name);
        }
        Figure::Counter(_) => COUNTED,
    };
    hint.to_owned()
}

#[cfg(test)]
mod tests;
