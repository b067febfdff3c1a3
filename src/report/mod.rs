//! What a run has to say: the [`Document`](document::Document), and one renderer per format.
//!
//! Nothing here measures, and nothing else in the crate writes results.

pub mod document;
