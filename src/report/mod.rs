//! What a run has to say: the [`Document`](document::Document), and one renderer per format.
//!
//! Nothing here measures, and nothing else in the crate writes results.

mod bars;
mod codec;
pub mod document;
mod figures;
mod output;
mod progress;

pub use codec::{DecodeError, decode_histogram, encode_histogram};
pub use output::write;
pub use progress::{Progress, note, warning};
