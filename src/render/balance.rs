//! Which instances and zones answered balanced calls.

use super::blocks::{Block, Columns};
use crate::document::{Arm, Balance};
use crate::figures;

/// For each balanced arm what its policy achieved, and its zones; nothing where no arm was balanced.
pub(super) fn parts(arms: &[Arm]) -> Vec<Block> {
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
    let achieved = Columns::of(&balanced)
        .left("arm", |(arm, _)| arm.name.as_str())
        .right("own zone", |(_, of)| of.own_share.map(figures::percent))
        .right("by chance", |(_, of)| {
            of.own_share_by_chance.map(figures::percent)
        })
        .right("crossed", |(_, of)| of.cross_zone_calls)
        .right("saved", |(_, of)| {
            of.cross_zone_saved.map(|saved| format!("{saved:.0}"))
        })
        .right("busiest", |(_, of)| {
            of.imbalance.map(|n| format!("{n:.2}×"))
        })
        .right("retried", |(_, of)| of.retried);
    let zones = balanced.iter().flat_map(|(arm, balance)| {
        let zones = balance.zones.iter();
        zones.map(|zone| (arm.name.as_str(), balance.own_zone.as_ref(), zone))
    });
    let by_zone = Columns::of(zones)
        .left("arm", |(arm, _, _)| *arm)
        .left("zone", |(_, own, of)| match &of.zone {
            None => "unknown".to_owned(),
            Some(zone) if *own == Some(zone) => format!("{zone} (own)"),
            Some(zone) => zone.clone(),
        })
        .right("calls", |(_, _, of)| of.calls)
        .right("share", |(_, _, of)| figures::percent(of.share))
        .time("p50", |(_, _, of)| of.latency.p50_us)
        .time("p99", |(_, _, of)| of.latency.p99_us);
    vec![
        Block::Note(own),
        achieved.block(),
        Block::Note("By zone:".to_owned()),
        by_zone.block(),
    ]
}
