//! What `doctor` has to say, to people and as rows.

use super::blocks::{Block, Cell, Grid, Statement, Tone, left, right};
use super::part::{Part, csv_of};
use super::wording;
use crate::credentials::Source;
use crate::document::{DiagnosedLink, DoctorResult, Head, LinkState, SdkPick, word};
use crate::figures;

const WAITS: &str =
    "Waits are for instance metadata that does not answer, where they have been measured.";

impl Part for DoctorResult {
    fn title(&self, head: &Head) -> String {
        format!("{} doctor", head.tool.name)
    }

    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        let found = if self.findings.is_empty() {
            Block::Note("Nothing is wrong as far as can be seen from here.".to_owned())
        } else {
            Block::Statements(self.findings.iter().map(wording::finding).collect())
        };
        vec![
            Block::Title(head.command_line()),
            Block::Facts(facts(head, self)),
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
    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        if self.findings.is_empty() {
            return Ok("id,severity,summary,evidence,consequence,remedy,reference\n".to_owned());
        }
        csv_of(self.findings.iter())
    }
}

fn facts(head: &Head, document: &DoctorResult) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(scenario) = &document.scenario {
        facts.push(("lab", scenario.clone()));
    }
    facts.push((
        "runs on",
        format!(
            "{} ({})",
            word(document.place.kind),
            document.place.evidence
        ),
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
        facts.push((
            "behind them",
            format!("{} would be asked next", next.name()),
        ));
    }
    facts.push((
        "examined in",
        format!("{:.1} s", head.elapsed_s.unwrap_or_default()),
    ));
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
    format!("{identity}, from {}; {expiry}", link.name.name())
}

fn links(links: &[DiagnosedLink]) -> Grid {
    let columns = [
        left("link", |link: &&DiagnosedLink| link.name.name().into()),
        left("state", |link| Cell::toned(word(link.state), tone(link))),
        right("took", |link| Cell::time(link.elapsed_us)),
        left("key", |link| {
            link.access_key_id
                .as_deref()
                .unwrap_or(figures::ABSENT)
                .into()
        }),
        right("expires in", |link| {
            Cell::time(link.expires_in_s.map(|left| left.max(0.0) * 1e6))
        }),
        left("identity", |link| {
            link.identity
                .as_deref()
                .map_or(figures::ABSENT, principal)
                .into()
        }),
    ];
    Grid::of(&columns, links)
}

fn tone(link: &DiagnosedLink) -> Tone {
    match link.state {
        LinkState::Loaded => Tone::Good,
        LinkState::Failed => Tone::Bad,
        LinkState::Absent => Tone::Plain,
    }
}

/// The part of an ARN that tells principals of one account apart.
fn principal(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Why a link gave nothing.
fn trouble(link: &DiagnosedLink) -> Option<Statement> {
    let detail = link.detail.as_ref().or(link.identity_error.as_ref())?;
    let tone = match link.state {
        LinkState::Failed => Tone::Bad,
        _ => Tone::Plain,
    };
    Some(Statement::new(link.name.name(), tone, detail))
}

fn sdks(picks: &[SdkPick]) -> Grid {
    let columns = [
        left("SDK", |pick: &&SdkPick| pick.sdk.as_str().into()),
        left("ends at", |pick| {
            pick.link.map_or("nothing", Source::name).into()
        }),
        left("with", |pick| match (&pick.link, pick.fails) {
            (None, _) => "no credentials".into(),
            (Some(_), true) => "fails".into(),
            (Some(_), false) => "credentials".into(),
        }),
        right("waits in vain", |pick| {
            Cell::time(pick.waits_s.map(|waits| waits * 1e6))
        }),
    ];
    Grid::of(&columns, picks)
}
