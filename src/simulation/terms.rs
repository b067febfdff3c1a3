//! What is simulated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::strategies::{Strategy, Windows};

/// A simulation, whole. With equal terms it ends equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// How much time passes.
    pub duration: Duration,
    /// From one call of a process to its next.
    pub call_every: Duration,
    pub processes: u32,
    /// Over how long the processes start, evenly.
    pub start_over: Duration,
    pub source: SourceTerms,
    pub outage: Option<Outage>,
    /// Replaces the windows of our strategies that follow from the lifetime.
    pub windows: Option<Windows>,
    pub seed: u64,
}

/// The source of the credentials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceTerms {
    /// From issue to expiry.
    pub lifetime: Duration,
    /// From a fetch to its answer.
    pub latency: Duration,
    /// How long before their expiry the source replaces the credentials that it holds, as IMDS does; `None` for
    /// a source that issues new ones at every request, as STS does.
    pub renew_before: Option<Duration>,
    /// Fetches per second before the source refuses them; its bucket holds as many.
    pub rate_per_s: Option<f64>,
}

/// A time in which the source does not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    pub trouble: Trouble,
    /// From the start of the simulation.
    pub from: Duration,
    pub until: Duration,
}

/// What is wrong with the source. Serialised by [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Trouble {
    /// It answers with an error.
    Fail,
    /// It refuses requests for their rate.
    Throttle,
    /// It does not answer.
    Hang,
}

impl Trouble {
    pub const ALL: [Self; 3] = [Self::Fail, Self::Throttle, Self::Hang];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Throttle => "throttle",
            Self::Hang => "hang",
        }
    }
}

/// Who keeps a process's credentials fresh. Serialised by [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Player {
    /// aws-sdk-go v1 with nothing beside it: a call that finds the credentials expired fetches.
    Go,
    /// The same with the Refresher of the Go package: `Get()` every 55 minutes, which fetches only what has
    /// expired.
    GoRefresher,
    /// The same with an expiry window of 10 minutes.
    #[serde(rename = "go-refresher-10m-window")]
    GoRefresherWindow,
    /// The Swapper of the Go package: credentials from a factory every 55 minutes.
    GoSwapper,
    /// The same, whose first tick after half the time fails.
    GoSwapperFailedTick,
    /// A strategy for the Rust SDK, or the SDK's own.
    #[serde(untagged)]
    Rust(Strategy),
}

impl Player {
    /// The Go package's, then the SDK's and ours.
    pub fn all() -> Vec<Self> {
        let mut players = vec![
            Self::Go,
            Self::GoRefresher,
            Self::GoRefresherWindow,
            Self::GoSwapper,
            Self::GoSwapperFailedTick,
        ];
        players.extend(Strategy::ALL.map(Self::Rust));
        players
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::GoRefresher => "go-refresher",
            Self::GoRefresherWindow => "go-refresher-10m-window",
            Self::GoSwapper => "go-swapper",
            Self::GoSwapperFailedTick => "go-swapper-failed-tick",
            Self::Rust(strategy) => strategy.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_and_troubles_are_serialised_by_name() {
        for player in Player::all() {
            let text = serde_json::to_string(&player).unwrap();
            assert_eq!(text, format!("\"{}\"", player.name()));
            assert_eq!(serde_json::from_str::<Player>(&text).unwrap(), player);
        }
        for trouble in Trouble::ALL {
            let text = serde_json::to_string(&trouble).unwrap();
            assert_eq!(text, format!("\"{}\"", trouble.name()));
        }
    }
}
