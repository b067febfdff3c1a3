//! What a measuring command's report for people says, and in which order: the answer first, then what it rests on.

use super::balance;
use super::blocks::{Block, Cell, Column, Grid, Statement, Tone, left, right};
use super::breakdown;
use super::checks;
use super::comparisons;
use super::composition;
use super::histogram;
use super::phases;
use super::renewal;
use super::stampede;
use super::wording;
use crate::document::{Arm, Head, Measurement, Outcomes, Phases, SourceRequests, Target};
use crate::figures;

/// More arms of different things than these are a list to look things up in; a picture of nanoseconds
/// beside tenths of a second would compare nothing.
const MOST_DRAWN: usize = 8;

pub(super) const LATENCY: &str = "Latency of successful calls";

/// The parts of the report; drawings come out `width` columns wide.
pub(super) fn of(head: &Head, run: &Measurement, width: usize) -> Vec<Block> {
    let mut blocks = vec![
        Block::Title(head.command_line()),
        Block::Facts(wording::facts(head, run)),
    ];
    let drawn = is_drawn(head, run);
    blocks.extend(in_short(run, drawn, width));
    blocks.extend(renewal::section(&run.arms, width));
    blocks.extend(stampede::section(&run.arms));
    blocks.extend(latency(head, run));
    blocks.extend(balance::section(&run.arms));
    blocks.extend(phases::section(&run.arms));
    blocks.extend(comparisons::table(run));
    blocks.extend(checks::table(run));
    blocks.extend(credentials(&run.arms));
    blocks.extend(failures(&run.arms));
    if drawn
        && run
            .arms
            .iter()
            .any(|arm| arm.phases.total.histogram.is_some())
    {
        let drawing = Block::Drawing(histogram::draw(&run.arms, width));
        blocks.extend(section("Distribution", vec![drawing]));
    }
    if !run.findings.is_empty() {
        let findings = run.findings.iter().map(wording::finding).collect();
        blocks.extend(section("Findings", vec![Block::Statements(findings)]));
    }
    blocks
}

fn section(heading: &'static str, mut parts: Vec<Block>) -> Vec<Block> {
    if !parts.is_empty() {
        parts.insert(0, Block::Heading(heading));
    }
    parts
}

/// Whether pictures of all arms on one scale say anything.
pub(super) fn is_drawn(head: &Head, run: &Measurement) -> bool {
    head.target != Some(Target::Cpu) || run.arms.len() <= MOST_DRAWN
}

fn in_short(run: &Measurement, drawn: bool, width: usize) -> Vec<Block> {
    let mut statements = wording::caveats(run);
    statements.extend(checks::in_short(run));
    statements.extend(comparisons::in_short(run));
    statements.extend(run.findings.iter().map(wording::finding_in_short));
    let mut parts = Vec::new();
    if !statements.is_empty() {
        parts.push(Block::Statements(statements));
    }
    let mut bars = if drawn {
        composition::draw(&run.arms, width)
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

const BATCHES: &str =
    "Of calls too short to be timed one by one, a sample is the mean of a few (“of”).";

fn latency(head: &Head, run: &Measurement) -> Vec<Block> {
    let arms = &run.arms;
    let mut parts = vec![Block::Grid(Grid::of(&latency_columns(run), arms))];
    if arms.iter().any(|arm| arm.calls_per_sample.is_some()) {
        parts.push(Block::Note(BATCHES.to_owned()));
    }
    if head.target != Some(Target::Cpu) {
        parts.push(Block::Facts(endpoints(arms)));
    }
    section(LATENCY, parts)
}

fn latency_columns(run: &Measurement) -> Vec<Column<&Arm>> {
    let any = |has: fn(&Arm) -> bool| run.arms.iter().any(has);
    let ladder = wording::is_ladder(run);
    let mut columns: Vec<Column<&Arm>> = vec![if ladder {
        right("workers", |arm| {
            arm.concurrency.unwrap_or(0).to_string().into()
        })
    } else {
        left("arm", |arm| arm.name.as_str().into())
    }];
    if any(|arm| arm.rate_per_s.is_some()) {
        columns.push(right("rate", |arm| {
            arm.rate_per_s
                .map_or(figures::ABSENT.to_owned(), figures::rate)
                .into()
        }));
    }
    columns.push(right("ok", |arm| Cell::count(arm.outcomes.ok)));
    if ladder {
        columns.extend(outcome_columns(&run.arms, &["throttled", "timeout"]));
    } else {
        columns.push(right("failed", |arm| Cell::failures(arm.outcomes.failed())));
    }
    columns.push(right("p50", |arm| Cell::time(arm.phases.total.p50_us)));
    columns.push(right("p90", |arm| Cell::time(arm.phases.total.p90_us)));
    columns.push(right("p99", |arm| Cell::time(arm.phases.total.p99_us)));
    columns.push(right("max", |arm| Cell::time(arm.phases.total.max_us)));
    if any(|arm| arm.calls_per_sample.is_some()) {
        columns.push(right("of", |arm| {
            Cell::count(arm.calls_per_sample.unwrap_or(1))
        }));
    }
    if any(|arm| arm.bytes_per_s.is_some()) {
        columns.push(right("throughput", |arm| {
            arm.bytes_per_s
                .map_or_else(String::new, figures::throughput)
                .into()
        }));
    }
    columns
}

/// How many calls of an arm ended so, and their column.
type OutcomeColumn<'a> = (fn(&Outcomes) -> u64, Column<&'a Arm>);

/// One column per kind of failure that occurred, and those of `always`.
fn outcome_columns<'a>(arms: &[Arm], always: &[&str]) -> Vec<Column<&'a Arm>> {
    let columns: [OutcomeColumn; 5] = [
        (
            |o| o.throttled,
            right("throttled", |arm| Cell::failures(arm.outcomes.throttled)),
        ),
        (
            |o| o.denied,
            right("denied", |arm| Cell::failures(arm.outcomes.denied)),
        ),
        (
            |o| o.timeout,
            right("timeout", |arm| Cell::failures(arm.outcomes.timeout)),
        ),
        (
            |o| o.connect,
            right("connect", |arm| Cell::failures(arm.outcomes.connect)),
        ),
        (
            |o| o.other,
            right("other", |arm| Cell::failures(arm.outcomes.other)),
        ),
    ];
    let columns = columns.into_iter().filter(|(count, column)| {
        always.contains(&column.name) || arms.iter().any(|arm| count(&arm.outcomes) > 0)
    });
    columns.map(|(_, column)| column).collect()
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
    let columns: [Column<&Arm>; 7] = [
        left("arm", |arm| arm.name.as_str().into()),
        right("attempts", |arm| Cell::count(arm.attempts)),
        right("identity hit", |arm| Cell::count(arm.identity.hit)),
        right("load", |arm| Cell::count(arm.identity.load)),
        right("wait", |arm| Cell::count(arm.identity.wait)),
        right("connections fresh", |arm| {
            Cell::count(arm.connections.fresh)
        }),
        right("reused", |arm| Cell::count(arm.connections.reused)),
    ];
    let seen = |arm: &Arm| {
        let (identity, connections) = (arm.identity, arm.connections);
        identity.hit + identity.load + identity.wait + connections.fresh + connections.reused > 0
    };
    if arms.iter().any(seen) {
        parts.push(Block::Grid(Grid::of(&columns, arms)));
    }
    if arms.iter().any(|arm| !arm.source_requests.is_empty()) {
        parts.push(Block::Note("Requests to the credential source:".to_owned()));
        parts.push(Block::Grid(source_requests(arms)));
    }
    section("Credentials and connections", parts)
}

/// A line of the table of source requests: an arm's name, or one of its operations under it.
type SourceLine<'a> = (String, Option<&'a SourceRequests>);

/// The operations of each arm under its name.
fn source_requests(arms: &[Arm]) -> Grid {
    let asking = arms.iter().filter(|arm| !arm.source_requests.is_empty());
    let lines = asking.flat_map(|arm| {
        let operations = arm.source_requests.iter();
        let operations =
            operations.map(|(name, requests)| (format!("\u{a0} {name}"), Some(requests)));
        std::iter::once((arm.name.clone(), None)).chain(operations)
    });
    let columns: [Column<SourceLine>; 7] = [
        left("operation", |line| line.0.as_str().into()),
        right("count", |line| blank_or(line, |n| Cell::count(n.count))),
        right("ok", |line| blank_or(line, |n| Cell::count(n.ok))),
        right("p50", |line| blank_or(line, |n| Cell::time(n.p50_us))),
        right("p99", |line| blank_or(line, |n| Cell::time(n.p99_us))),
        right("max", |line| blank_or(line, |n| Cell::time(n.max_us))),
        left("failed", |line| {
            blank_or(line, |n| match wording::failed_source_requests(n) {
                none if none.is_empty() => "0".into(),
                failed => Cell::toned(failed, Tone::Bad),
            })
        }),
    ];
    Grid::of(&columns, lines)
}

fn blank_or(line: &SourceLine, cell: fn(&SourceRequests) -> Cell) -> Cell {
    line.1.map_or("".into(), cell)
}

fn failures(arms: &[Arm]) -> Vec<Block> {
    let failed: Vec<&Arm> = arms
        .iter()
        .filter(|arm| arm.outcomes.failed() > 0)
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let mut columns: Vec<Column<&Arm>> = vec![
        left("arm", |arm| arm.name.as_str().into()),
        right("failed", |arm| {
            let [failed, of] = [arm.outcomes.failed(), arm.requests].map(figures::count);
            format!("{failed} of {of}").into()
        }),
    ];
    columns.extend(outcome_columns(arms, &[]));
    columns.push(right("p50", |arm| {
        Cell::time(
            arm.failed_phases
                .as_ref()
                .and_then(|phases| phases.total.p50_us),
        )
    }));
    columns.push(left("where their time went", |arm| {
        let phases = arm.failed_phases.as_ref();
        phases
            .map_or(figures::ABSENT.to_owned(), where_time_went)
            .into()
    }));
    let errors = failed.iter().flat_map(|arm| {
        arm.errors.iter().map(|error| {
            let times = format!("{} ×", figures::count(error.count));
            Statement::new(
                times,
                Tone::Plain,
                format!("{}: {}", arm.name, error.message),
            )
        })
    });
    let errors: Vec<_> = errors.collect();
    let mut parts = vec![Block::Grid(Grid::of(&columns, failed))];
    if !errors.is_empty() {
        parts.push(Block::Statements(errors));
    }
    section("Failed calls", parts)
}

fn where_time_went(phases: &Phases) -> String {
    match breakdown::in_words(phases, 0.01) {
        words if words.is_empty() => figures::ABSENT.to_owned(),
        words => words,
    }
}
