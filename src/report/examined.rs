//! What `doctor` has to say, to people and as rows.

use super::blocks::{Align, Block, Cell, Grid, Statement, Tone};
use super::diagnosis::{Ailment, DiagnosedLink, DoctorDocument, SdkPick};
use super::document::Severity;
use super::figures;
use super::sheet::{Sheet, csv_of};

const WAITS: &str =
    "Waits are for instance metadata that does not answer, where they have been measured.";

impl Sheet for DoctorDocument {
    fn title(&self) -> String {
        format!("{} doctor", self.tool.name)
    }

    fn outline(&self) -> Vec<Block> {
        let title = format!("{} {}", self.tool.name, self.arguments.join(" "));
        let found = if self.findings.is_empty() {
            Block::Note("Nothing is wrong as far as can be seen from here.".to_owned())
        } else {
            Block::Statements(self.findings.iter().map(finding).collect())
        };
        vec![
            Block::Title(title),
            Block::Facts(facts(self)),
            Block::Heading("Findings"),
            found,
            Block::Heading("Credential chain"),
            Block::Grid(links(&self.links)),
            Block::Statements(self.links.iter().filter_map(trouble).collect()),
            Block::Heading("What SDKs do here"),
            Block::Grid(sdks(&self.sdks)),
            Block::Note(WAITS.to_owned()),
        ]
    }

    /// A row for each finding; the header is there without any.
    fn csv(&self) -> Result<String, csv::Error> {
        if self.findings.is_empty() {
            return Ok("id,severity,summary,evidence,consequence,remedy,reference\n".to_owned());
        }
        csv_of(self.findings.iter())
    }
}

fn facts(document: &DoctorDocument) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(scenario) = &document.scenario {
        facts.push(("lab", scenario.clone()));
    }
    facts.push((
        "runs on",
        format!("{} ({})", document.place.kind, document.place.evidence),
    ));
    facts.push((
        "Region",
        match &document.region {
            Some(region) => format!("{}, from {}", region.name, region.from),
            None => "none".to_owned(),
        },
    ));
    let winner = document
        .links
        .iter()
        .find(|link| document.winner.as_ref() == Some(&link.name));
    facts.push(("credentials", winner.map_or("none".to_owned(), whose)));
    if let Some(next) = &document.next {
        facts.push(("behind them", format!("{next} would be asked next")));
    }
    facts.push(("examined in", format!("{:.1} s", document.elapsed_s)));
    facts
}

/// Whom the winning link's credentials belong to, and for how long.
fn whose(link: &DiagnosedLink) -> String {
    let identity = match (&link.identity, &link.access_key_id) {
        (Some(arn), _) => arn.clone(),
        (None, Some(key)) => key.clone(),
        (None, None) => "unknown".to_owned(),
    };
    let expiry = match (&link.expires_at, link.expires_in_s) {
        (Some(at), Some(left)) if left > 0.0 => {
            format!("expire at {at}, in {}", figures::time(left * 1e6))
        }
        (Some(at), _) => format!("expired at {at}"),
        (None, _) => "no expiry is known".to_owned(),
    };
    format!("{identity}, from {}; {expiry}", link.name)
}

fn finding(found: &Ailment) -> Statement {
    let (tag, tone) = match found.severity {
        Severity::Info => ("info", Tone::Plain),
        Severity::Warning => ("warning", Tone::Caution),
        Severity::Error => ("error", Tone::Bad),
    };
    Statement::new(tag, tone, format!("{} [{}]", found.summary, found.id))
        .detail("because", &found.evidence)
        .detail("so", &found.consequence)
        .detail("do", &found.remedy)
        .detail("see", &found.reference)
}

fn columns(names: &[(&str, Align)]) -> Vec<(String, Align)> {
    names
        .iter()
        .map(|(name, align)| ((*name).to_owned(), *align))
        .collect()
}

fn links(links: &[DiagnosedLink]) -> Grid {
    let row = |link: &DiagnosedLink| -> Vec<Cell> {
        let state = Cell {
            text: link.state.clone(),
            tone: match link.state.as_str() {
                "loaded" => Tone::Good,
                "failed" => Tone::Bad,
                _ => Tone::Plain,
            },
        };
        vec![
            link.name.as_str().into(),
            state,
            figures::time_or_absent(link.elapsed_us).into(),
            link.access_key_id
                .as_deref()
                .unwrap_or(figures::ABSENT)
                .into(),
            figures::time_or_absent(link.expires_in_s.map(|left| left.max(0.0) * 1e6)).into(),
            link.identity
                .as_deref()
                .map_or(figures::ABSENT, principal)
                .into(),
        ]
    };
    Grid {
        columns: columns(&[
            ("link", Align::Left),
            ("state", Align::Left),
            ("took", Align::Right),
            ("key", Align::Left),
            ("expires in", Align::Right),
            ("identity", Align::Left),
        ]),
        rows: links.iter().map(row).collect(),
    }
}

/// The part of an ARN that tells principals of one account apart.
fn principal(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Why a link gave nothing.
fn trouble(link: &DiagnosedLink) -> Option<Statement> {
    let detail = link.detail.as_ref().or(link.identity_error.as_ref())?;
    let tone = if link.state == "failed" {
        Tone::Bad
    } else {
        Tone::Plain
    };
    Some(Statement::new(link.name.as_str(), tone, detail))
}

fn sdks(picks: &[SdkPick]) -> Grid {
    let row = |pick: &SdkPick| -> Vec<Cell> {
        let link = pick.link.as_deref().unwrap_or("nothing");
        let outcome = match (&pick.link, pick.fails) {
            (None, _) => "no credentials",
            (Some(_), true) => "fails",
            (Some(_), false) => "credentials",
        };
        let waits = match pick.waits_s {
            Some(waits) => figures::time(waits * 1e6),
            None => figures::ABSENT.to_owned(),
        };
        vec![
            pick.sdk.as_str().into(),
            link.into(),
            outcome.into(),
            waits.into(),
        ]
    };
    Grid {
        columns: columns(&[
            ("SDK", Align::Left),
            ("ends at", Align::Left),
            ("with", Align::Left),
            ("waits in vain", Align::Right),
        ]),
        rows: picks.iter().map(row).collect(),
    }
}
