//! What processes that need the same credentials ask of their source.

use serde::{Deserialize, Serialize};

use super::blocks::{Align, Block, Cell, Grid, Tone};
use super::document::Arm;
use super::figures;

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

const NOTE: &str = "Asked: requests that reached the source. At start, at expiry: processes that fetched the same \
    credentials, when none were there and when some expired.";

/// A row per arm; nothing for runs without worker processes.
pub(super) fn table(arms: &[Arm]) -> Vec<Block> {
    let rows: Vec<_> = arms
        .iter()
        .filter_map(|arm| Some(row(arm, arm.stampede.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let right = |name: &str| (name.to_owned(), Align::Right);
    let mut columns = vec![("arm".to_owned(), Align::Left)];
    columns.extend(["processes", "asked", "timeouts", "at start", "at expiry"].map(right));
    vec![
        Block::Heading("Worker processes"),
        Block::Grid(Grid { columns, rows }),
        Block::Note(NOTE.to_owned()),
    ]
}

fn row(arm: &Arm, seen: &Stampede) -> Vec<Cell> {
    let measured = arm.source_requests.values().map(|n| n.count).sum();
    let timeouts = Cell {
        text: figures::count(arm.outcomes.timeout),
        tone: if arm.outcomes.timeout > 0 {
            Tone::Bad
        } else {
            Tone::Plain
        },
    };
    vec![
        arm.name.as_str().into(),
        figures::count(seen.processes).into(),
        figures::count(seen.arrived.unwrap_or(measured)).into(),
        timeouts,
        figures::count(seen.at_start).into(),
        seen.at_expiry
            .map_or(figures::ABSENT.to_owned(), figures::count)
            .into(),
    ]
}
