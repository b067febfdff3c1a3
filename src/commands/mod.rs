//! One file per subcommand: its arguments and what it does. A command returns a [`Report`]; it prints
//! nothing but progress, and that on stderr.

pub mod cloudmap;
pub mod compare;
pub mod credential_process;
mod credibility;
pub mod doctor;
mod failure;
pub mod imds;
pub mod lab;
mod load;
mod options;
pub mod refresh;
pub mod report;
pub mod s3;
mod session;
pub mod sign;
mod steps;
pub mod sts;
mod target;

pub use failure::Failure;
pub use options::{CheckOptions, Color, OutputOptions};

use crate::exit::Exit;
use crate::report::crowds::CrowdsDocument;
use crate::report::diagnosis::DoctorDocument;
use crate::report::document::{Document, LabDocument};
use crate::report::process_credentials::ProcessCredentials;
use crate::report::simulation::SimulationDocument;
use crate::report::threshold;
use crate::signing::vectors::SignedVector;

/// What a command hands back to be printed.
#[derive(Debug)]
pub enum Report {
    Measured(Box<Document>),
    /// Made from documents that earlier runs stored, and how that ended.
    Stored(Box<Document>, Exit),
    /// What a program asked of the lab, and how the program ended.
    Lab(LabDocument, Exit),
    /// What is wrong with a machine, and whether that fails the run.
    Doctor(Box<DoctorDocument>, Exit),
    /// What a finding means.
    Explained(String),
    /// Strategies on a virtual clock.
    Simulated(SimulationDocument),
    /// What becomes of crowds of resolvers.
    Crowds(CrowdsDocument),
    /// Other programs' requests, signed.
    Signatures(Vec<SignedVector>),
    /// For a program that asked for them: the one report that holds secrets.
    Credentials(ProcessCredentials),
    /// All of it was said on the way.
    Said,
}

impl Report {
    /// Holds the results to what the user asked for.
    #[must_use]
    pub fn checked(mut self, asked: &CheckOptions) -> Self {
        if asked.fail_if.is_empty() {
            return self;
        }
        match &mut self {
            Self::Measured(document) => {
                document.checks = threshold::check(document, &asked.fail_if);
            }
            Self::Stored(document, exit) => {
                document.checks = threshold::check(document, &asked.fail_if);
                if broken(document) {
                    *exit = Exit::CheckFailed;
                }
            }
            Self::Lab(..)
            | Self::Doctor(..)
            | Self::Explained(_)
            | Self::Simulated(_)
            | Self::Crowds(_)
            | Self::Signatures(_)
            | Self::Credentials(_)
            | Self::Said => (),
        }
        self
    }

    /// The exit code that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Lab(_, exit) | Self::Stored(_, exit) | Self::Doctor(_, exit) => *exit,
            Self::Measured(document) if !document.complete => Exit::Interrupted,
            Self::Measured(document) if document.arms.iter().all(|arm| arm.outcomes.ok == 0) => {
                Exit::NotMeasured
            }
            Self::Measured(document) if broken(document) => Exit::CheckFailed,
            Self::Measured(_)
            | Self::Explained(_)
            | Self::Simulated(_)
            | Self::Crowds(_)
            | Self::Signatures(_)
            | Self::Credentials(_)
            | Self::Said => Exit::Measured,
        }
    }
}

fn broken(document: &Document) -> bool {
    document.checks.iter().any(|check| !check.passed)
}
