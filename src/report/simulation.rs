//! A simulation's result: the document, and what it says to people. Virtual time is exact, so the figures are
//! seconds and whole calls, and two runs of the same simulation are the same document.

use serde::{Deserialize, Serialize};

use super::blocks::{Align, Block, Cell, Grid, Statement, Tone};
use super::document::Tool;
use super::figures;
use super::sheet::{Sheet, csv_of};
use crate::simulation::{PlayerOutcome, Terms};

/// Strategies of renewal on a virtual clock.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulationDocument {
    pub schema: String,
    pub tool: Tool,
    /// Always `refresh`.
    pub command: String,
    pub arguments: Vec<String>,
    pub simulation: SimulatedTerms,
    pub strategies: Vec<SimulatedStrategy>,
}

/// What was simulated.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulatedTerms {
    pub duration_s: f64,
    /// From the issue of credentials to their expiry.
    pub lifetime_s: f64,
    /// From a fetch to its answer.
    pub source_latency_s: f64,
    /// How long before their expiry the source replaces the credentials that it holds; `None` for one that
    /// issues new ones at every request.
    pub renew_before_s: Option<f64>,
    /// Fetches per second before the source refuses them.
    pub source_rate_per_s: Option<f64>,
    /// Of each process.
    pub calls_per_s: f64,
    pub processes: u32,
    /// Over how long the processes start.
    pub start_over_s: f64,
    pub outage: Option<OutageWindow>,
    pub seed: u64,
}

/// When the source did not do its work.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutageWindow {
    /// `fail`, `throttle` or `hang`.
    pub trouble: String,
    pub from_s: f64,
    pub until_s: f64,
}

/// How one strategy did, over all processes.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulatedStrategy {
    pub name: String,
    /// Renewals that calls had to wait for.
    pub inline_refreshes: u64,
    /// Calls that waited for credentials.
    pub blocked: u64,
    pub longest_wait_s: f64,
    /// The most calls that waited at once.
    pub most_at_once: u64,
    /// Calls that could not succeed: `without_credentials` and `stale` together.
    pub failed: u64,
    pub without_credentials: u64,
    /// Calls made with expired credentials.
    pub stale: u64,
    /// From the first of them to the last.
    pub stale_for_s: f64,
    pub fetches: u64,
    /// Fetches that the source refused for their rate.
    pub throttled: u64,
    /// The most fetches within one second by processes that have had credentials before: the size of the
    /// stampede.
    pub peak_fetches_per_s: u64,
    /// `None` without an outage.
    pub fetches_during_outage: Option<u64>,
    /// From the end of the outage to the first call that could succeed; `None` without an outage, and
    /// where there was no such call.
    pub recovery_s: Option<f64>,
}

impl SimulatedTerms {
    #[must_use]
    pub fn of(terms: &Terms) -> Self {
        let outage = terms.outage.map(|outage| OutageWindow {
            trouble: outage.trouble.name().to_owned(),
            from_s: outage.from.as_secs_f64(),
            until_s: outage.until.as_secs_f64(),
        });
        Self {
            duration_s: terms.duration.as_secs_f64(),
            lifetime_s: terms.source.lifetime.as_secs_f64(),
            source_latency_s: terms.source.latency.as_secs_f64(),
            renew_before_s: terms.source.renew_before.map(|d| d.as_secs_f64()),
            source_rate_per_s: terms.source.rate_per_s,
            calls_per_s: 1.0 / terms.call_every.as_secs_f64(),
            processes: terms.processes,
            start_over_s: terms.start_over.as_secs_f64(),
            outage,
            seed: terms.seed,
        }
    }
}

impl SimulatedStrategy {
    /// `outage` says whether there was one.
    #[must_use]
    pub fn of(outcome: &PlayerOutcome, outage: bool) -> Self {
        Self {
            name: outcome.player.name().to_owned(),
            inline_refreshes: outcome.inline_refreshes,
            blocked: outcome.blocked,
            longest_wait_s: outcome.longest_wait.as_secs_f64(),
            most_at_once: outcome.most_at_once,
            failed: outcome.failed(),
            without_credentials: outcome.without,
            stale: outcome.stale,
            stale_for_s: outcome.stale_for.as_secs_f64(),
            fetches: outcome.fetches,
            throttled: outcome.throttled,
            peak_fetches_per_s: outcome.peak_fetches_per_s,
            fetches_during_outage: outage.then_some(outcome.fetches_during_outage),
            recovery_s: outcome.recovery.map(|recovery| recovery.as_secs_f64()),
        }
    }
}

impl Sheet for SimulationDocument {
    fn title(&self) -> String {
        "Renewal of credentials, simulated".to_owned()
    }

    fn outline(&self) -> Vec<Block> {
        let command = format!("{} {}", self.tool.name, self.arguments.join(" "));
        vec![
            Block::Title(command),
            Block::Facts(facts(&self.simulation)),
            Block::Heading("In short"),
            Block::Statements(self.strategies.iter().map(statement).collect()),
            Block::Heading("Calls"),
            Block::Grid(grid(&calls(), &self.strategies)),
            Block::Heading("The source"),
            Block::Grid(grid(
                &source(self.simulation.outage.is_some()),
                &self.strategies,
            )),
            Block::Note(EXPLAINED.to_owned()),
        ]
    }

    fn csv(&self) -> Result<String, csv::Error> {
        csv_of(self.strategies.iter())
    }
}

const EXPLAINED: &str = "“inline” are renewals that calls had to wait for. “failed” are calls that got no \
    credentials or expired ones, which services refuse; “stale for” is how long expired ones were in use. “most in 1 s” \
    leaves out the first fetch of each process. Time is virtual: every figure is exact, and the same in every run.";

/// How a column gets its text from a strategy, and when that is bad news.
struct Column {
    name: &'static str,
    text: fn(&SimulatedStrategy) -> String,
    bad: fn(&SimulatedStrategy) -> bool,
}

impl Column {
    fn plain(name: &'static str, text: fn(&SimulatedStrategy) -> String) -> Self {
        Self {
            name,
            text,
            bad: |_| false,
        }
    }
}

fn seconds(s: f64) -> String {
    figures::time(s * 1e6)
}

fn calls() -> Vec<Column> {
    vec![
        Column {
            bad: |s| s.inline_refreshes > 0,
            ..Column::plain("inline", |s| figures::count(s.inline_refreshes))
        },
        Column {
            bad: |s| s.blocked > 0,
            ..Column::plain("blocked", |s| figures::count(s.blocked))
        },
        Column::plain("longest wait", |s| seconds(s.longest_wait_s)),
        Column::plain("at once", |s| figures::count(s.most_at_once)),
        Column {
            bad: |s| s.failed > 0,
            ..Column::plain("failed", |s| figures::count(s.failed))
        },
        Column::plain("stale for", |s| seconds(s.stale_for_s)),
    ]
}

fn source(outage: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::plain("fetches", |s| figures::count(s.fetches)),
        Column::plain("most in 1 s", |s| figures::count(s.peak_fetches_per_s)),
        Column {
            bad: |s| s.throttled > 0,
            ..Column::plain("throttled", |s| figures::count(s.throttled))
        },
    ];
    if outage {
        columns.push(Column::plain("in the outage", |s| {
            figures::count(s.fetches_during_outage.unwrap_or(0))
        }));
        columns.push(Column {
            bad: |s| s.recovery_s.is_none(),
            ..Column::plain("recovered after", |s| {
                s.recovery_s.map_or("never".to_owned(), seconds)
            })
        });
    }
    columns
}

fn grid(columns: &[Column], strategies: &[SimulatedStrategy]) -> Grid {
    let cell = |column: &Column, strategy: &SimulatedStrategy| Cell {
        text: (column.text)(strategy),
        tone: if (column.bad)(strategy) {
            Tone::Bad
        } else {
            Tone::Plain
        },
    };
    let row = |strategy: &SimulatedStrategy| {
        let figures = columns.iter().map(|column| cell(column, strategy));
        std::iter::once(strategy.name.as_str().into())
            .chain(figures)
            .collect()
    };
    let names = columns
        .iter()
        .map(|column| (column.name.to_owned(), Align::Right));
    Grid {
        columns: std::iter::once(("strategy".to_owned(), Align::Left))
            .chain(names)
            .collect(),
        rows: strategies.iter().map(row).collect(),
    }
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
            outage.trouble,
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
        return Statement::new(&strategy.name, tone, format!("no call waited{failed}"));
    }
    let text = format!(
        "{} waited in {}, the longest for {}{failed}",
        figures::counted(strategy.blocked, "call"),
        figures::counted(strategy.inline_refreshes, "renewal"),
        figures::time(strategy.longest_wait_s * 1e6),
    );
    Statement::new(&strategy.name, Tone::Bad, text)
}
