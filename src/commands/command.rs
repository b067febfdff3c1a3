//! What a command is: a value that says where its result is wanted, and runs.

use std::path::PathBuf;
use std::pin::Pin;

use anyhow::Context;
use serde::Serialize;

use crate::document::Document;
use crate::exit::Exit;
use crate::run::{CheckOptions, Failure, OutputOptions};

/// A subcommand with its arguments, ready to run.
pub struct Command {
    /// Where and how the result is wanted.
    pub output: OutputOptions,
    /// What the result is held to.
    pub checks: CheckOptions,
    pub kind: Kind,
    /// Whether one thread is enough, so that none need be started: for processes that are started by the thousand.
    pub one_thread: bool,
    /// Where the result goes is not its business.
    pub run: Pin<Box<dyn Future<Output = Result<Completed, Failure>>>>,
}

impl Command {
    /// A command whose result is of this kind. No check could speak of any but latencies.
    pub fn new(
        kind: Kind,
        output: OutputOptions,
        checks: CheckOptions,
        run: impl Future<Output = Result<Completed, Failure>> + 'static,
    ) -> Self {
        Self {
            output,
            checks,
            kind,
            one_thread: false,
            run: Box::pin(run),
        }
    }
}

/// What a result holds, and so which formats and checks there are for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Distributions of latencies, or a stored document of whatever kind: every format, as far as it holds any.
    Latencies,
    /// Counts and words: no format that is made of latencies, and nothing that a check could speak of.
    Counts,
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
    /// A document that was there before, and what `report` was asked for to find it.
    Stored(Box<Document>, PathBuf),
    /// A document beside the output of a program that stdout belongs to.
    Beside(Box<Document>),
    /// For programs that want one form.
    Text(String),
}

impl Completed {
    /// What was measured just now: it fails where nothing could be measured.
    pub fn measured(document: Document) -> Self {
        let exit = match document.measured() {
            Some(run) if !run.complete => Exit::Interrupted,
            Some(run) if run.arms.iter().all(|arm| arm.outcomes.ok == 0) => Exit::NotMeasured,
            _ => Exit::Measured,
        };
        Self {
            exit,
            ..Self::document(document)
        }
    }

    pub fn document(document: Document) -> Self {
        Self::output(Output::Document(Box::new(document)))
    }

    pub fn stored(document: Document, file: PathBuf) -> Self {
        Self::output(Output::Stored(Box::new(document), file))
    }

    pub fn text(text: String) -> Self {
        Self::output(Output::Text(text))
    }

    /// What a program reads that knows nothing of documents.
    pub fn json(value: &impl Serialize) -> Result<Self, Failure> {
        let text = serde_json::to_string_pretty(value);
        let text = text.context("the result does not go into JSON")?;
        Ok(Self::text(text + "\n"))
    }

    fn output(output: Output) -> Self {
        Self {
            output,
            exit: Exit::Measured,
        }
    }
}
