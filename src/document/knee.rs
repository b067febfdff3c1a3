//! The rate at which a source begins to drop or refuse requests: plain data, a part of the document.

use serde::{Deserialize, Serialize};

/// How a source behaves under a rising rate of cold fetches.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Knee {
    pub kind: KneeKind,
    /// Cold fetches per second at which it begins.
    pub rate_per_s: Option<f64>,
    /// Between which rates it begins, where the steps were too short or too few to tell.
    #[serde(default)]
    pub between_per_s: Option<[f64; 2]>,
    /// Fetches that the source let through beyond its rate before trouble began, as seconds at that rate.
    #[serde(default)]
    pub burst_s: Option<f64>,
    /// Workers that reach that rate by fetching back to back.
    pub workers: Option<u64>,
    /// Whether a plain TCP connection could be made right after the last failing step, and in what time.
    pub tcp_connected: Option<bool>,
    pub tcp_connect_us: Option<f64>,
    /// By how much the interfaces' counter of dropped packets rose during the search; null where no
    /// interface has it.
    pub linklocal_allowance_exceeded: Option<u64>,
    /// In the order in which they were made.
    pub steps: Vec<KneeStep>,
}

/// Cold fetches at one rate.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KneeStep {
    pub rate_per_s: f64,
    pub fetches: u64,
    pub ok: u64,
    /// Succeeded later than a packet lost on the way and sent again explains.
    pub late: u64,
    pub timeout: u64,
    /// Got no connection, or lost it before the answer.
    pub connect: u64,
    pub throttled: u64,
    pub other: u64,
    /// Requests of the step that were answered with 429 or 503, whatever their fetches came to.
    #[serde(default)]
    pub refused_requests: u64,
    pub p50_us: Option<f64>,
    /// TCP segments that this machine sent a second time meanwhile; null where that cannot be read.
    pub retransmitted: Option<u64>,
    pub verdict: Pressure,
}

/// What begins at the knee.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum KneeKind {
    /// Nothing of it up to the highest rate tried.
    None,
    Dropping,
    Refusing,
    /// All is answered, later and later.
    Slow,
    /// Fetches fail otherwise.
    Broken,
}

/// What a source does to a rate.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Pressure {
    #[default]
    Clean,
    /// Packets get lost: some fetches get no answer or no connection, or are as late as TCP repeats itself, while
    /// others are as quick as ever.
    Dropping,
    /// Requests are answered with 429 or 503, whether their fetches succeed in the end or not.
    Refusing,
    /// Fetches stand in line: from some moment on all of them are answered late.
    Slow,
    /// Fetches fail otherwise.
    Broken,
}

impl From<Pressure> for KneeKind {
    fn from(pressure: Pressure) -> Self {
        match pressure {
            Pressure::Clean => Self::None,
            Pressure::Dropping => Self::Dropping,
            Pressure::Refusing => Self::Refusing,
            Pressure::Slow => Self::Slow,
            Pressure::Broken => Self::Broken,
        }
    }
}
