//! The first screen of an examination.

use super::parts::{Screen, Sentence};
use super::{answer, change};
use crate::document::{DiagnosedLink, DoctorResult, Finding, Head, Severity, shell, word};
use crate::figures;
use crate::render::blocks::{Cell, Columns, Grid, Tone};
use crate::render::doctor::{links, nothing_found, principal};
use crate::render::style::Style;

/// Findings that are told in sentences; the table names them all.
const MOST_TOLD: usize = 2;

pub(super) fn screen(head: &Head, result: &DoctorResult, style: &Style) -> Screen {
    let told: Vec<&Finding> = result.findings.iter().take(MOST_TOLD).collect();
    let symptom = result.symptom.iter();
    let meaning = symptom.map(|symptom| Sentence::plain(answer::sentence(&symptom.meaning)));
    let mut answer: Vec<Sentence> = meaning.collect();
    for finding in &told {
        let tone = match finding.severity {
            Severity::Info => Tone::Plain,
            Severity::Warning => Tone::Caution,
            Severity::Error => Tone::Bad,
        };
        answer.push(Sentence::new(tone, answer::sentence(&finding.summary)));
        answer.push(Sentence::plain(answer::sentence(&finding.evidence)));
    }
    let change = change::of(&told);
    if told.is_empty() {
        let text = nothing_found(result);
        answer.push(Sentence::new(Tone::Good, text));
    }
    Screen {
        title: head.command_line(),
        about: about(head, result),
        answer,
        picture: Vec::new(),
        table: Some(match result.findings.len() {
            0..=MOST_TOLD => links(&result.links).grid(),
            _ => findings(&result.findings),
        }),
        change,
        next: next(head, result, style.stored.as_deref()),
    }
}

/// `ec2, Region me-central-1, credentials …`.
fn about(head: &Head, result: &DoctorResult) -> String {
    let region = result.region.as_ref();
    let region = region.map_or("no Region".to_owned(), |region| {
        format!("Region {}", region.name)
    });
    let winner = result
        .links
        .iter()
        .find(|link| result.winner == Some(link.name));
    let credentials = winner.map_or("no credentials".to_owned(), whose);
    let lab = result
        .scenario
        .as_ref()
        .map_or_else(String::new, |name| format!(". LAB “{name}”: made up"));
    let took = figures::seconds(head.elapsed_s.unwrap_or_default());
    format!(
        "Runs on {}, {region}, {credentials}; examined in {took}{lab}",
        word(result.place.kind)
    )
}

/// Whose the credentials are, from where, and for how long they are good.
fn whose(link: &DiagnosedLink) -> String {
    let known = link.identity.as_deref().map(principal);
    let identity = known
        .or(link.access_key_id.as_deref())
        .unwrap_or("an unknown identity");
    let left = match link.expires_in_s {
        Some(left) if left > 0.0 => format!(", good for {}", figures::seconds(left)),
        Some(_) => ", EXPIRED".to_owned(),
        None => String::new(),
    };
    format!("credentials of {identity} from {}{left}", link.name.name())
}

/// All that was found, worst first.
fn findings(findings: &[Finding]) -> Grid {
    Columns::of(findings)
        .left("", |finding| {
            let tone = match finding.severity {
                Severity::Info => Tone::Plain,
                Severity::Warning => Tone::Caution,
                Severity::Error => Tone::Bad,
            };
            Cell::toned(word(finding.severity), tone)
        })
        .left("finding", |finding| finding.id.as_str())
        .grid()
}

/// What proves where a symptom comes from, before what explains the first finding.
fn next(head: &Head, result: &DoctorResult, stored: Option<&str>) -> Vec<(String, String)> {
    let name = &head.tool.name;
    let proofs = result.symptom.iter().flat_map(|symptom| &symptom.proofs);
    let proofs = proofs.map(|proof| (proof.command.clone(), proof.shows.clone()));
    let lab = result.scenario.as_deref().map(shell::quoted);
    let lab = lab.map_or_else(String::new, |scenario| format!(" --lab {scenario}"));
    let (command, shows) = match result.findings.first() {
        Some(finding) => (
            format!("{name} doctor --explain {}", finding.id),
            "cause, effect and cure",
        ),
        None => (
            format!("{name} sts --regional{lab}"),
            "time the calls themselves",
        ),
    };
    let more = change::more(head, stored, "every link and every finding")
        .into_iter()
        .take(1);
    proofs
        .chain([(command, shows.to_owned())])
        .chain(more)
        .collect()
}
