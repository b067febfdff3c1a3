//! The table of first calls: what a process pays once, and for what.

use super::blocks::{Block, Cell, Columns, Statement, Tone};
use crate::document::{Arm, FirstCall, Phases};
use crate::figures;

const NOTE: &str = "Each first call is made in a client of its own, which has no credentials and no connection; none of \
    them is among the other calls.";

pub(super) fn parts(arms: &[Arm]) -> Vec<Block> {
    let seen = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.first_call.as_ref()?)));
    let seen: Vec<(&Arm, &FirstCall)> = seen.collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let errors = seen.iter().flat_map(|(arm, first)| {
        first.errors.iter().map(|error| {
            let times = format!("{} ×", figures::count(error.count));
            let text = format!("{}: {}", arm.name, error.message);
            Statement::new(times, Tone::Plain, text)
        })
    });
    let errors = Block::Statements(errors.collect());
    let several = seen.iter().any(|(_, first)| first.clients > 1);
    let mut table = Columns::of(seen).left("arm", |(arm, _)| arm.name.as_str());
    if several {
        table = table.right("clients", |(_, first)| first.clients);
    }
    table = table
        .right("failed", |(_, first)| {
            Cell::failures(first.outcomes.failed())
        })
        .time("identity", |(_, first)| first.phases.identity.p50_us)
        .time("connect", |(_, first)| first.phases.connect.p50_us)
        .time("transmit", |(_, first)| first.phases.transmit.p50_us)
        .time("the rest", |(_, first)| rest(&first.phases))
        .time("first call", |(_, first)| first.phases.total.p50_us);
    if several {
        table = table.time("max", |(_, first)| first.phases.total.max_us);
    }
    table = table.time("p50 after it", |(arm, _)| arm.phases.total.p50_us);
    vec![table.block(), errors, Block::Note(NOTE.to_owned())]
}

/// What the other columns leave of a first call.
fn rest(phases: &Phases) -> Option<f64> {
    let told = [&phases.identity, &phases.connect, &phases.transmit];
    let told: f64 = told.iter().filter_map(|of| of.mean_us).sum();
    Some((phases.total.mean_us? - told).max(0.0))
}
