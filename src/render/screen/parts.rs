//! What a screen consists of.

use crate::render::blocks::{Grid, Tone};

/// A result on one screen.
#[derive(Default)]
pub(in crate::render) struct Screen {
    /// The command line.
    pub(in crate::render) title: String,
    /// What was measured, on what.
    pub(in crate::render) about: String,
    /// The largest cost first, at last what is not the cause.
    pub(in crate::render) answer: Vec<Sentence>,
    /// Where the time goes: a heading and bars, as wide as asked for.
    pub(in crate::render) picture: Vec<String>,
    pub(in crate::render) table: Option<Grid>,
    /// Settings and commands to paste, or sentences.
    pub(in crate::render) change: Vec<Change>,
    /// Commands, each with what it shows.
    pub(in crate::render) next: Vec<(String, String)>,
}

pub(in crate::render) struct Sentence {
    pub(in crate::render) tone: Tone,
    pub(in crate::render) text: String,
}

/// A thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::render) enum Change {
    /// To be pasted: never broken.
    Line(String),
    /// Where no line says it.
    Prose(String),
}

impl Sentence {
    pub(in crate::render) fn new(tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { tone, text }
    }

    pub(in crate::render) fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }
}
