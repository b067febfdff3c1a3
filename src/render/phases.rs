//! The table of phases: where each arm's time went.

use super::blocks::{Block, Matrix, MatrixRow};
use super::breakdown;
use crate::document::{Arm, Phases};
use crate::figures;

const FIGURES: [&str; 3] = ["share", "p50", "p99"];
/// Set under the phase that it is a part of.
const DNS: &str = "└ dns";

pub(super) fn parts(arms: &[Arm]) -> Vec<Block> {
    let cut = breakdown::cut(arms);
    if cut.is_empty() {
        return Vec::new();
    }
    if let Some(phase) = breakdown::only_phase(&cut) {
        let limit = figures::percent(breakdown::FOLD_SHARE);
        let text = format!(
            "These calls consist of {phase} and nothing else; less than {limit} is unexplained."
        );
        return vec![Block::Note(text)];
    }
    let negligible = breakdown::negligible(&cut);
    let mut rows = Vec::new();
    for (name, _) in Phases::default().slices() {
        if negligible.contains(&name) {
            continue;
        }
        rows.push(row(name, name, &cut));
        if name == "connect" && cut.iter().any(|arm| arm.phases.dns.is_some()) {
            rows.push(row(DNS, "dns", &cut));
        }
    }
    rows.push(row("total", "total", &cut));
    let matrix = Matrix {
        corner: "phase",
        figures: FIGURES.to_vec(),
        arms: cut.iter().map(|arm| arm.name.clone()).collect(),
        rows,
    };
    let mut blocks = vec![Block::Matrix(matrix)];
    blocks.extend(notes(arms, &cut, &negligible).into_iter().map(Block::Note));
    blocks
}

fn row(label: &str, phase: &str, arms: &[&Arm]) -> MatrixRow {
    let cell = |arm: &&Arm| {
        let quantiles = arm.phases.named(phase).filter(|q| q.count > 0);
        let share = quantiles.and_then(|q| breakdown::share(q, &arm.phases));
        vec![
            share.map_or_else(|| figures::ABSENT.to_owned(), figures::percent),
            figures::time_or_absent(quantiles.and_then(|q| q.p50_us)),
            figures::time_or_absent(quantiles.and_then(|q| q.p99_us)),
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
    let lookups = cut.iter().filter_map(|arm| {
        let dns = arm.phases.dns.as_ref()?;
        Some(format!("{} {}", arm.name, figures::count(dns.count)))
    });
    let lookups: Vec<_> = lookups.collect();
    if !lookups.is_empty() {
        notes.push(format!(
            "dns is a part of connect; its p50 and p99 are of lookups ({}).",
            lookups.join(", ")
        ));
    }
    let without = arms.iter().filter(|arm| arm.outcomes.ok == 0);
    let without: Vec<_> = without.map(|arm| arm.name.as_str()).collect();
    if !without.is_empty() {
        let without = without.join(", ");
        notes.push(format!(
            "No call succeeded, so nothing to share out: {without}."
        ));
    }
    notes
}
