//! Options that several subcommands share, as typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::failure::Failure;
use super::lab::load_scenario;
use crate::client::unusable;
use crate::credentials::Source;
use crate::document::Document;
use crate::document::threshold::{self, Threshold};
use crate::lab::Scenario;
use crate::measure::{Arrivals, Pacing, Plan, Rate};
use crate::render::{Chart, Format};

/// What `--lab` alone stands for, but for commands that have a scenario of their own.
pub const USUAL_SCENARIO: &str = "default";

/// What to measure, and with which credentials.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Target")]
pub struct TargetOptions {
    /// Measure the embedded lab instead of AWS: a built-in scenario or a TOML file
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = USUAL_SCENARIO)]
    pub lab: Option<String>,

    /// AWS Region [default: as configured]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Profile of the shared AWS configuration files [default: as configured]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Send the measured calls to this endpoint
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub endpoint_url: Option<String>,

    /// Where credentials come from [default: chain; on the lab what its scenario is about]
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<Source>,

    /// The role to assume, for `--source assume-role` and for operations that assume one
    #[arg(long, value_name = "ARN", hide_short_help = true)]
    pub role_arn: Option<String>,

    /// Give up on a call after this long, retries included
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,
}

impl TargetOptions {
    /// The lab's scenario, where the lab is measured; `usual` takes the place of the [usual one](USUAL_SCENARIO).
    pub(crate) fn scenario(&self, usual: &str) -> Result<Option<Scenario>, Failure> {
        let named = |name| if name == USUAL_SCENARIO { usual } else { name };
        let name = self.lab.as_deref().map(named);
        name.map(load_scenario).transpose()
    }
}

/// More first calls than this are a load on a source of credentials.
const MOST_FIRST: u64 = 100;

/// How much to measure.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load")]
pub struct LoadOptions {
    /// Calls per variant [default: 200, unless --duration is given]
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub requests: Option<u64>,

    /// Begin no call after this long; those under way then end by themselves or by --timeout
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,

    /// Time the first call of each variant in this many fresh clients, before the warm-up
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = first_calls, allow_negative_numbers = true, hide_short_help = true)]
    pub first: u64,

    /// Calls per variant to make first, unmeasured [default: 10]
    #[arg(long, value_name = "N", value_parser = whole, allow_negative_numbers = true, hide_short_help = true)]
    pub warmup: Option<u64>,

    /// Orders the variants' calls; with the same seed, in the same order
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole, hide_short_help = true)]
    pub seed: u64,
}

/// What the results are held to.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Checks")]
pub struct CheckOptions {
    /// End with exit code 1 if this is so: 'regional.total.p99 > 250ms', 'failed > 1%'
    ///
    /// Can be given several times. Against the base of a comparison: 'identity.p99 > 5%'. docs/thresholds.md has
    /// the grammar.
    #[arg(long, value_name = "EXPRESSION")]
    pub fail_if: Vec<Threshold>,
}

impl CheckOptions {
    /// Finds out before measuring whether arms of these names are what the checks speak of; the first is the
    /// one that the others are compared with.
    ///
    /// # Errors
    ///
    /// If they speak of others.
    pub fn meant_for_arms(&self, names: &[String]) -> Result<(), Failure> {
        let arms = names.iter().enumerate();
        let arms: Vec<(&str, bool)> = arms.map(|(n, name)| (name.as_str(), n > 0)).collect();
        self.meant(&arms)
    }

    /// The same for a document that is there already.
    ///
    /// # Errors
    ///
    /// If the checks speak of arms that it does not have, or it holds no latencies at all.
    pub fn meant_for(&self, document: &Document) -> Result<(), Failure> {
        match document.measured() {
            Some(measurement) => {
                let arms = threshold::bases(measurement).into_iter();
                let arms = arms.map(|(arm, base)| (arm.name.as_str(), base.is_some()));
                self.meant(&arms.collect::<Vec<_>>())
            }
            None => self.none(),
        }
    }

    /// For results that have nothing that a check could speak of.
    ///
    /// # Errors
    ///
    /// If there is a check.
    pub fn none(&self) -> Result<(), Failure> {
        if self.fail_if.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            anyhow::anyhow!("--fail-if speaks of latencies and calls, and this result has none"),
            "leave out --fail-if, or measure calls",
        ))
    }

    fn meant(&self, arms: &[(&str, bool)]) -> Result<(), Failure> {
        let refused = |error: threshold::ParseError| {
            let wrong = anyhow::anyhow!("--fail-if: {}", error.pointed());
            Failure::new(wrong, error.hint)
        };
        let mut thresholds = self.fail_if.iter();
        thresholds.try_for_each(|threshold| threshold.meant_for(arms).map_err(refused))
    }
}

/// When calls begin.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load")]
pub struct PacingOptions {
    /// Workers, each making one call after the other [default: 1]
    ///
    /// With --rate, calls under way at once at most [default: 1024].
    #[arg(short, long, value_name = "N", value_parser = workers)]
    pub concurrency: Option<usize>,

    /// Begin this many calls per second and variant, whatever became of those before
    ///
    /// This is an open loop: latency then counts from the planned start.
    #[arg(long, value_name = "PER_SECOND", value_parser = rate, allow_negative_numbers = true)]
    pub rate: Option<f64>,

    /// How the planned starts are spaced
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Arrivals::Constant, requires = "rate", hide_short_help = true)]
    pub arrivals: Arrivals,
}

/// Calls per arm when the user says nothing: enough for a p90, and polite to a real endpoint.
const REQUESTS: u64 = 200;

/// Calls per arm before measuring when the user says nothing.
const WARMUP: u64 = 10;

/// What commands that time calls have in common.
#[derive(Args, Clone, Debug)]
pub struct MeasuringOptions {
    #[command(flatten)]
    pub load: LoadOptions,
    #[command(flatten)]
    pub pacing: PacingOptions,
    #[command(flatten)]
    pub target: TargetOptions,
    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

impl MeasuringOptions {
    /// Where credentials come from.
    pub(crate) fn source(&self) -> Source {
        self.target.source().unwrap_or(Source::Chain)
    }

    /// The plan that the options describe.
    pub(crate) fn plan(&self) -> Plan {
        let (load, pacing) = (&self.load, &self.pacing);
        let usual = load.duration.is_none().then_some(REQUESTS);
        let pacing = match pacing.rate {
            None => Pacing::Closed {
                workers: pacing.concurrency.unwrap_or(1),
            },
            Some(per_s) => Pacing::Open {
                rate: Rate {
                    per_s,
                    arrivals: pacing.arrivals,
                },
                most_in_flight: pacing.concurrency.unwrap_or(MOST_WORKERS),
            },
        };
        Plan {
            requests: load.requests.or(usual),
            duration: load.duration,
            first: load.first,
            warmup: load.warmup.unwrap_or(WARMUP),
            pacing,
            seed: load.seed,
        }
    }
}

/// Where results go, and how they look.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Form of the results
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,

    /// Everything that was measured, not the first screen alone
    #[arg(long)]
    pub details: bool,

    /// The picture that `--format svg` draws
    #[arg(
        long,
        value_enum,
        value_name = "CHART",
        default_value_t,
        hide_short_help = true
    )]
    pub chart: Chart,

    /// Write the results to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub console: Console,

    /// Colour in tables
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_short_help = true
    )]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When stdout is a terminal and `NO_COLOR` is not set
    #[default]
    Auto,
    Always,
    Never,
}

/// Each value once, where it first stands.
pub(crate) fn distinct<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Parses `250ms`, `10s`, `1h 30m`; zero is refused.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let hint = "expected a number with a unit, such as 250ms, 10s or 1m";
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err(format!("must be longer than zero; {hint}")),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; {hint}")),
    }
}

/// Parses a number of things of which there must be one.
pub(crate) fn at_least_one(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("expected a whole number from 1".to_owned()),
    }
}

/// Parses a number of first calls that a source can bear.
fn first_calls(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(n) if (1..=MOST_FIRST).contains(&n) => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {MOST_FIRST}")),
    }
}

/// Parses a number of things of which there may be none.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    let refused = |_| "expected a whole number from 0".to_owned();
    text.parse().map_err(refused)
}

/// Parses the URL of an endpoint.
fn endpoint(text: &str) -> Result<String, String> {
    unusable(text).map_or_else(|| Ok(text.to_owned()), Err)
}

/// Parses calls per second that a generator can pace.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= HIGHEST_RATE => Ok(rate),
        _ => Err(format!(
            "expected calls per second, above 0 and up to {HIGHEST_RATE}"
        )),
    }
}

/// A higher rate than this one generator cannot pace.
const HIGHEST_RATE: f64 = 100_000.0;

/// Parses a number of workers that measures more than the machine's scheduler.
pub(crate) fn workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(workers @ 1..=MOST_WORKERS) => Ok(workers),
        _ => Err(format!(
            "expected a number of workers from 1 to {MOST_WORKERS}"
        )),
    }
}

/// More workers than this measure the machine's scheduler.
const MOST_WORKERS: usize = 1024;
