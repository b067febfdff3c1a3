//! One file per subcommand: its arguments and what it does. A command returns a [`Report`]; it prints
//! nothing but progress, and that on stderr.

mod credibility;
mod failure;
pub mod imds;
pub mod lab;
mod load;
mod options;
pub mod s3;
mod session;
pub mod sts;

pub use failure::Failure;
pub use options::{Color, OutputOptions};

use crate::exit::Exit;
use crate::report::document::{Document, LabDocument};

/// What a command hands back to be printed.
#[derive(Debug)]
pub enum Report {
    Measured(Box<Document>),
    /// What a program asked of the lab, and how the program ended.
    Lab(LabDocument, Exit),
}

impl Report {
    /// The exit code that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Lab(_, exit) => *exit,
            Self::Measured(document) if !document.complete => Exit::Interrupted,
            Self::Measured(document) if document.arms.iter().all(|arm| arm.outcomes.ok == 0) => {
                Exit::NotMeasured
            }
            Self::Measured(_) => Exit::Measured,
        }
    }
}
