//! The result document: plain data, the contract that other programs read.
//!
//! A [`Document`] is a [`Head`] and a typed [`Body`]. It changes only by adding fields. Times are nanoseconds in
//! memory and microseconds, with decimals, in every field whose name ends in `_us`. A field that could not be
//! measured is `None`, never 0. What is an enumeration in the program is one here. Nothing in this room measures,
//! and nothing knows how a document will look: it is read back ([`stored`]) and held against limits ([`threshold`]).

mod arm;
mod body;
mod check;
pub mod codec;
mod comparison;
mod doctor;
mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod knee;
mod latency;
mod measurement;
mod renewal;
#[cfg(test)]
mod schema;
pub(crate) mod shell;
mod simulation;
pub(crate) mod stored;
mod texts;
pub(crate) mod threshold;

use serde::Serialize;

pub use crate::measure::{Connections, IdentityUse, Outcomes, Statistic, Verdict};
pub use arm::{
    Arm, Balance, ErrorSeen, FirstCall, InstanceCalls, Slice, SourceRequests, ZoneCalls,
};
pub use body::{Body, Document, Head, SCHEMA, Target, Tool};
pub use check::{Check, Operator, Unit};
pub(crate) use comparison::{Compared, Comparison, StoredRun, base_name};
pub use doctor::{
    DiagnosedLink, DiagnosedPlace, DiagnosedRegion, DiagnosedSts, DoctorResult, FailOn, LinkState,
    PlatformKind, Proof, SdkPick, SymptomAnswer,
};
pub use finding::{Finding, Severity};
pub use knee::{Knee, KneeKind, KneeStep, Pressure};
pub use latency::{Phases, Quantiles};
pub use measurement::{
    Cpu, Environment, LabInfo, LabResult, Load, LoadMode, Measurement, RequestCount,
};
pub use renewal::{BlockedCalls, OutageSeen, Renewal, Stampede};
pub use simulation::{CrowdsResult, OutageWindow, SimulatedTerms, SimulationResult};

/// The word that stands for an enumeration's value in the document: `faster`, `no difference`, `>=`.
///
/// # Panics
///
/// If the value is not serialised as text, which its type decides.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => panic!("an enumeration is a word in the document: {other:?}"),
    }
}
