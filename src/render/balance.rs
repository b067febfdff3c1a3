//! Which instances and zones answered balanced calls.

use super::blocks::{Block, Cell, Grid, left, right};
use crate::document::{Arm, Balance, ZoneCalls};
use crate::figures;

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
    let zones = balanced.iter().flat_map(|(arm, balance)| {
        let zones = balance.zones.iter();
        zones.map(|zone| Zone {
            arm,
            calls: zone,
            own: zone.zone.is_some() && zone.zone == balance.own_zone,
        })
    });
    vec![
        Block::Heading("Zones"),
        Block::Note(own),
        Block::Grid(achieved(&balanced)),
        Block::Note("By zone:".to_owned()),
        Block::Grid(by_zone(zones)),
    ]
}

/// A zone, as the calls of one arm met it.
struct Zone<'a> {
    arm: &'a Arm,
    calls: &'a ZoneCalls,
    own: bool,
}

fn share(share: Option<f64>) -> Cell {
    share
        .map_or_else(|| figures::ABSENT.to_owned(), figures::percent)
        .into()
}

fn achieved(balanced: &[(&Arm, &Balance)]) -> Grid {
    let columns = [
        left("arm", |row: &&(&Arm, &Balance)| row.0.name.as_str().into()),
        right("own zone", |row| share(row.1.own_share)),
        right("by chance", |row| share(row.1.own_share_by_chance)),
        right("crossed", |row| {
            let crossed = row.1.cross_zone_calls;
            crossed.map_or(figures::ABSENT.into(), Cell::count)
        }),
        right("saved", |row| {
            let saved = row.1.cross_zone_saved;
            saved.map_or(figures::ABSENT.into(), |saved| format!("{saved:.0}").into())
        }),
        right("busiest", |row| {
            let times = row.1.imbalance;
            times.map_or(figures::ABSENT.into(), |times| {
                format!("{times:.2}×").into()
            })
        }),
        right("retried", |row| Cell::count(row.1.retried)),
    ];
    Grid::of(&columns, balanced)
}

fn by_zone<'a>(zones: impl Iterator<Item = Zone<'a>>) -> Grid {
    let columns = [
        left("arm", |zone: &Zone| zone.arm.name.as_str().into()),
        left("zone", |zone| {
            let name = zone.calls.zone.as_deref().unwrap_or("unknown");
            let own = if zone.own { " (own)" } else { "" };
            format!("{name}{own}").into()
        }),
        right("calls", |zone| Cell::count(zone.calls.calls)),
        right("share", |zone| figures::percent(zone.calls.share).into()),
        right("p50", |zone| Cell::time(zone.calls.latency.p50_us)),
        right("p99", |zone| Cell::time(zone.calls.latency.p99_us)),
    ];
    Grid::of(&columns, zones)
}
