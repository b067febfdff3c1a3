//! The first screen of an examination.

use super::{Place, Screen, Sentence, answer, change};
use crate::document::{DiagnosedLink, DoctorResult, Finding, Head, Severity, shell, word};
use crate::figures;
use crate::render::blocks::{Cell, Columns, Grid, Tone};
use crate::render::doctor::{principal, tone};

/// Findings that are told in sentences; the table names them all.
const MOST_TOLD: usize = 2;

pub(in crate::render) fn screen(head: &Head, result: &DoctorResult, place: Place) -> Screen {
    let told: Vec<&Finding> = result.findings.iter().take(MOST_TOLD).collect();
    let mut answer: Vec<Sentence> = Vec::new();
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
        let text = "Nothing is wrong as far as can be seen from here.";
        answer.push(Sentence::new(Tone::Good, text));
    }
    Screen {
        title: head.command_line(),
        about: about(head, result),
        answer,
        picture: Vec::new(),
        table: Some(match result.findings.len() {
            0..=MOST_TOLD => links(&result.links),
            _ => findings(&result.findings),
        }),
        change,
        next: next(head, result, place.stored),
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

/// The credential chain.
fn links(links: &[DiagnosedLink]) -> Grid {
    Columns::of(links)
        .left("link", |link| link.name.name())
        .left("state", |link| Cell::toned(word(link.state), tone(link)))
        .time("took", |link| link.elapsed_us)
        .left("key", |link| link.access_key_id.as_deref())
        .time("expires in", |link| {
            link.expires_in_s.map(|left| left.max(0.0) * 1e6)
        })
        .grid()
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

fn next(head: &Head, result: &DoctorResult, stored: Option<&str>) -> Vec<(String, &'static str)> {
    let name = &head.tool.name;
    let lab = result.scenario.as_deref().map(shell::quoted);
    let lab = lab.map_or_else(String::new, |scenario| format!(" --lab {scenario}"));
    let first = match result.findings.first() {
        Some(finding) => (
            format!("{name} doctor --explain {}", finding.id),
            "cause, effect and cure",
        ),
        None => (
            format!("{name} sts --regional{lab}"),
            "time the calls themselves",
        ),
    };
    let more = change::more(head, stored).into_iter().take(1);
    std::iter::once(first).chain(more).collect()
}
