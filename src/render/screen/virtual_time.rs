//! The first screens of what was simulated.

use std::cmp::Reverse;

use super::change;
use super::parts::{Change, Screen, Sentence};
use crate::document::{CrowdsResult, Head, SimulationResult, word};
use crate::figures::{self, seconds};
use crate::render::blocks::Tone;
use crate::render::style::Style;
use crate::render::{crowds, simulation};
use crate::simulation::SimulatedStrategy;

pub(super) fn of_simulation(head: &Head, result: &SimulationResult, style: &Style) -> Screen {
    let strategies = &result.strategies;
    let mut answer = Vec::new();
    let mut change = Vec::new();
    if let (Some(best), Some(worst)) = (
        strategies.iter().min_by_key(|s| harm(s)),
        strategies.iter().max_by_key(|s| harm(s)),
    ) {
        let as_good: Vec<&SimulatedStrategy> = strategies
            .iter()
            .filter(|s| harm(s) == harm(best))
            .collect();
        let names: Vec<String> = as_good
            .iter()
            .map(|s| format!("`{}`", s.name.name()))
            .collect();
        let text = format!("Best for calls: {} ({}).", names.join(", "), fate(best));
        answer.push(Sentence::new(Tone::Good, text));
        if harm(worst) != harm(best) {
            let text = format!("Worst: `{}` ({}).", worst.name.name(), fate(worst));
            answer.push(Sentence::new(Tone::Bad, text));
        }
        // A strategy that this crate offers, before one that it plays to compare with.
        let chosen = as_good
            .iter()
            .min_by_key(|s| (s.name.name().starts_with("go"), s.fetches));
        change.extend(chosen.map(|s| {
            let (name, fetches) = (s.name.name(), figures::count(s.fetches));
            Change::Prose(format!(
                "Renew as `{name}` does ({fetches} fetches of the source): docs/strategies.md says how, in Rust and elsewhere."
            ))
        }));
    }
    let facts = simulation::facts(&result.simulation)
        .into_iter()
        .map(|(_, fact)| fact);
    Screen {
        title: head.command_line(),
        about: format!(
            "Simulated, nothing was sent: {}",
            facts.collect::<Vec<_>>().join("; ")
        ),
        answer,
        table: Some(
            simulation::calls(result).fitting(style.columns(), &["at once", "inline", "stale for"]),
        ),
        change,
        next: change::more(head, style.stored.as_deref(), "every figure")
            .into_iter()
            .take(1)
            .collect(),
        ..Screen::default()
    }
}

/// What calls suffered: failures first, then waits.
fn harm(strategy: &SimulatedStrategy) -> (u64, u64, u64) {
    let longest_us = (strategy.longest_wait_s * 1e6) as u64;
    (strategy.failed, longest_us, strategy.blocked)
}

/// What became of the calls of a strategy.
fn fate(strategy: &SimulatedStrategy) -> String {
    let waited = match strategy.blocked {
        0 => "no call waited".to_owned(),
        n => format!(
            "{} waited, the longest {}",
            figures::counted(n, "call"),
            seconds(strategy.longest_wait_s)
        ),
    };
    match strategy.failed {
        0 => format!("{waited}, none failed"),
        n => format!("{waited}, {} failed", figures::count(n)),
    }
}

/// A manner of polling in words.
fn how(manner: &str) -> &str {
    match manner {
        "in-step" => "all at the same moments",
        "spread" => "each at its own moments",
        "by-revision" => "for the revision, with a full answer now and then",
        other => other,
    }
}

pub(super) fn of_crowds(head: &Head, result: &CrowdsResult, style: &Style) -> Screen {
    let mut fits: Vec<_> = result.fits.iter().collect();
    fits.sort_by_key(|fits| Reverse(fits.resolvers));
    let answer = fits.iter().map(|fits| {
        let most = figures::count(fits.resolvers);
        Sentence::plain(format!(
            "An account can carry {most} resolvers that poll {}.",
            how(&word(fits.manner))
        ))
    });
    let change = fits.first().map(|fits| {
        Change::Prose(format!(
            "Poll {}, or less often than every {}.",
            how(&word(fits.manner)),
            seconds(result.interval_s)
        ))
    });
    Screen {
        title: head.command_line(),
        about: format!(
            "Simulated, nothing was sent: polls every {}",
            seconds(result.interval_s)
        ),
        answer: answer.collect(),
        table: Some(crowds::table(result).fitting(style.columns(), &["max", "calls"])),
        change: change.into_iter().collect(),
        next: change::more(head, style.stored.as_deref(), "every figure")
            .into_iter()
            .take(1)
            .collect(),
        ..Screen::default()
    }
}
