//! What processes that need the same credentials asked of their source.

use super::blocks::{Block, Cell, Grid, left, right};
use crate::document::{Arm, Stampede};
use crate::figures;

const NOTE: &str = "Asked: requests that reached the source. At start, at expiry: processes that fetched the same \
    credentials, when none were there and when some expired.";

/// A row per arm; nothing for runs without worker processes.
pub(super) fn section(arms: &[Arm]) -> Vec<Block> {
    let seen = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.stampede.as_ref()?)));
    let seen: Vec<(&Arm, &Stampede)> = seen.collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let columns = [
        left("arm", |row: &(&Arm, &Stampede)| row.0.name.as_str().into()),
        right("processes", |row| Cell::count(row.1.processes)),
        right("asked", |row| {
            let measured = row.0.source_requests.values().map(|n| n.count).sum();
            Cell::count(row.1.arrived.unwrap_or(measured))
        }),
        right("timeouts", |row| Cell::failures(row.0.outcomes.timeout)),
        right("at start", |row| Cell::count(row.1.at_start)),
        right("at expiry", |row| {
            row.1.at_expiry.map_or(figures::ABSENT.into(), Cell::count)
        }),
    ];
    vec![
        Block::Heading("Worker processes"),
        Block::Grid(Grid::of(&columns, seen)),
        Block::Note(NOTE.to_owned()),
    ]
}
