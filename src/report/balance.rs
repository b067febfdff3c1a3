//! Which instances and zones answered: the part of the document for balanced calls, and its tables.

use serde::{Deserialize, Serialize};

use super::blocks::{Align, Block, Cell, Grid};
use super::document::{Arm, Quantiles};
use super::figures;

pub(super) const HEADING: &str = "Zones";

/// Where the calls of an arm went.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Balance {
    /// The caller's own zone; `None` where nobody knows it.
    pub own_zone: Option<String>,
    /// Instances that could be called when the run ended.
    pub fleet: u64,
    /// The zones that answered, the own one first.
    pub zones: Vec<ZoneCalls>,
    /// The instances that answered.
    pub instances: Vec<InstanceCalls>,
    /// The part of the calls that the own zone answered.
    pub own_share: Option<f64>,
    /// The part of the instances that are in the own zone: what a choice at random would send there.
    pub own_share_by_chance: Option<f64>,
    /// Calls that crossed zones.
    pub cross_zone_calls: Option<u64>,
    /// How many fewer crossed zones than a choice at random among all instances would have sent across;
    /// negative if it was more.
    pub cross_zone_saved: Option<f64>,
    /// Calls of the busiest instance over those that each would have if all had the same: 1 is even.
    pub imbalance: Option<f64>,
    /// Instances that were tried in vain before another one answered.
    pub retried: u64,
}

/// Calls that one zone answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ZoneCalls {
    /// As the servers say, or else as they were registered; `None` where neither does.
    pub zone: Option<String>,
    pub calls: u64,
    pub share: f64,
    pub latency: Quantiles,
}

/// Calls that one instance answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InstanceCalls {
    pub instance: String,
    pub zone: Option<String>,
    pub calls: u64,
    pub share: f64,
}

/// For each balanced arm what its policy achieved, and its zones.
pub(super) fn section(arms: &[Arm]) -> Vec<Block> {
    let balanced: Vec<(&Arm, &Balance)> = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.balance.as_ref()?)))
        .collect();
    let Some((_, first)) = balanced.first() else {
        return Vec::new();
    };
    let own = match &first.own_zone {
        Some(zone) => format!("The caller is in {zone}."),
        None => "Nobody knows the caller's zone: every zone is another one.".to_owned(),
    };
    vec![
        Block::Heading(HEADING),
        Block::Note(own),
        Block::Grid(achieved(&balanced)),
        Block::Note("By zone:".to_owned()),
        Block::Grid(zones(&balanced)),
    ]
}

fn columns(left: usize, names: &[&str]) -> Vec<(String, Align)> {
    let align = |at| if at < left { Align::Left } else { Align::Right };
    let numbered = names.iter().enumerate();
    numbered
        .map(|(at, name)| ((*name).to_owned(), align(at)))
        .collect()
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| figures::ABSENT.to_owned(), figures::percent)
}

fn achieved(balanced: &[(&Arm, &Balance)]) -> Grid {
    let row = |(arm, balance): &(&Arm, &Balance)| -> Vec<Cell> {
        let saved = balance.cross_zone_saved.map(|saved| format!("{saved:.0}"));
        let even = balance.imbalance.map(|times| format!("{times:.2}×"));
        let absent = || figures::ABSENT.to_owned();
        vec![
            arm.name.as_str().into(),
            share(balance.own_share).into(),
            share(balance.own_share_by_chance).into(),
            balance
                .cross_zone_calls
                .map_or_else(absent, figures::count)
                .into(),
            saved.unwrap_or_else(absent).into(),
            even.unwrap_or_else(absent).into(),
            figures::count(balance.retried).into(),
        ]
    };
    Grid {
        columns: columns(
            1,
            &[
                "arm",
                "own zone",
                "by chance",
                "crossed",
                "saved",
                "busiest",
                "retried",
            ],
        ),
        rows: balanced.iter().map(row).collect(),
    }
}

fn zones(balanced: &[(&Arm, &Balance)]) -> Grid {
    let mut rows = Vec::new();
    for (arm, balance) in balanced {
        for zone in &balance.zones {
            let name = zone.zone.as_deref().unwrap_or("unknown");
            let own = zone.zone.is_some() && zone.zone == balance.own_zone;
            let name = if own {
                format!("{name} (own)")
            } else {
                name.to_owned()
            };
            let latency = &zone.latency;
            let times = [latency.p50_us, latency.p99_us].map(figures::time_or_absent);
            let mut row: Vec<Cell> = vec![arm.name.as_str().into(), name.into()];
            row.push(figures::count(zone.calls).into());
            row.push(figures::percent(zone.share).into());
            row.extend(times.map(Cell::from));
            rows.push(row);
        }
    }
    Grid {
        columns: columns(2, &["arm", "zone", "calls", "share", "p50", "p99"]),
        rows,
    }
}
