//! The table of phases: where each arm's time went.

use super::blocks::{Block, Matrix, MatrixRow};
use super::breakdown;
use crate::document::{Arm, Phases, Quantiles};
use crate::figures;

pub(super) const HEADING: &str = "Where the time goes";
const FIGURES: [&str; 3] = ["share", "p50", "p99"];
/// Set under the phase that it is a part of.
const DNS: &str = "└ dns";

pub(super) fn section(arms: &[Arm]) -> Vec<Block> {
    let cut: Vec<_> = arms
        .iter()
        .filter(|arm| breakdown::slices(&arm.phases).is_some())
        .collect();
    if cut.is_empty() {
        return Vec::new();
    }
    if let Some(phase) = breakdown::only_phase(&cut) {
        let limit = figures::percent(breakdown::FOLD_SHARE);
        let text = format!(
            "These calls consist of {phase} and nothing else; less than {limit} is unexplained."
        );
        return vec![Block::Heading(HEADING), Block::Note(text)];
    }
    let negligible = breakdown::negligible(&cut);
    let mut rows = Vec::new();
    for (name, _) in Phases::default()
        .slices()
        .into_iter()
        .filter(|(name, _)| !negligible.contains(name))
    {
        rows.push(row(name, &cut, |phases| {
            phases
                .slices()
                .into_iter()
                .find(|slice| slice.0 == name)
                .map(|slice| slice.1)
        }));
        if name == "connect" && cut.iter().any(|arm| arm.phases.dns.is_some()) {
            rows.push(row(DNS, &cut, |phases| phases.dns.as_ref()));
        }
    }
    rows.push(row("total", &cut, |phases| Some(&phases.total)));
    let matrix = Matrix {
        corner: "phase",
        figures: FIGURES.to_vec(),
        arms: cut.iter().map(|arm| arm.name.clone()).collect(),
        rows,
    };
    let mut blocks = vec![Block::Heading(HEADING), Block::Matrix(matrix)];
    blocks.extend(notes(arms, &cut, &negligible).into_iter().map(Block::Note));
    blocks
}

fn row<'a>(
    label: &str,
    arms: &[&'a Arm],
    quantiles: impl Fn(&'a Phases) -> Option<&'a Quantiles>,
) -> MatrixRow {
    let cell = |arm: &&'a Arm| {
        let quantiles = quantiles(&arm.phases).filter(|quantiles| quantiles.count > 0);
        let share = quantiles.and_then(|quantiles| breakdown::share(quantiles, &arm.phases));
        vec![
            share.map_or_else(|| figures::ABSENT.to_owned(), figures::percent),
            figures::time_or_absent(quantiles.and_then(|quantiles| quantiles.p50_us)),
            figures::time_or_absent(quantiles.and_then(|quantiles| quantiles.p99_us)),
        ]
    };
    MatrixRow {
        label: label.to_owned(),
        cells: arms.iter().map(cell).collect(),
    }
}

fn notes(arms: &[Arm], cut: &[&Arm], negligible: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    if !negligible.is_empty() {
        notes.push(format!(
            "Left out, at less than {} of every arm's time and less than {} at p99: {}.",
            figures::percent(breakdown::FOLD_SHARE),
            figures::time(breakdown::FOLD_TIME_US),
            negligible.join(", "),
        ));
    }
    let lookups: Vec<_> = cut
        .iter()
        .filter_map(|arm| {
            arm.phases
                .dns
                .as_ref()
                .map(|dns| format!("{} {}", arm.name, figures::count(dns.count)))
        })
        .collect();
    if !lookups.is_empty() {
        notes.push(format!(
            "dns is a part of connect; its p50 and p99 are of lookups ({}).",
            lookups.join(", ")
        ));
    }
    let without: Vec<_> = arms
        .iter()
        .filter(|arm| arm.outcomes.ok == 0)
        .map(|arm| arm.name.as_str())
        .collect();
    if !without.is_empty() {
        notes.push(format!(
            "No call succeeded, so nothing to share out: {}.",
            without.join(", ")
        ));
    }
    notes
}
