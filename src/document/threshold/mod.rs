//! Limits that a user sets to a run: `regional.total.p99 > 250ms`.
//!
//! An expression says when a run fails. [`parse`] reads it before anything is measured, [`evaluate`] holds
//! it against a document afterwards; neither knows how the document came about, so a stored one can be
//! judged as well as a live one.

mod evaluate;
mod figure;
mod limit;
mod meant;
mod parse;

pub use evaluate::{bases, check};
pub use figure::{Counter, Figure, TimeFigure};
pub use limit::{Limit, Threshold};
pub use parse::ParseError;
