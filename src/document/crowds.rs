//! The body of `cloudmap --simulate`'s document: what becomes of crowds of resolvers on one account.

use serde::{Deserialize, Serialize};

use crate::discovery::crowd::Manner;

/// What `cloudmap --simulate` computed.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CrowdsResult {
    pub seed: u64,
    /// Between two polls of one resolver.
    pub interval_s: f64,
    /// Between two full answers, where polls are for the revision.
    pub refresh_s: f64,
    /// How long each crowd is played: an answer of this age was the only one, or there was none.
    pub played_s: f64,
    pub discover_quota: Quota,
    pub revision_quota: Quota,
    /// By arithmetic: the largest crowd whose questions fit into the account's quotas.
    pub fits: Vec<Fits>,
    pub crowds: Vec<Crowd>,
}

/// Calls that an account may make.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    pub per_s: f64,
    pub burst: f64,
}

/// The largest crowd that is not throttled.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fits {
    /// `in-step`: full answers, all at the same moments. `spread`: full answers, each at its own moments.
    /// `by-revision`: revisions, and full answers now and then, with jitter and back-off.
    pub manner: Manner,
    pub resolvers: u64,
}

/// One crowd, as played.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Crowd {
    pub resolvers: u64,
    /// As in [`Fits::manner`].
    pub manner: Manner,
    /// Questions per second of all resolvers, refused ones included.
    pub calls_per_s: f64,
    /// The part of them that is refused.
    pub throttled: f64,
    /// Age of an answer just before the next one: the median, …
    pub age_p50_s: f64,
    pub age_p99_s: f64,
    /// … and the oldest.
    pub age_max_s: f64,
}
