//! The body of `lab`'s document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::measurement::RequestCount;

/// What programs asked of the lab, by operation.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LabResult {
    pub scenario: String,
    pub seed: u64,
    pub requests: BTreeMap<String, RequestCount>,
}
