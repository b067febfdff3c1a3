//! What a command is: a value that says where its result is wanted, and runs.

use std::future::Future;
use std::pin::Pin;

use anyhow::Context;
use serde::Serialize;

use crate::document::Document;
use crate::exit::Exit;
use crate::run::{CheckOptions, Failure, OutputOptions};

/// A command under way.
pub type Running = Pin<Box<dyn Future<Output = Result<Completed, Failure>>>>;

/// A subcommand with its arguments.
pub trait Command {
    /// Where and how the result is wanted.
    fn output(&self) -> OutputOptions;

    /// What the result is held to.
    fn checks(&self) -> CheckOptions {
        CheckOptions::default()
    }

    /// What kind of result it will be.
    fn kind(&self) -> Kind {
        Kind::Latencies
    }

    /// Whether one thread is enough, so that none need be started: for processes that are started by the thousand.
    fn needs_one_thread(&self) -> bool {
        false
    }

    /// Runs the command. Where the result goes is not its business.
    fn run(self: Box<Self>) -> Running;
}

/// What a result holds, and so which formats and checks there are for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Distributions of latencies: every format.
    Latencies,
    /// Counts and words: no format that is made of latencies, and nothing that a check could speak of.
    Counts,
    /// A stored document: whatever it holds.
    Stored,
    /// Text of one form.
    Text,
}

/// What a command hands back.
#[derive(Debug)]
pub struct Completed {
    pub output: Output,
    /// The exit code that goes with it, unless a check fails.
    pub exit: Exit,
}

/// The result itself.
#[derive(Debug)]
pub enum Output {
    Document(Box<Document>),
    /// A document beside the output of a program that stdout belongs to.
    Beside(Box<Document>),
    /// For programs that want one form.
    Text(String),
    /// All of it was said on the way.
    Nothing,
}

impl Completed {
    /// What was measured just now: it fails where nothing could be measured.
    #[must_use]
    pub fn measured(document: Document) -> Self {
        let exit = match document.measured() {
            Some(run) if !run.complete => Exit::Interrupted,
            Some(run) if run.arms.iter().all(|arm| arm.outcomes.ok == 0) => Exit::NotMeasured,
            _ => Exit::Measured,
        };
        Self::document(document, exit)
    }

    #[must_use]
    pub fn document(document: Document, exit: Exit) -> Self {
        Self {
            output: Output::Document(Box::new(document)),
            exit,
        }
    }

    #[must_use]
    pub fn text(text: String) -> Self {
        Self {
            output: Output::Text(text),
            exit: Exit::Measured,
        }
    }

    /// What a program reads that knows nothing of documents.
    ///
    /// # Errors
    ///
    /// If the value does not go into JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        let text = serde_json::to_string_pretty(value).context("the result does not go into JSON");
        text.map(|text| Self::text(text + "\n"))
            .map_err(Failure::without_hint)
    }

    #[must_use]
    pub fn nothing() -> Self {
        Self {
            output: Output::Nothing,
            exit: Exit::Measured,
        }
    }
}
