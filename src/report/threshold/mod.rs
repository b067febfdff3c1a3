//! Limits that a user sets to a run: `regional.total.p99 > 250ms`.
//!
//! An expression says when a run fails. [`parse`] reads it before anything is measured, [`evaluate`] holds
//! it against a document afterwards; neither knows how the document came about, so a stored one can be
//! judged as well as a live one.

mod evaluate;
mod figure;
mod parse;

pub use evaluate::{bases, check};
pub use figure::{Counter, Figure, Statistic};
pub use parse::ParseError;

use std::cmp::Ordering;
use std::ops::Range;

use parse::nearest;

/// A condition under which a run fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As typed.
    text: String,
    /// `None` for any arm.
    arm: Option<String>,
    /// Where the arm's name stands in `text`; empty where there is none.
    arm_at: Range<usize>,
    figure: Figure,
    /// What the document calls it: `total.p99`, `failed`.
    figure_name: String,
    operator: Operator,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
    Equal,
}

impl Operator {
    const ALL: [(Self, &'static str); 5] = [
        (Self::More, ">"),
        (Self::MoreOrEqual, ">="),
        (Self::Less, "<"),
        (Self::LessOrEqual, "<="),
        (Self::Equal, "=="),
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        let known = Self::ALL.iter().find(|(operator, _)| *operator == self);
        known.map_or("", |(_, text)| text)
    }

    fn holds(self, seen: f64, limit: f64) -> bool {
        let order = seen.partial_cmp(&limit);
        match self {
            Self::More => order == Some(Ordering::Greater),
            Self::MoreOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Equal => order == Some(Ordering::Equal),
        }
    }
}

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// Microseconds.
    Time(f64),
    Count(f64),
    /// Per second.
    Rate(f64),
    /// Part of the arm's calls, 0 to 1 (attempts may exceed that).
    Share(f64),
    /// (figure − base) / base.
    Change(f64),
}

impl Threshold {
    /// As typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn is_relative(&self) -> bool {
        matches!(self.limit, Limit::Change(_))
    }

    /// Whether it can be held against arms of these names, each with or without a base to compare it with.
    pub fn meant_for(&self, arms: &[(&str, bool)]) -> Result<(), ParseError> {
        const NO_BASE: &str = "a percentage of a time or a rate is a change: of a run's later arms against its \
             first, and in `compare` of NEW's arms against those that match in BASE";
        let refused = |message: String, hint: String| {
            ParseError::new(&self.text, self.arm_at.clone(), message, hint)
        };
        let Some(name) = &self.arm else {
            if self.is_relative() && !arms.iter().any(|(_, has_base)| *has_base) {
                return Err(ParseError::new(
                    &self.text,
                    0..self.text.len(),
                    "there is nothing to compare with".to_owned(),
                    NO_BASE.to_owned(),
                ));
            }
            return Ok(());
        };
        match arms.iter().find(|(known, _)| known == name) {
            None => {
                let names: Vec<&str> = arms.iter().map(|(name, _)| *name).collect();
                let like = nearest(name, names.iter().copied())
                    .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
                let hint = format!("{like}the arms are {}", names.join(", "));
                Err(refused(format!("no arm is called `{name}`"), hint))
            }
            Some((_, false)) if self.is_relative() => Err(refused(
                format!("the arm `{name}` has nothing to be compared with"),
                NO_BASE.to_owned(),
            )),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str, arms: &[(&str, bool)]) -> Result<(), String> {
        let threshold: Threshold = text.parse().expect("a good expression");
        threshold.meant_for(arms).map_err(|error| error.to_string())
    }

    const RUN: [(&str, bool); 2] = [("global", false), ("regional", true)];

    #[test]
    fn known_arms_are_accepted() {
        for good in [
            "p99 > 1s",
            "p99 > 5%",
            "global.total.p99 > 1s",
            "regional.total.p99 > 5%",
            "global.failed > 5%",
        ] {
            assert_eq!(meant(good, &RUN), Ok(()), "{good}");
        }
    }

    #[test]
    fn an_unknown_arm_is_pointed_at_and_its_nearest_suggested() {
        let error = meant("regionl.total.p99 > 1s", &RUN).unwrap_err();
        assert!(
            error.contains("regionl.total.p99 > 1s\n  ^^^^^^^\n"),
            "{error}"
        );
        assert!(
            error.contains("did you mean `regional`? the arms are global, regional"),
            "{error}"
        );
    }

    #[test]
    fn a_change_needs_a_base() {
        assert!(
            meant("global.total.p99 > 5%", &RUN)
                .unwrap_err()
                .contains("`global` has nothing")
        );
        assert!(
            meant("p99 > 5%", &RUN[..1])
                .unwrap_err()
                .contains("nothing to compare with")
        );
    }
}
