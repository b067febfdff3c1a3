//! What `doctor` has to say, to people and as rows.

use super::blocks::{Block, Cell, Columns, Statement, Tone};
use super::part::{Part, csv_of};
use super::wording;
use crate::credentials::Source;
use crate::document::{
    DiagnosedLink, DoctorResult, Finding, Head, LinkState, SdkPick, SymptomAnswer, word,
};
use crate::figures;

const WAITS: &str =
    "Waits are for instance metadata that does not answer, where they have been measured.";

impl Part for DoctorResult {
    fn title(&self, head: &Head) -> String {
        format!("{} doctor", head.tool.name)
    }

    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        let found = if self.findings.is_empty() {
            Block::Note(nothing_found(self).to_owned())
        } else {
            Block::Statements(self.findings.iter().map(wording::finding).collect())
        };
        let mut blocks = vec![
            Block::Title(head.command_line()),
            Block::Facts(facts(head, self)),
            Block::Heading("Findings"),
            found,
        ];
        blocks.extend(self.symptom.iter().flat_map(proofs));
        blocks.extend([
            Block::Heading("Credential chain"),
            links(&self.links)
                .left("identity", |link| link.identity.as_deref().map(principal))
                .block(),
            Block::Statements(self.links.iter().filter_map(trouble).collect()),
            Block::Heading("What SDKs do here"),
            sdks(&self.sdks),
            Block::Note(WAITS.to_owned()),
        ]);
        blocks
    }

    /// A row for each finding; the header is there without any.
    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        let header = "id,severity,summary,evidence,consequence,remedy,reference,change";
        csv_of(Some(header), self.findings.iter().map(row))
    }
}

/// The lines of what to change are lines of one cell.
fn row(finding: &Finding) -> [String; 8] {
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        finding.id.clone(),
        word(finding.severity),
        finding.summary.clone(),
        finding.evidence.clone(),
        or_nothing(&finding.consequence),
        finding.remedy.clone(),
        or_nothing(&finding.reference),
        finding.change.join("\n"),
    ]
}

fn facts(head: &Head, document: &DoctorResult) -> Vec<(&'static str, String)> {
    let none = || "none".to_owned();
    let place = &document.place;
    let symptom = document.symptom.as_ref();
    let region = document.region.as_ref();
    let region = region.map(|region| format!("{}, from {}", region.name, region.from));
    let mut links = document.links.iter();
    let winner = links.find(|link| document.winner == Some(link.name));
    let next = document.next.map(Source::name);
    let elapsed_s = head.elapsed_s.unwrap_or_default();
    let facts = [
        ("lab", document.scenario.clone()),
        ("", document.about.clone()),
        (
            "symptom",
            symptom.map(|symptom| format!("{}: {}", symptom.name, symptom.meaning)),
        ),
        (
            "runs on",
            Some(format!("{} ({})", word(place.kind), place.evidence)),
        ),
        ("Region", region.or_else(|| Some(none()))),
        ("credentials", Some(winner.map_or_else(none, whose))),
        (
            "behind them",
            next.map(|next| format!("{next} would be asked next")),
        ),
        ("examined in", Some(format!("{elapsed_s:.1} s"))),
    ];
    let known = facts
        .into_iter()
        .filter_map(|(name, fact)| Some((name, fact?)));
    known.collect()
}

/// Whom the winning link's credentials belong to, and for how long.
fn whose(link: &DiagnosedLink) -> String {
    let known = link.identity.as_deref().or(link.access_key_id.as_deref());
    let identity = known.unwrap_or("unknown");
    let expiry = match (&link.expires_at, link.expires_in_s) {
        (Some(at), Some(left)) if left > 0.0 => {
            format!("expire at {at}, in {}", figures::seconds(left))
        }
        (Some(at), _) => format!("expired at {at}"),
        (None, _) => "no expiry is known".to_owned(),
    };
    format!("{identity}, from {}; {expiry}", link.name.name())
}

/// The credential chain, without whose the credentials are.
pub(super) fn links(links: &[DiagnosedLink]) -> Columns<&DiagnosedLink> {
    Columns::of(links)
        .left("link", |link| link.name.name())
        .left("state", |link| Cell::toned(word(link.state), tone(link)))
        .time("took", |link| link.elapsed_us)
        .left("key", |link| link.access_key_id.as_deref())
        .time("expires in", |link| {
            link.expires_in_s.map(|left| left.max(0.0) * 1e6)
        })
}

fn tone(link: &DiagnosedLink) -> Tone {
    match link.state {
        LinkState::Loaded => Tone::Good,
        LinkState::Failed => Tone::Bad,
        LinkState::Absent => Tone::Plain,
    }
}

/// The part of an ARN that tells principals of one account apart.
pub(super) fn principal(arn: &str) -> &str {
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

/// Of an examination without findings.
pub(super) fn nothing_found(result: &DoctorResult) -> &'static str {
    match result.symptom {
        Some(_) => "No check finds anything now that would explain it.",
        None => "Nothing is wrong as far as can be seen from here.",
    }
}

/// What proves where a symptom comes from.
fn proofs(symptom: &SymptomAnswer) -> [Block; 2] {
    let proofs = symptom.proofs.iter();
    let proofs = proofs.map(|proof| Statement::new(&proof.command, Tone::Plain, &proof.shows));
    [
        Block::Heading("What proves it"),
        Block::Statements(proofs.collect()),
    ]
}

/// A row for all SDKs that do the same here, in the order in which the first of each comes.
fn sdks(picks: &[SdkPick]) -> Block {
    let mut rows: Vec<SdkPick> = Vec::new();
    for pick in picks {
        let same = |row: &&mut SdkPick| {
            (row.link, row.fails, row.waits_s) == (pick.link, pick.fails, pick.waits_s)
        };
        match rows.iter_mut().find(same) {
            Some(row) => row.sdk = format!("{}, {}", row.sdk, pick.sdk),
            None => rows.push(pick.clone()),
        }
    }
    if let [only] = &mut rows[..] {
        only.sdk = format!("all {}", picks.len());
    }
    Columns::of(&rows)
        .left("SDK", |pick| pick.sdk.as_str())
        .left("ends at", |pick| pick.link.map_or("nothing", Source::name))
        .left("with", |pick| match (&pick.link, pick.fails) {
            (None, _) => "no credentials",
            (Some(_), true) => "fails",
            (Some(_), false) => "credentials",
        })
        .right("waits in vain", |pick| pick.waits_s.map(figures::seconds))
        .block()
}
