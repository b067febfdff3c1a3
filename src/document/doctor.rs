//! The body of `doctor`'s document. What could not be found out is `None`.

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Severity};
use crate::credentials::Source;

/// An examination of a machine and what is wrong with it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoctorResult {
    /// The lab's scenario, where a lab was examined.
    pub scenario: Option<String>,
    /// What the scenario says of itself, and which command shows what it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What the user sees, where that was said (`--symptom`): then the findings are those that may explain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symptom: Option<SymptomAnswer>,
    pub place: DiagnosedPlace,
    pub region: Option<DiagnosedRegion>,
    /// The credential chain, in the order in which the Rust SDK asks.
    pub links: Vec<DiagnosedLink>,
    /// The link whose credentials the Rust SDK uses.
    pub winner: Option<Source>,
    /// The configured link after the winner, which would be asked if the winner had nothing.
    pub next: Option<Source>,
    /// What SDKs would do here, by language.
    pub sdks: Vec<SdkPick>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// From which severity on the exit code is 1.
    pub fail_on: FailOn,
}

/// What is known of a symptom.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SymptomAnswer {
    pub name: String,
    /// What is usually behind it.
    pub meaning: String,
    /// The checks that may explain it, by their ids.
    pub checks: Vec<String>,
    /// Commands that prove it.
    pub proofs: Vec<Proof>,
}

/// A command, ready to paste, and what it shows.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proof {
    pub command: String,
    pub shows: String,
}

/// Where it runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DiagnosedPlace {
    pub kind: PlatformKind,
    pub evidence: String,
}

/// What a program runs on.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum PlatformKind {
    Lambda,
    Ecs,
    Eks,
    Ci,
    Ec2,
    /// None of the others: a laptop, or a server that is not on AWS.
    #[default]
    #[serde(rename = "elsewhere")]
    Other,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DiagnosedRegion {
    pub name: String,
    /// The variable, file or service that names it.
    pub from: String,
}

/// A link of the credential chain.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DiagnosedLink {
    pub name: Source,
    pub state: LinkState,
    /// Why it is absent or has failed.
    pub detail: Option<String>,
    pub elapsed_us: Option<f64>,
    /// Its first four and last four characters.
    pub access_key_id: Option<String>,
    /// RFC 3339, UTC; null for credentials that do not say.
    pub expires_at: Option<String>,
    pub expires_in_s: Option<f64>,
    /// What STS says: the principal's ARN.
    pub identity: Option<String>,
    /// What STS says instead.
    pub identity_error: Option<String>,
    pub sts: Option<DiagnosedSts>,
}

/// STS, as a link's credentials met it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DiagnosedSts {
    pub endpoint: Option<String>,
    pub address: Option<String>,
    /// The first call, with its connection.
    pub first_us: f64,
    /// A second call on the same connection.
    pub warm_us: Option<f64>,
    /// How far the service's clock is ahead of this machine's.
    pub clock_ahead_s: Option<i64>,
}

/// What SDKs in one language do here.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SdkPick {
    pub sdk: String,
    /// The link that its chain ends at.
    pub link: Option<Source>,
    /// Whether that link gave no credentials here.
    pub fails: bool,
    /// How long it waits in vain for instance metadata; null where it does not, or where that is not known.
    pub waits_s: Option<f64>,
}

/// Whether a link of the chain has credentials.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum LinkState {
    /// Nothing is configured that leads here.
    Absent,
    Loaded,
    Failed,
}

/// From which severity on findings are a failure.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum FailOn {
    Info,
    Warning,
    Error,
    Never,
}

impl FailOn {
    /// Whether a finding of this severity is a failure.
    pub(crate) fn fails_at(self, severity: Severity) -> bool {
        match self {
            Self::Info => true,
            Self::Warning => severity >= Severity::Warning,
            Self::Error => severity >= Severity::Error,
            Self::Never => false,
        }
    }
}
