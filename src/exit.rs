//! The exit codes, which are part of the contract with scripts and CI.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Measured, and no verdict against it.
    Measured,
    /// Measured, and a threshold or check that the user asked for failed.
    CheckFailed,
    /// Could not measure: usage, configuration, no credentials, every request failed.
    NotMeasured,
    /// Interrupted, after printing what was measured so far.
    Interrupted,
    /// The status of a program that ran inside the lab.
    Child(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Measured => Self::SUCCESS,
            Exit::CheckFailed => Self::from(1),
            Exit::NotMeasured => Self::from(2),
            Exit::Interrupted => Self::from(130),
            Exit::Child(status) => Self::from(status),
        }
    }
}
