//! What all services of a running lab share: one scenario, one clock, one issuer of credentials.

use std::io;
use std::time::SystemTime;

use super::container_token::ContainerToken;
use super::issuer::Issuer;
use super::lab_key::LabKey;
use super::pipeline::Pipeline;
use super::scenario::Scenario;
use crate::clock;

/// The zone that the lab's callers are in.
pub(super) const CALLERS_ZONE: &str = "a";

pub(super) struct LabState {
    pub(super) scenario: Scenario,
    pub(super) started: SystemTime,
    pub(super) key: LabKey,
    pub(super) issuer: Issuer,
    /// What the container endpoint wants to see.
    pub(super) container_token: ContainerToken,
    pub(super) pipeline: Pipeline,
}

impl LabState {
    pub(super) fn new(scenario: Scenario) -> io::Result<Self> {
        let key = LabKey::random()?;
        Ok(Self {
            started: clock::wall(),
            issuer: Issuer::new(key.clone()),
            container_token: ContainerToken::new(key.clone()),
            pipeline: Pipeline::new(scenario.seed, scenario.clock)?,
            key,
            scenario,
        })
    }

    /// What the services take for the time.
    pub(super) fn now(&self) -> SystemTime {
        self.scenario.clock.reads(clock::wall())
    }

    /// The full name of a zone of the scenario's Region.
    pub(super) fn zone_name(&self, zone: &str) -> String {
        format!("{}{zone}", self.scenario.region)
    }
}
