//! What a report for people says, and in which order: the answer first, then what it rests on.

use super::blocks::{Align, Block, Cell, Grid, Statement, Tone};
use super::breakdown;
use super::checks;
use super::comparisons;
use super::composition;
use super::document::{Arm, Document};
use super::figures;
use super::histogram;
use super::phases;
use super::renewal;
use super::stampede;
use super::wording::{self, CPU};

/// More arms of different things than these are a list to look things up in; a picture of nanoseconds
/// beside tenths of a second would compare nothing.
const MOST_DRAWN: usize = 8;

pub(super) const LATENCY: &str = "Latency of successful calls";

/// The parts of the report; drawings come out `width` columns wide.
pub(super) fn of(document: &Document, width: usize) -> Vec<Block> {
    let mut blocks = vec![
        Block::Title(format!(
            "{} {}",
            document.tool.name,
            document.arguments.join(" ")
        )),
        Block::Facts(wording::facts(document)),
    ];
    blocks.extend(in_short(document, width));
    blocks.extend(renewal::section(&document.arms, width));
    blocks.extend(stampede::table(&document.arms));
    blocks.extend(latency(document));
    blocks.extend(phases::section(&document.arms));
    blocks.extend(comparisons::table(document));
    blocks.extend(checks::table(document));
    blocks.extend(credentials(&document.arms));
    blocks.extend(failures(&document.arms));
    blocks.extend(distribution(document, width));
    blocks.extend(findings(document));
    blocks
}

fn section(heading: &'static str, parts: Vec<Block>) -> Vec<Block> {
    if parts.is_empty() {
        parts
    } else {
        std::iter::once(Block::Heading(heading))
            .chain(parts)
            .collect()
    }
}

/// Whether pictures of all arms on one scale say anything.
pub(super) fn is_drawn(document: &Document) -> bool {
    document.target != CPU || document.arms.len() <= MOST_DRAWN
}

fn in_short(document: &Document, width: usize) -> Vec<Block> {
    let mut statements = wording::caveats(document);
    statements.extend(checks::in_short(document));
    statements.extend(comparisons::in_short(document));
    statements.extend(document.findings.iter().map(wording::finding_in_short));
    let mut parts = Vec::new();
    if !statements.is_empty() {
        parts.push(Block::Statements(statements));
    }
    let mut bars = if is_drawn(document) {
        composition::draw(&document.arms, width)
    } else {
        Vec::new()
    };
    if !bars.is_empty() && !parts.is_empty() {
        bars.insert(0, String::new());
    }
    if !bars.is_empty() {
        parts.push(Block::Drawing(bars));
    }
    section("In short", parts)
}

fn latency(document: &Document) -> Vec<Block> {
    let arms = &document.arms;
    let ladder = wording::is_ladder(document);
    let mut columns = vec![Column::left("arm", |arm| arm.name.clone())];
    if ladder {
        columns = vec![Column::right("workers", |arm| {
            arm.concurrency.map_or(0, |n| n).to_string()
        })];
    }
    if arms.iter().any(|arm| arm.rate_per_s.is_some()) {
        columns.push(Column::right("rate", |arm| {
            arm.rate_per_s
                .map_or(figures::ABSENT.to_owned(), figures::rate)
        }));
    }
    columns.push(Column::right("ok", |arm| figures::count(arm.outcomes.ok)));
    if ladder {
        columns.extend(outcome_columns(arms, &["throttled", "timeout"]));
    } else {
        columns.push(Column {
            bad: |arm| arm.outcomes.failed() > 0,
            ..Column::right("failed", |arm| figures::count(arm.outcomes.failed()))
        });
    }
    columns.push(Column::right("p50", |arm| {
        figures::time_or_absent(arm.phases.total.p50_us)
    }));
    columns.push(Column::right("p90", |arm| {
        figures::time_or_absent(arm.phases.total.p90_us)
    }));
    columns.push(Column::right("p99", |arm| {
        figures::time_or_absent(arm.phases.total.p99_us)
    }));
    columns.push(Column::right("max", |arm| {
        figures::time_or_absent(arm.phases.total.max_us)
    }));
    columns.extend(throughput(arms));
    let mut parts = vec![Block::Grid(grid(&columns, arms))];
    if arms.iter().any(|arm| arm.calls_per_sample.is_some()) {
        parts.push(Block::Note(BATCHES.to_owned()));
    }
    if document.target != CPU {
        parts.push(Block::Facts(endpoints(arms)));
    }
    section(LATENCY, parts)
}

const BATCHES: &str =
    "Of calls too short to be timed one by one, a sample is the mean of a few (“of”).";

/// For arms with payloads or batches.
fn throughput(arms: &[Arm]) -> Vec<Column> {
    let mut columns = Vec::new();
    if arms.iter().any(|arm| arm.calls_per_sample.is_some()) {
        columns.push(Column::right("of", |arm| {
            figures::count(arm.calls_per_sample.unwrap_or(1))
        }));
    }
    if arms.iter().any(|arm| arm.bytes_per_s.is_some()) {
        columns.push(Column::right("throughput", |arm| {
            arm.bytes_per_s
                .map_or_else(String::new, figures::throughput)
        }));
    }
    columns
}

/// How a column gets its text from an arm, and when that is bad news.
struct Column {
    name: &'static str,
    align: Align,
    text: fn(&Arm) -> String,
    bad: fn(&Arm) -> bool,
}

impl Column {
    fn left(name: &'static str, text: fn(&Arm) -> String) -> Self {
        Self {
            name,
            align: Align::Left,
            text,
            bad: |_| false,
        }
    }

    fn right(name: &'static str, text: fn(&Arm) -> String) -> Self {
        Self {
            align: Align::Right,
            ..Self::left(name, text)
        }
    }

    fn cell(&self, arm: &Arm) -> Cell {
        let tone = if (self.bad)(arm) {
            Tone::Bad
        } else {
            Tone::Plain
        };
        Cell {
            text: (self.text)(arm),
            tone,
        }
    }
}

fn grid<'a>(columns: &[Column], arms: impl IntoIterator<Item = &'a Arm>) -> Grid {
    Grid {
        columns: columns
            .iter()
            .map(|column| (column.name.to_owned(), column.align))
            .collect(),
        rows: arms
            .into_iter()
            .map(|arm| columns.iter().map(|column| column.cell(arm)).collect())
            .collect(),
    }
}

/// One column per kind of failure that occurred, and those of `always`.
fn outcome_columns(arms: &[Arm], always: &[&str]) -> Vec<Column> {
    let columns = [
        Column {
            bad: |arm| arm.outcomes.throttled > 0,
            ..Column::right("throttled", |arm| figures::count(arm.outcomes.throttled))
        },
        Column {
            bad: |arm| arm.outcomes.denied > 0,
            ..Column::right("denied", |arm| figures::count(arm.outcomes.denied))
        },
        Column {
            bad: |arm| arm.outcomes.timeout > 0,
            ..Column::right("timeout", |arm| figures::count(arm.outcomes.timeout))
        },
        Column {
            bad: |arm| arm.outcomes.connect > 0,
            ..Column::right("connect", |arm| figures::count(arm.outcomes.connect))
        },
        Column {
            bad: |arm| arm.outcomes.other > 0,
            ..Column::right("other", |arm| figures::count(arm.outcomes.other))
        },
    ];
    let wanted = |column: &Column| always.contains(&column.name) || arms.iter().any(column.bad);
    columns.into_iter().filter(wanted).collect()
}

/// Where the arms were sent and where they arrived; said once if it is the same for all.
fn endpoints(arms: &[Arm]) -> Vec<(&'static str, String)> {
    let one = |arm: &Arm| {
        let endpoint = arm.endpoint.as_deref().unwrap_or("endpoint unknown");
        let reached = match arm.remote_addresses.as_slice() {
            [] => "no connection seen".to_owned(),
            addresses => format!("reached {}", addresses.join(", ")),
        };
        format!("{endpoint}, {reached}")
    };
    match arms {
        [] => Vec::new(),
        [first, rest @ ..] if rest.iter().all(|arm| one(arm) == one(first)) => {
            vec![("endpoint", one(first))]
        }
        _ => arms
            .iter()
            .map(|arm| ("endpoint", format!("{}: {}", arm.name, one(arm))))
            .collect(),
    }
}

fn credentials(arms: &[Arm]) -> Vec<Block> {
    let mut parts = Vec::new();
    let columns = [
        Column::left("arm", |arm| arm.name.clone()),
        Column::right("attempts", |arm| figures::count(arm.attempts)),
        Column::right("identity hit", |arm| figures::count(arm.identity.hit)),
        Column::right("load", |arm| figures::count(arm.identity.load)),
        Column::right("wait", |arm| figures::count(arm.identity.wait)),
        Column::right("connections fresh", |arm| {
            figures::count(arm.connections.fresh)
        }),
        Column::right("reused", |arm| figures::count(arm.connections.reused)),
    ];
    let seen = |arm: &&Arm| {
        arm.identity.hit
            + arm.identity.load
            + arm.identity.wait
            + arm.connections.fresh
            + arm.connections.reused
            > 0
    };
    if arms.iter().any(|arm| seen(&arm)) {
        parts.push(Block::Grid(grid(&columns, arms)));
    }
    if arms.iter().any(|arm| !arm.source_requests.is_empty()) {
        parts.push(Block::Note("Requests to the credential source:".to_owned()));
        parts.push(Block::Grid(source_requests(arms)));
    }
    section("Credentials and connections", parts)
}

/// The operations of each arm under its name.
fn source_requests(arms: &[Arm]) -> Grid {
    let right = |name: &str| (name.to_owned(), Align::Right);
    let mut columns = vec![("operation".to_owned(), Align::Left)];
    columns.extend(["count", "ok", "p50", "p99", "max"].map(right));
    columns.push(("failed".to_owned(), Align::Left));
    let mut rows = Vec::new();
    for arm in arms.iter().filter(|arm| !arm.source_requests.is_empty()) {
        let mut heading: Vec<Cell> = vec![arm.name.as_str().into()];
        heading.resize_with(columns.len(), || "".into());
        rows.push(heading);
        for (operation, requests) in &arm.source_requests {
            let mut row: Vec<Cell> = vec![format!("\u{a0} {operation}").into()];
            row.extend([requests.count, requests.ok].map(|n| figures::count(n).into()));
            row.extend(
                [requests.p50_us, requests.p99_us, requests.max_us]
                    .map(|us| figures::time_or_absent(us).into()),
            );
            let failed = wording::failed_source_requests(requests);
            let tone = if failed.is_empty() {
                Tone::Plain
            } else {
                Tone::Bad
            };
            row.push(Cell {
                text: if failed.is_empty() {
                    "0".to_owned()
                } else {
                    failed
                },
                tone,
            });
            rows.push(row);
        }
    }
    Grid { columns, rows }
}

fn failures(arms: &[Arm]) -> Vec<Block> {
    let failed: Vec<_> = arms
        .iter()
        .filter(|arm| arm.outcomes.failed() > 0)
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let mut columns = vec![Column::left("arm", |arm| arm.name.clone())];
    columns.push(Column::right("failed", |arm| {
        format!(
            "{} of {}",
            figures::count(arm.outcomes.failed()),
            figures::count(arm.requests)
        )
    }));
    columns.extend(outcome_columns(arms, &[]));
    columns.push(Column::right("p50", |arm| {
        figures::time_or_absent(
            arm.failed_phases
                .as_ref()
                .and_then(|phases| phases.total.p50_us),
        )
    }));
    columns.push(Column::left(
        "where their time went",
        where_failed_time_went,
    ));
    let errors = failed.iter().flat_map(|arm| {
        arm.errors.iter().map(|error| {
            Statement::new(
                format!("{} ×", figures::count(error.count)),
                Tone::Plain,
                format!("{}: {}", arm.name, error.message),
            )
        })
    });
    let errors: Vec<_> = errors.collect();
    let mut parts = vec![Block::Grid(grid(&columns, failed))];
    if !errors.is_empty() {
        parts.push(Block::Statements(errors));
    }
    section("Failed calls", parts)
}

fn where_failed_time_went(arm: &Arm) -> String {
    let Some(phases) = &arm.failed_phases else {
        return figures::ABSENT.to_owned();
    };
    let largest = breakdown::largest_first(phases);
    let words = largest.iter().take(2).filter(|slice| slice.share >= 0.01);
    let words: Vec<_> = words
        .map(|slice| format!("{} {}", slice.name, figures::percent(slice.share)))
        .collect();
    if words.is_empty() {
        figures::ABSENT.to_owned()
    } else {
        words.join(", ")
    }
}

fn distribution(document: &Document, width: usize) -> Vec<Block> {
    let none = document
        .arms
        .iter()
        .all(|arm| arm.phases.total.histogram.is_none());
    if none || !is_drawn(document) {
        return Vec::new();
    }
    section(
        "Distribution",
        vec![Block::Drawing(histogram::draw(&document.arms, width))],
    )
}

fn findings(document: &Document) -> Vec<Block> {
    if document.findings.is_empty() {
        return Vec::new();
    }
    section(
        "Findings",
        vec![Block::Statements(
            document.findings.iter().map(wording::finding).collect(),
        )],
    )
}
