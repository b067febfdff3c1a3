//! The result document: plain data, the contract that other programs read.
//!
//! A [`Document`] is a [`Head`] and a typed [`Body`]. It changes only by adding fields. Times are nanoseconds in
//! memory and microseconds, with decimals, in every field whose name ends in `_us`. A field that could not be
//! measured is `None`, never 0. What is an enumeration in the program is one here. Nothing in this room measures,
//! and nothing knows how a document will look: it is read back ([`stored`]) and held against limits ([`threshold`]).

mod arm;
mod balance;
mod body;
mod check;
pub mod codec;
mod comparison;
mod crowds;
mod doctor;
mod finding;
#[cfg(test)]
pub(crate) mod fixtures;
mod head;
mod knee;
mod lab;
mod latency;
mod measurement;
mod renewal;
#[cfg(test)]
mod schema;
mod simulation;
mod stampede;
pub mod stored;
pub mod threshold;
mod word;

pub use crate::measure::{Arrivals, Statistic, Verdict};
pub use arm::{Arm, Connections, ErrorSeen, IdentityUse, Outcomes, Slice, SourceRequests};
pub use balance::{Balance, InstanceCalls, ZoneCalls};
pub use body::{Body, Document};
pub use check::{Check, Operator, Unit};
pub use comparison::{Compared, Comparison, StoredRun, base_name};
pub use crowds::{Crowd, CrowdsResult, Fits, Quota};
pub use doctor::{
    DiagnosedLink, DiagnosedPlace, DiagnosedRegion, DiagnosedSts, DoctorResult, FailOn, LinkState,
    PlatformKind, SdkPick,
};
pub use finding::{Finding, Severity};
pub use head::{Head, SCHEMA, Target, Tool};
pub use knee::{Knee, KneeKind, KneeStep, Pressure};
pub use lab::LabResult;
pub use latency::{Phases, Quantiles};
pub use measurement::{Cpu, Environment, LabInfo, Load, LoadMode, Measurement, RequestCount};
pub use renewal::{BlockedCalls, OutageSeen, Renewal};
pub use simulation::{OutageWindow, SimulatedStrategy, SimulatedTerms, SimulationResult};
pub use stampede::Stampede;
pub use word::word;
