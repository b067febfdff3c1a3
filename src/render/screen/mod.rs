//! The first screen of a result: what was measured, the answer, its proof in brief, and what to do about it.
//!
//! A terminal is read from its end, so what to do stands there, and no screen is longer than a terminal is high.
//! Everything else is behind `--details`.

mod answer;
mod change;
mod doctor;
mod layout;
mod measured;
mod virtual_time;

use super::blocks::{Grid, Tone};
pub(super) use doctor::screen as of_doctor;
pub(super) use layout::lay_out;
pub(super) use measured::screen as of_measured;
pub(super) use virtual_time::{of_crowds, of_simulation};

/// Where a screen is shown.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) width: usize,
    /// What `report` is to be asked for to show the result again, if it can.
    pub(super) stored: Option<&'a str>,
}

/// A result on one screen.
#[derive(Default)]
pub(super) struct Screen {
    /// The command line.
    pub(super) title: String,
    /// What was measured, on what.
    pub(super) about: String,
    /// The largest cost first, at last what is not the cause.
    pub(super) answer: Vec<Sentence>,
    /// Where the time goes: a heading and bars, as wide as asked for.
    pub(super) picture: Vec<String>,
    pub(super) table: Option<Grid>,
    /// Settings and commands to paste, or sentences.
    pub(super) change: Vec<Change>,
    /// Commands, each with what it shows.
    pub(super) next: Vec<(String, String)>,
}

pub(super) struct Sentence {
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// A thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// To be pasted: never broken.
    Line(String),
    /// Where no line says it.
    Prose(String),
}

impl Sentence {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { tone, text }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(Tone::Plain, text)
    }
}
