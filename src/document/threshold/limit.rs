//! What a user sets a run to.

use std::ops::Range;

use super::figure::Figure;
use crate::document::check::Operator;

/// A condition under which a run fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As typed.
    pub(super) text: String,
    /// `None` for any arm.
    pub(super) arm: Option<String>,
    /// Where the arm's name stands in `text`; empty where there is none.
    pub(super) arm_at: Range<usize>,
    pub(super) figure: Figure,
    /// What the document calls it: `total.p99`, `failed`.
    pub(super) figure_name: String,
    pub(super) operator: Operator,
    pub(super) limit: Limit,
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

    pub(super) fn is_relative(&self) -> bool {
        matches!(self.limit, Limit::Change(_))
    }
}
