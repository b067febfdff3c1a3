//! A document as a whole.

use serde::{Deserialize, Serialize};

use super::crowds::CrowdsResult;
use super::doctor::DoctorResult;
use super::head::Head;
use super::lab::LabResult;
use super::measurement::Measurement;
use super::simulation::SimulationResult;

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
    #[must_use]
    pub fn into_measured(self) -> Option<Measurement> {
        match self {
            Self::Measured(measurement) => Some(*measurement),
            _ => None,
        }
    }
}

impl Document {
    /// What was measured, where something was.
    #[must_use]
    pub fn measured(&self) -> Option<&Measurement> {
        match &self.body {
            Body::Measured(measurement) => Some(measurement),
            _ => None,
        }
    }
}

impl<B> Document<B> {
    /// A document of any kind.
    pub fn new(head: Head, body: B) -> Document
    where
        Body: From<B>,
    {
        Self { head, body }.generalised()
    }

    /// The same with its body as a kind among kinds.
    pub fn generalised(self) -> Document
    where
        Body: From<B>,
    {
        Document {
            head: self.head,
            body: self.body.into(),
        }
    }
}

impl From<Measurement> for Body {
    fn from(body: Measurement) -> Self {
        Self::Measured(Box::new(body))
    }
}

impl From<DoctorResult> for Body {
    fn from(body: DoctorResult) -> Self {
        Self::Doctor(Box::new(body))
    }
}

impl From<LabResult> for Body {
    fn from(body: LabResult) -> Self {
        Self::Lab(body)
    }
}

impl From<SimulationResult> for Body {
    fn from(body: SimulationResult) -> Self {
        Self::Simulated(body)
    }
}

impl From<CrowdsResult> for Body {
    fn from(body: CrowdsResult) -> Self {
        Self::Crowds(body)
    }
}
