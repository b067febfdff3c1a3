//! A simulation of renewal strategies.

use std::time::Duration;

use super::blocks::{Block, Cell, Columns, Grid, Statement, Tone};
use super::part::{Part, csv_of};
use crate::document::{Head, SimulatedTerms, SimulationResult, word};
use crate::figures::{self, seconds};

impl Part for SimulationResult {
    fn title(&self, _head: &Head) -> String {
        "Renewal of credentials, simulated".to_owned()
    }

    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        vec![
            Block::Title(head.command_line()),
            Block::Facts(facts(&self.simulation)),
            Block::Heading("In short"),
            Block::Statements(statements(self)),
            Block::Heading("Calls"),
            Block::Grid(calls(self)),
            Block::Heading("The source"),
            source(self),
            Block::Note(EXPLAINED.to_owned()),
        ]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        csv_of(None, &self.strategies)
    }
}

const EXPLAINED: &str = "“inline” are renewals that calls had to wait for. “failed” are calls that got no \
    credentials or expired ones, which services refuse; “stale for” is how long expired ones were in use. “most in 1 s” \
    leaves out the first fetch of each process. Time is virtual: every figure is exact, and the same in every run.";

pub(super) fn calls(result: &SimulationResult) -> Grid {
    Columns::of(&result.strategies)
        .left("strategy", |s| s.name.name())
        .right("inline", |s| Cell::failures(s.inline_refreshes))
        .right("blocked", |s| Cell::failures(s.blocked))
        .right("longest wait", |s| seconds(s.longest_wait_s))
        .right("at once", |s| s.most_at_once)
        .right("failed", |s| Cell::failures(s.failed))
        .right("stale for", |s| seconds(s.stale_for_s))
        .grid()
}

fn source(result: &SimulationResult) -> Block {
    let mut columns = Columns::of(&result.strategies)
        .left("strategy", |s| s.name.name())
        .right("fetches", |s| s.fetches)
        .right("most in 1 s", |s| s.peak_fetches_per_s)
        .right("throttled", |s| Cell::failures(s.throttled));
    if result.simulation.outage.is_some() {
        columns = columns
            .right("in the outage", |s| s.fetches_during_outage.unwrap_or(0))
            .right("recovered after", |s| match s.recovery_s {
                Some(recovery) => seconds(recovery).into(),
                None => Cell::toned("never", Tone::Bad),
            });
    }
    columns.block()
}

pub(super) fn facts(terms: &SimulatedTerms) -> Vec<(&'static str, String)> {
    let time = |seconds: f64| humantime::format_duration(Duration::from_secs_f64(seconds));
    let source = match terms.renew_before_s.map(time) {
        None => "issues new ones at every request, as STS does".to_owned(),
        Some(before) => {
            format!("holds them and replaces them {before} before their expiry, as IMDS does")
        }
    };
    let throttle = terms.source_rate_per_s.map_or_else(String::new, |rate| {
        format!(", refuses more than {}", figures::rate(rate))
    });
    let processes = match terms.processes {
        1 => "1 process".to_owned(),
        n => {
            let how = match terms.start_over_s {
                0.0 => "together".to_owned(),
                over => format!("over {}", time(over)),
            };
            format!("{} processes that start {how}", figures::count(n.into()))
        }
    };
    let [duration, lifetime, latency] =
        [terms.duration_s, terms.lifetime_s, terms.source_latency_s].map(time);
    let rate = figures::rate(terms.calls_per_s);
    let mut facts = vec![
        ("time", format!("{duration}, virtual, seed {}", terms.seed)),
        ("calls", format!("{rate} each of {processes}")),
        ("credentials", format!("valid for {lifetime}")),
        (
            "source",
            format!("answers after {latency}, {source}{throttle}"),
        ),
    ];
    if let Some(outage) = &terms.outage {
        let [from, until] = [outage.from_s, outage.until_s].map(time);
        let told = format!("{} from {from} to {until}", word(outage.trouble));
        facts.push(("outage", told));
    }
    facts
}

fn statements(result: &SimulationResult) -> Vec<Statement> {
    let statements = result.strategies.iter().map(|strategy| {
        let waited = match strategy.blocked {
            0 => "no call waited".to_owned(),
            blocked => format!(
                "{} waited in {}, the longest for {}",
                figures::counted(blocked, "call"),
                figures::counted(strategy.inline_refreshes, "renewal"),
                seconds(strategy.longest_wait_s),
            ),
        };
        let failed = match strategy.failed {
            0 => String::new(),
            n => format!("; {} failed", figures::counted(n, "call")),
        };
        let tone = match (strategy.blocked, strategy.failed) {
            (0, 0) => Tone::Good,
            _ => Tone::Bad,
        };
        Statement::new(strategy.name.name(), tone, waited + &failed)
    });
    statements.collect()
}
