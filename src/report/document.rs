//! The result document: plain data, the contract that other programs read.
//!
//! It changes only by adding fields. Times are nanoseconds in memory and microseconds, with decimals,
//! in every field whose name ends in `_us`. A field that could not be measured is `None`, never 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::balance::{Balance, InstanceCalls, ZoneCalls};
pub use super::judgement::{Check, Compared, StoredRun, Unit};
use super::knee::Knee;
pub use super::renewal::{BlockedCalls, OutageSeen, Renewal};
pub use super::stampede::Stampede;

/// The schema that [`Document::schema`] names. The number rises only if a reader of the old one would
/// misread the new one.
pub const SCHEMA: &str = "awscreds-bench/1";

/// Everything one run has to say.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    pub schema: String,
    pub tool: Tool,
    /// The subcommand: `sts`, `imds`, `s3`, `refresh`, `sign`, `cloudmap`.
    pub command: String,
    /// The command line as typed, without the program's name.
    pub arguments: Vec<String>,
    /// RFC 3339, UTC.
    pub started_at: String,
    pub elapsed_s: f64,
    /// False when the run was interrupted: everything in it was measured, but less than asked for.
    pub complete: bool,
    /// `lab`, `endpoint` for whatever the standard AWS configuration named, or `cpu` where nothing was
    /// called.
    pub target: String,
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
pub struct Tool {
    pub name: String,
    pub version: String,
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

/// What programs asked of the lab.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LabDocument {
    pub schema: String,
    pub tool: Tool,
    /// Always `lab`.
    pub command: String,
    pub arguments: Vec<String>,
    pub scenario: String,
    pub seed: u64,
    pub requests: BTreeMap<String, RequestCount>,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
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

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Load {
    /// `closed`: each worker starts its next call when its last one ended. `open`: calls begin at their
    /// planned time, and their latency counts from it.
    pub mode: String,
    /// Calls under way at once, at most.
    pub concurrency: usize,
    /// Planned calls per second and arm.
    pub rate_per_s: Option<f64>,
    /// `constant` or `poisson`; only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<String>,
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

/// One of the things compared in a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Arm {
    pub name: String,
    /// The endpoint that the SDK resolved, as `scheme://authority`.
    pub endpoint: Option<String>,
    /// Addresses that connections of this arm really reached.
    pub remote_addresses: Vec<String>,
    /// Workers, where it differs between arms (`imds --concurrency`).
    pub concurrency: Option<usize>,
    /// Measured calls, failed ones included.
    pub requests: u64,
    /// Completed calls per second of wall time, where the arm had the run to itself.
    pub rate_per_s: Option<f64>,
    pub outcomes: Outcomes,
    pub attempts: u64,
    pub connections: Connections,
    pub identity: IdentityUse,
    /// Bytes of payload that each call went through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_call: Option<u64>,
    /// [`bytes_per_call`](Self::bytes_per_call) over the median of `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
    /// Calls whose mean is one sample, where calls are too short to be timed one by one; `requests` and
    /// the phases then count samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_sample: Option<u64>,
    /// Which instances and zones answered, where calls are balanced (`cloudmap`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
    /// What renewals did to the calls (`refresh`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// Where the calls were made by worker processes (`imds --compare-cache`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stampede: Option<Stampede>,
    /// HTTP exchanges with credential sources, by operation.
    pub source_requests: BTreeMap<String, SourceRequests>,
    /// Successful calls only. Keys are `total`, the phases of the design in its order, and `dns`, which is
    /// a detail inside `connect` and counts lookups instead of calls.
    pub phases: Phases,
    /// The same for calls that failed; `None` when none did.
    pub failed_phases: Option<Phases>,
    /// A few of the errors seen, most frequent first.
    pub errors: Vec<ErrorSeen>,
    /// The run cut into at most 64 slices of equally many calls, in order.
    #[serde(default)]
    pub timeline: Vec<Slice>,
}

/// A stretch of a run, as an arm saw it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slice {
    /// When the slice's first call began, from the start of the run.
    pub start_s: f64,
    /// When its last call began.
    pub end_s: f64,
    /// Calls that succeeded.
    pub count: u64,
    pub failed: u64,
    /// Calls that loaded credentials.
    pub loads: u64,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub max_us: Option<f64>,
    /// As [`Quantiles::histogram`], of the totals of the calls that succeeded.
    pub histogram: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcomes {
    pub ok: u64,
    pub throttled: u64,
    pub denied: u64,
    pub timeout: u64,
    pub connect: u64,
    pub other: u64,
}

impl Outcomes {
    /// Calls that did not succeed, whatever the reason.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.throttled + self.denied + self.timeout + self.connect + self.other
    }
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connections {
    pub fresh: u64,
    pub reused: u64,
}

/// How the calls came by their credentials: from the cache, by loading them, or by waiting for
/// another call's load.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IdentityUse {
    pub hit: u64,
    pub load: u64,
    pub wait: u64,
}

/// HTTP exchanges of one operation with a credential source.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceRequests {
    pub count: u64,
    pub ok: u64,
    pub throttled: u64,
    pub timeout: u64,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub max_us: Option<f64>,
}

/// The time of an arm's calls, cut into disjoint slices, and their total, measured on its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phases {
    /// In an open loop, from the planned start.
    pub total: Quantiles,
    /// The total without `queue`: from the real start of the call. Only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Quantiles>,
    /// From the planned start of a call to its real one. Only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Quantiles>,
    pub serialize: Quantiles,
    pub identity: Quantiles,
    pub endpoint: Quantiles,
    pub signing: Quantiles,
    pub connect: Quantiles,
    pub transmit: Quantiles,
    pub deserialize: Quantiles,
    pub backoff: Quantiles,
    pub unexplained: Quantiles,
    /// Name lookups inside `connect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Quantiles>,
}

impl Phases {
    /// The disjoint phases with their names, in the order in which a call passes through them.
    #[must_use]
    pub fn slices(&self) -> Vec<(&'static str, &Quantiles)> {
        let queue = self.queue.iter().map(|queue| ("queue", queue));
        queue
            .chain([
                ("serialize", &self.serialize),
                ("identity", &self.identity),
                ("endpoint", &self.endpoint),
                ("signing", &self.signing),
                ("connect", &self.connect),
                ("transmit", &self.transmit),
                ("deserialize", &self.deserialize),
                ("backoff", &self.backoff),
                ("unexplained", &self.unexplained),
            ])
            .collect()
    }

    /// The distribution called `name`: `total`, a phase, or `dns`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Quantiles> {
        self.all()
            .find_map(|(known, quantiles)| (known == name).then_some(quantiles))
    }

    /// The total, the phases, and what else was measured: `service` of an open loop, `dns` of new connections.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Quantiles)> {
        std::iter::once(("total", &self.total))
            .chain(self.service.as_ref().map(|service| ("service", service)))
            .chain(self.slices())
            .chain(self.dns.as_ref().map(|dns| ("dns", dns)))
    }
}

/// A latency distribution. All figures are `None` when nothing was recorded.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quantiles {
    pub count: u64,
    pub sum_us: Option<f64>,
    pub mean_us: Option<f64>,
    pub min_us: Option<f64>,
    pub p50_us: Option<f64>,
    pub p90_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub p999_us: Option<f64>,
    pub max_us: Option<f64>,
    /// `HdrHistogram` V2, DEFLATE, base64, of values in nanoseconds, three significant digits.
    pub histogram: Option<String>,
}

/// One quantile of one phase, compared between two arms.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    pub baseline: String,
    pub candidate: String,
    pub phase: String,
    /// What is compared: `p50`, `p90`, `p99` or `mean`.
    pub statistic: String,
    /// 0.5 is the median; `None` for the mean.
    pub quantile: Option<f64>,
    pub baseline_us: f64,
    pub candidate_us: f64,
    /// Candidate − baseline: negative when the candidate is faster.
    pub difference_us: f64,
    pub ci_low_us: Option<f64>,
    pub ci_high_us: Option<f64>,
    pub confidence: f64,
    /// The smallest difference that matters: one that lies within it is none.
    pub smallest_us: f64,
    pub verdict: Verdict,
    /// Where the verdict is inconclusive: about how many more calls per arm would settle it.
    pub more_calls: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    #[serde(rename = "faster")]
    Faster,
    #[serde(rename = "slower")]
    Slower,
    #[serde(rename = "no difference")]
    NoDifference,
    #[serde(rename = "inconclusive")]
    Inconclusive,
}

impl Verdict {
    /// The word that stands in the document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoDifference => "no difference",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What the data say by themselves, and what to do about it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable, kebab-case.
    pub id: String,
    pub severity: Severity,
    pub summary: String,
    /// The figures it rests on.
    pub evidence: String,
    /// The setting or command that cures it.
    pub remedy: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// An error message that calls ended with, and how often.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorSeen {
    pub message: String,
    pub count: u64,
}
