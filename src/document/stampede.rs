//! What processes that need the same credentials ask of their source.

use serde::{Deserialize, Serialize};

/// What processes that need the same credentials asked of their source.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stampede {
    /// Worker processes.
    pub processes: u64,
    /// Requests that reached the source, by the lab's own count.
    pub arrived: Option<u64>,
    /// Processes that fetched the first credentials of the arm.
    pub at_start: u64,
    /// Times that credentials were replaced during the arm.
    pub expiries: u64,
    /// The most processes that fetched the same replacement; `None` where nothing was replaced.
    pub at_expiry: Option<u64>,
}
