//! The lab of a run, and what it counts.

use std::collections::BTreeMap;

use super::failure::{Failure, Hint};
use crate::client::Route;
use crate::document::{LabInfo, RequestCount};
use crate::lab::{Lab, Options, Scenario};

/// Requests that reached the lab, by operation.
pub type LabRequests = BTreeMap<String, RequestCount>;

/// A lab with what the document says of it.
pub struct RunningLab {
    pub lab: Lab,
    pub info: LabInfo,
}

impl RunningLab {
    /// Starts the lab.
    ///
    /// # Errors
    ///
    /// If it cannot listen on the addresses that the options name.
    pub async fn start(scenario: Scenario, options: Options) -> Result<Self, Failure> {
        let info = LabInfo {
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            requests: LabRequests::new(),
            about: scenario.about.clone(),
        };
        let lab = Lab::start(scenario, options).await.hint(
            "choose another --bind, --port, --imds-port or --dns-port, or leave them out for free ones",
        )?;
        Ok(Self { lab, info })
    }

    /// Where clients connect to instead of the real endpoints.
    pub(crate) fn route(&self) -> Route {
        Route {
            address: self.lab.address(),
            ca_pem: self.lab.ca_pem().to_owned(),
        }
    }

    /// What the lab has counted so far.
    pub(crate) fn requests(&self) -> LabRequests {
        let counted = self.lab.requests().into_iter();
        let counted = counted.map(|(operation, n)| {
            let count = RequestCount {
                count: n.count,
                ok: n.ok,
                throttled: n.throttled,
                failed: n.failed,
            };
            (operation, count)
        });
        counted.collect()
    }
}

/// A built-in scenario, or one from a file.
///
/// # Errors
///
/// If there is no such scenario, or its file holds something else.
pub fn load_scenario(name: &str) -> Result<Scenario, Failure> {
    Scenario::load(name).hint(
        "`awscreds-bench lab --list` shows the built-in scenarios; docs/lab.md lists every field of a scenario file",
    )
}

/// What was counted after `before`.
#[must_use]
pub fn since(before: &LabRequests, mut now: LabRequests) -> LabRequests {
    for (operation, count) in &mut now {
        if let Some(before) = before.get(operation) {
            count.count -= before.count;
            count.ok -= before.ok;
            count.throttled -= before.throttled;
            count.failed -= before.failed;
        }
    }
    now.retain(|_, count| count.count > 0);
    now
}
