//! The bodies of a measuring command's document and of `lab`'s.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::check::Check;
use super::comparison::{Compared, Comparison};
use super::finding::Finding;
use super::knee::Knee;
use super::latency::Quantiles;
use crate::measure::Arrivals;

/// What was measured: of `sts`, `imds`, `s3`, `refresh`, `sign`, `cloudmap`, and of `compare`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Measurement {
    /// False when the run was interrupted: everything in it was measured, but less than asked for.
    pub complete: bool,
    pub lab: Option<LabInfo>,
    pub environment: Environment,
    pub load: Load,
    pub arms: Vec<Arm>,
    pub comparisons: Vec<Comparison>,
    pub findings: Vec<Finding>,
    /// What the user asked to be held (`--fail-if`), and whether it was.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// The runs that `compare` was given; absent for every other command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// The rate at which the source begins to fail; only of `imds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knee: Option<Knee>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LabInfo {
    pub scenario: String,
    pub seed: u64,
    /// What the lab itself counted while the run was measured, by operation, without the warm-up: the
    /// ground truth.
    pub requests: BTreeMap<String, RequestCount>,
    /// What the scenario says of itself, for instance that its figures are made up.
    pub about: Option<String>,
}

/// Requests that reached the lab for one operation.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RequestCount {
    pub count: u64,
    pub ok: u64,
    pub throttled: u64,
    pub failed: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    pub os: String,
    pub cpus: usize,
    pub region: Option<String>,
    pub source: String,
    /// Versions of the SDK crates in use, by crate name.
    pub sdk: BTreeMap<String, String>,
    /// Where the CPU itself is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Cpu>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cpu {
    /// As the operating system calls it.
    pub model: Option<String>,
    /// Instruction sets that hashes and checksums gain from, those that are there.
    pub features: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Load {
    pub mode: LoadMode,
    /// Calls under way at once, at most.
    pub concurrency: usize,
    /// Planned calls per second and arm.
    pub rate_per_s: Option<f64>,
    /// Only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// How late calls of an open loop began although a worker was free for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_lag: Option<Quantiles>,
    /// Calls of an open loop that were planned and never made, because every worker was busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Calls asked for per arm.
    pub requests: Option<u64>,
    pub duration_s: Option<f64>,
    /// Calls made per arm before measuring.
    pub warmup: u64,
}

/// When calls begin.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum LoadMode {
    /// Each worker starts its next call when its last one ended.
    #[default]
    Closed,
    /// Calls begin at their planned time, and their latency counts from it.
    Open,
    /// Whenever a caller asks (`cloudmap --listen`).
    Received,
}

/// What programs asked of the lab, by operation.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LabResult {
    pub scenario: String,
    pub seed: u64,
    pub requests: BTreeMap<String, RequestCount>,
}
