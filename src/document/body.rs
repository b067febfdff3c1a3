//! A document as a whole: what every one begins with, and what it is about.

use serde::{Deserialize, Serialize};

use super::doctor::DoctorResult;
use super::measurement::{LabResult, Measurement};
use super::shell;
use super::simulation::{CrowdsResult, SimulationResult};

/// The schema that [`Head::schema`] names. The number rises only if a reader of the old one would
/// misread the new one.
pub const SCHEMA: &str = "awscreds-bench/1";

/// What every document begins with, whatever its body.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Head {
    pub schema: String,
    pub tool: Tool,
    /// The subcommand: `sts`, `imds`, `s3`, `refresh`, `sign`, `cloudmap`, `doctor`, `lab`, `compare`.
    pub command: String,
    /// The command line as typed, without the program's name.
    pub arguments: Vec<String>,
    /// RFC 3339, UTC; absent where time is virtual, so that equal simulations are equal documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_s: Option<f64>,
    /// Absent where nothing was measured or examined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

impl Head {
    /// `awscreds-bench sts --regional`, to be pasted into a shell.
    pub(crate) fn command_line(&self) -> String {
        format!("{} {}", self.tool.name, shell::line(&self.arguments))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// What calls were made to.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Target {
    /// The embedded lab.
    Lab,
    /// Whatever the standard AWS configuration names.
    Endpoint,
    /// Nothing was called: the CPU alone.
    Cpu,
}

/// Everything one run of a command has to say.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "{B}Document"))]
pub struct Document<B = Body> {
    #[serde(flatten)]
    pub head: Head,
    #[serde(flatten)]
    pub body: B,
}

/// What a document is about. The kinds are told apart by the fields that they have, see
/// [`stored`](super::stored).
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(untagged)]
pub enum Body {
    Measured(Box<Measurement>),
    Doctor(Box<DoctorResult>),
    Lab(LabResult),
    Simulated(SimulationResult),
    Crowds(CrowdsResult),
}

impl Body {
    /// What was measured, where something was.
    pub(crate) fn into_measured(self) -> Option<Measurement> {
        match self {
            Self::Measured(measurement) => Some(*measurement),
            _ => None,
        }
    }
}

impl From<Measurement> for Body {
    fn from(body: Measurement) -> Self {
        Self::Measured(Box::new(body))
    }
}

impl Document {
    pub fn new(head: Head, body: impl Into<Body>) -> Self {
        let body = body.into();
        Self { head, body }
    }

    /// What was measured, where something was.
    pub(crate) fn measured(&self) -> Option<&Measurement> {
        match &self.body {
            Body::Measured(measurement) => Some(measurement),
            _ => None,
        }
    }
}
