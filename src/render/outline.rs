//! What a measuring command's document says, and in which order: the answer first, then what it rests on.

use super::blocks::{Block, Cell, Columns, Statement, Tone};
use super::composition::Row;
use super::part::{Part, csv_of};
use super::renewal::{self, requests_measured};
use super::wording::{self, FAILURES};
use super::{balance, breakdown, checks, comparisons, composition, first_call, histogram, phases};
use crate::document::{
    Arm, Head, Measurement, Quantiles, SourceRequests, Stampede, Target, base_name,
};
use crate::figures;

/// More arms of different things than these are a list to look things up in; a picture of nanoseconds
/// beside tenths of a second would compare nothing.
const MOST_DRAWN: usize = 8;

pub(super) const LATENCY: &str = "Latency of successful calls";
pub(super) const PHASES: &str = "Where the time goes";

const ROW: &str = "command,arm,concurrency,calls,phase,count,\
    sum_us,mean_us,min_us,p50_us,p90_us,p99_us,p999_us,max_us";

impl Part for Measurement {
    fn outline(&self, head: &Head, width: usize) -> Vec<Block> {
        let arms = &self.arms;
        let drawn = is_drawn(head, self);
        let measured = |arm: &Arm| arm.phases.total.histogram.is_some();
        let distribution = if drawn && arms.iter().any(measured) {
            histogram::draw(arms, width)
        } else {
            Vec::new()
        };
        let findings = self.findings.iter().map(wording::finding).collect();
        let over_time = vec![Block::Drawing(renewal::timeline(arms, width))];
        let title = vec![
            Block::Title(head.command_line()),
            Block::Facts(wording::facts(head, self)),
        ];
        [
            title,
            section("In short", in_short(self, drawn, width)),
            section("Renewals", renewal::parts(arms)),
            section("The longest call over time", over_time),
            section("Worker processes", worker_processes(arms)),
            section("First call", first_call::parts(arms)),
            section(LATENCY, latency(head, self)),
            section("Zones", balance::parts(arms)),
            section(PHASES, phases::parts(arms)),
            section("Comparison", comparisons::table(self)),
            section("Checks", checks::table(self)),
            section("Credentials and connections", credentials(arms)),
            section("Failed calls", failures(arms)),
            section("Distribution", vec![Block::Drawing(distribution)]),
            section("Findings", vec![Block::Statements(findings)]),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// One row per arm, kind of call (`ok`, `failed`, `first`) and phase. Of two runs compared, the base's arms come first. An
    /// empty field could not be measured. Phases that nothing was recorded for have their row all the same, so that
    /// every arm has the same rows.
    fn csv(&self, head: &Head) -> Result<String, csv::Error> {
        let bases = self.compared.iter().flat_map(|c| &c.base_arms);
        let bases = bases.map(|arm| (base_name(&arm.name), arm));
        let own = self.arms.iter().map(|arm| (arm.name.clone(), arm));
        let mut rows = Vec::new();
        for (name, arm) in bases.chain(own) {
            let failed = arm.failed_phases.iter().map(|phases| ("failed", phases));
            let first = arm.first_call.iter().map(|first| ("first", &first.phases));
            let kinds = std::iter::once(("ok", &arm.phases))
                .chain(failed)
                .chain(first);
            for (calls, phases) in kinds {
                for (phase, of) in phases.all() {
                    let kind = (name.clone(), arm.concurrency, calls, phase);
                    rows.push((&head.command, kind, of.count, figures_of(of)));
                }
            }
        }
        csv_of(Some(ROW), rows)
    }
}

fn figures_of(quantiles: &Quantiles) -> [Option<f64>; 8] {
    [
        quantiles.sum_us,
        quantiles.mean_us,
        quantiles.min_us,
        quantiles.p50_us,
        quantiles.p90_us,
        quantiles.p99_us,
        quantiles.p999_us,
        quantiles.max_us,
    ]
}

/// Drawings and statements that are empty are left out; nothing where no parts remain.
fn section(heading: &'static str, mut parts: Vec<Block>) -> Vec<Block> {
    parts.retain(|part| match part {
        Block::Drawing(lines) => !lines.is_empty(),
        Block::Statements(statements) => !statements.is_empty(),
        _ => true,
    });
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
    let mut bars = Vec::new();
    if drawn {
        bars = composition::draw(
            &Row::of(&run.arms),
            width,
            "  mean of a successful call: ",
            |phase| phase,
        );
    }
    if !statements.is_empty() && !bars.is_empty() {
        bars.insert(0, String::new());
    }
    vec![Block::Statements(statements), Block::Drawing(bars)]
}

/// A row per arm; nothing for runs without worker processes.
fn worker_processes(arms: &[Arm]) -> Vec<Block> {
    const NOTE: &str = "Asked: requests that reached the source. At start, at expiry: processes that fetched the same \
        credentials, when none were there and when some expired.";
    let seen: Vec<(&Arm, &Stampede)> = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.stampede.as_ref()?)))
        .collect();
    if seen.is_empty() {
        return Vec::new();
    }
    let table = Columns::of(seen)
        .left("arm", |(arm, _)| arm.name.as_str())
        .right("processes", |(_, of)| of.processes)
        .right("asked", |(arm, of)| {
            of.arrived.unwrap_or(requests_measured(arm))
        })
        .right("timeouts", |(arm, _)| Cell::failures(arm.outcomes.timeout))
        .right("at start", |(_, of)| of.at_start)
        .right("at expiry", |(_, of)| of.at_expiry);
    vec![table.block(), Block::Note(NOTE.to_owned())]
}

const BATCHES: &str =
    "Of calls too short to be timed one by one, a sample is the mean of a few (“of”).";

fn latency(head: &Head, run: &Measurement) -> Vec<Block> {
    let arms = &run.arms;
    let mut parts = vec![latency_table(run)];
    if arms.iter().any(|arm| arm.calls_per_sample.is_some()) {
        parts.push(Block::Note(BATCHES.to_owned()));
    }
    if head.target != Some(Target::Cpu) {
        parts.push(Block::Facts(endpoints(arms)));
    }
    parts
}

fn latency_table(run: &Measurement) -> Block {
    let any = |has: fn(&Arm) -> bool| run.arms.iter().any(has);
    let ladder = wording::is_ladder(run);
    let arms = Columns::of(&run.arms);
    let mut columns = if ladder {
        arms.right("workers", |arm| arm.concurrency.unwrap_or(0).to_string())
    } else {
        arms.left("arm", |arm| arm.name.as_str())
    };
    if any(|arm| arm.rate_per_s.is_some()) {
        columns = columns.right("rate", |arm| arm.rate_per_s.map(figures::rate));
    }
    columns = columns.right("ok", |arm| arm.outcomes.ok);
    columns = if ladder {
        by_outcome(columns, &run.arms, &["throttled", "timeout"])
    } else {
        columns.right("failed", |arm| Cell::failures(arm.outcomes.failed()))
    };
    columns = columns
        .time("p50", |arm| arm.phases.total.p50_us)
        .time("p90", |arm| arm.phases.total.p90_us)
        .time("p99", |arm| arm.phases.total.p99_us)
        .time("max", |arm| arm.phases.total.max_us);
    if any(|arm| arm.calls_per_sample.is_some()) {
        columns = columns.right("of", |arm| arm.calls_per_sample.unwrap_or(1));
    }
    if any(|arm| arm.bytes_per_s.is_some()) {
        columns = columns.right("throughput", |arm| {
            let throughput = arm.bytes_per_s.map(figures::throughput);
            throughput.unwrap_or_default()
        });
    }
    columns.block()
}

/// One column per kind of failure that occurred, and those of `always`.
fn by_outcome<'a>(columns: Columns<&'a Arm>, arms: &[Arm], always: &[&str]) -> Columns<&'a Arm> {
    let shown = FAILURES.into_iter().filter(|(name, count)| {
        always.contains(name) || arms.iter().any(|arm| count(&arm.outcomes) > 0)
    });
    shown.fold(columns, |columns, (name, count)| {
        columns.right(name, |arm| Cell::failures(count(&arm.outcomes)))
    })
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
    let seen = |arm: &Arm| {
        let (identity, connections) = (arm.identity, arm.connections);
        identity.hit + identity.load + identity.wait + connections.fresh + connections.reused > 0
    };
    if arms.iter().any(seen) {
        let table = Columns::of(arms)
            .left("arm", |arm| arm.name.as_str())
            .right("attempts", |arm| arm.attempts)
            .right("identity hit", |arm| arm.identity.hit)
            .right("load", |arm| arm.identity.load)
            .right("wait", |arm| arm.identity.wait)
            .right("connections fresh", |arm| arm.connections.fresh)
            .right("reused", |arm| arm.connections.reused);
        parts.push(table.block());
    }
    if arms.iter().any(|arm| !arm.source_requests.is_empty()) {
        parts.push(Block::Note("Requests to the credential source:".to_owned()));
        parts.push(source_requests(arms));
    }
    parts
}

/// A line of the table of source requests: an arm's name, or one of its operations under it.
type SourceLine<'a> = (String, Option<&'a SourceRequests>);

/// The operations of each arm under its name.
fn source_requests(arms: &[Arm]) -> Block {
    let asking = arms.iter().filter(|arm| !arm.source_requests.is_empty());
    let lines = asking.flat_map(|arm| {
        let operations = arm.source_requests.iter();
        let operations =
            operations.map(|(name, requests)| (format!("\u{a0} {name}"), Some(requests)));
        std::iter::once((arm.name.clone(), None)).chain(operations)
    });
    Columns::of(lines)
        .left("operation", |row| row.0.clone())
        .right("count", |row| blank_or(row, |n| n.count))
        .right("ok", |row| blank_or(row, |n| n.ok))
        .right("p50", |row| blank_or(row, |n| n.p50_us.map(figures::time)))
        .right("p99", |row| blank_or(row, |n| n.p99_us.map(figures::time)))
        .right("max", |row| blank_or(row, |n| n.max_us.map(figures::time)))
        .left("failed", |row| {
            blank_or(row, |n| match wording::failed_source_requests(n) {
                none if none.is_empty() => "0".into(),
                failed => Cell::toned(failed, Tone::Bad),
            })
        })
        .block()
}

fn blank_or<C: Into<Cell>>(line: &SourceLine, cell: fn(&SourceRequests) -> C) -> Cell {
    line.1.map_or("".into(), |requests| cell(requests).into())
}

fn failures(arms: &[Arm]) -> Vec<Block> {
    let failed: Vec<&Arm> = arms
        .iter()
        .filter(|arm| arm.outcomes.failed() > 0)
        .collect();
    if failed.is_empty() {
        return Vec::new();
    }
    let errors = failed.iter().flat_map(|arm| {
        arm.errors.iter().map(|error| {
            let times = format!("{} ×", figures::count(error.count));
            let text = format!("{}: {}", arm.name, error.message);
            Statement::new(times, Tone::Plain, text)
        })
    });
    let errors = Block::Statements(errors.collect());
    let columns = Columns::of(failed)
        .left("arm", |arm| arm.name.as_str())
        .right("failed", |arm| {
            let [failed, of] = [arm.outcomes.failed(), arm.requests].map(figures::count);
            format!("{failed} of {of}")
        });
    let table = by_outcome(columns, arms, &[])
        .time("p50", |arm| arm.failed_phases.as_ref()?.total.p50_us)
        .left("where their time went", |arm| {
            let words = breakdown::in_words(arm.failed_phases.as_ref()?, 0.01, |phase| phase);
            Some(words).filter(|words| !words.is_empty())
        });
    vec![table.block(), errors]
}
