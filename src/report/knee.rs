//! The rate at which a source begins to drop or refuse requests: plain data, a part of the document.

use serde::{Deserialize, Serialize};

/// How a source behaves under a rising rate of cold fetches.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Knee {
    /// `dropping`, `refusing`, `slow` (all answered, later and later), `broken` (fails at the lowest rate
    /// already) or `none` (nothing of it up to the highest rate tried).
    pub kind: String,
    /// Cold fetches per second at which it begins.
    pub rate_per_s: Option<f64>,
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
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KneeStep {
    pub rate_per_s: f64,
    pub fetches: u64,
    pub ok: u64,
    /// Succeeded later than a packet lost on the way and sent again explains.
    pub late: u64,
    pub timeout: u64,
    pub connect: u64,
    pub throttled: u64,
    pub other: u64,
    pub p50_us: Option<f64>,
    /// TCP segments that this machine sent a second time meanwhile; null where that cannot be read.
    pub retransmitted: Option<u64>,
    /// `clean`, `dropping`, `refusing`, `slow` or `broken`.
    pub verdict: String,
}
