//! Limits that a user sets to a run: `regional.total.p99 > 250ms`.
//!
//! An expression says when a run fails. [`parse`] reads it before anything is measured, [`evaluate`] holds
//! it against a document afterwards; neither knows how the document came about, so a stored one can be
//! judged as well as a live one.

mod evaluate;
mod limit;
mod parse;

pub use evaluate::{bases, check};
pub use limit::Threshold;
pub use parse::ParseError;
