//! A simulation of renewal strategies.

use super::blocks::{Block, Cell, Column, Grid, Statement, Tone, left, right};
use super::part::{Part, csv_of};
use crate::document::{Head, SimulatedStrategy, SimulatedTerms, SimulationResult, word};
use crate::figures;

impl Part for SimulationResult {
    fn title(&self, _head: &Head) -> String {
        "Renewal of credentials, simulated".to_owned()
    }

    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        let outage = self.simulation.outage.is_some();
        vec![
            Block::Title(head.command_line()),
            Block::Facts(facts(&self.simulation)),
            Block::Heading("In short"),
            Block::Statements(self.strategies.iter().map(statement).collect()),
            Block::Heading("Calls"),
            Block::Grid(Grid::of(&calls(), &self.strategies)),
            Block::Heading("The source"),
            Block::Grid(Grid::of(&source(outage), &self.strategies)),
            Block::Note(EXPLAINED.to_owned()),
        ]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        csv_of(self.strategies.iter())
    }
}

const EXPLAINED: &str = "“inline” are renewals that calls had to wait for. “failed” are calls that got no \
    credentials or expired ones, which services refuse; “stale for” is how long expired ones were in use. “most in 1 s” \
    leaves out the first fetch of each process. Time is virtual: every figure is exact, and the same in every run.";

fn seconds(s: f64) -> String {
    figures::time(s * 1e6)
}

fn calls<'a>() -> Vec<Column<&'a SimulatedStrategy>> {
    vec![
        left("strategy", |s| s.name.name().into()),
        right("inline", |s| Cell::failures(s.inline_refreshes)),
        right("blocked", |s| Cell::failures(s.blocked)),
        right("longest wait", |s| seconds(s.longest_wait_s).into()),
        right("at once", |s| Cell::count(s.most_at_once)),
        right("failed", |s| Cell::failures(s.failed)),
        right("stale for", |s| seconds(s.stale_for_s).into()),
    ]
}

fn source<'a>(outage: bool) -> Vec<Column<&'a SimulatedStrategy>> {
    let mut columns: Vec<Column<&SimulatedStrategy>> = vec![
        left("strategy", |s| s.name.name().into()),
        right("fetches", |s| Cell::count(s.fetches)),
        right("most in 1 s", |s| Cell::count(s.peak_fetches_per_s)),
        right("throttled", |s| Cell::failures(s.throttled)),
    ];
    if outage {
        columns.push(right("in the outage", |s| {
            Cell::count(s.fetches_during_outage.unwrap_or(0))
        }));
        columns.push(right("recovered after", |s| match s.recovery_s {
            Some(recovery) => seconds(recovery).into(),
            None => Cell::toned("never", Tone::Bad),
        }));
    }
    columns
}

fn facts(terms: &SimulatedTerms) -> Vec<(&'static str, String)> {
    let time =
        |seconds: f64| humantime::format_duration(std::time::Duration::from_secs_f64(seconds));
    let source = match terms.renew_before_s {
        None => "issues new ones at every request, as STS does".to_owned(),
        Some(before) => format!(
            "holds them and replaces them {} before their expiry, as IMDS does",
            time(before)
        ),
    };
    let throttle = terms.source_rate_per_s.map_or_else(String::new, |rate| {
        format!(", refuses more than {}", figures::rate(rate))
    });
    let processes = match terms.processes {
        1 => "1 process".to_owned(),
        n if terms.start_over_s == 0.0 => {
            format!("{} processes that start together", figures::count(n.into()))
        }
        n => format!(
            "{} processes that start over {}",
            figures::count(n.into()),
            time(terms.start_over_s)
        ),
    };
    let mut facts = vec![
        (
            "time",
            format!("{}, virtual, seed {}", time(terms.duration_s), terms.seed),
        ),
        (
            "calls",
            format!("{} each of {processes}", figures::rate(terms.calls_per_s)),
        ),
        (
            "credentials",
            format!("valid for {}", time(terms.lifetime_s)),
        ),
        (
            "source",
            format!(
                "answers after {}, {source}{throttle}",
                time(terms.source_latency_s)
            ),
        ),
    ];
    if let Some(outage) = &terms.outage {
        let told = format!(
            "{} from {} to {}",
            word(outage.trouble),
            time(outage.from_s),
            time(outage.until_s)
        );
        facts.push(("outage", told));
    }
    facts
}

fn statement(strategy: &SimulatedStrategy) -> Statement {
    let failed = match strategy.failed {
        0 => String::new(),
        n => format!("; {} failed", figures::counted(n, "call")),
    };
    if strategy.blocked == 0 {
        let tone = if failed.is_empty() {
            Tone::Good
        } else {
            Tone::Bad
        };
        return Statement::new(
            strategy.name.name(),
            tone,
            format!("no call waited{failed}"),
        );
    }
    let text = format!(
        "{} waited in {}, the longest for {}{failed}",
        figures::counted(strategy.blocked, "call"),
        figures::counted(strategy.inline_refreshes, "renewal"),
        figures::time(strategy.longest_wait_s * 1e6),
    );
    Statement::new(strategy.name.name(), Tone::Bad, text)
}
