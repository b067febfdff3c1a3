//! `refresh`: what an expiry does to calls, by who renews the credentials.

mod arm;
mod findings;
mod live;
mod parse;
mod renewals;
mod simulated;
mod thread;

use std::time::Duration;

use clap::Args;

use super::command::{Command, Kind};
use crate::run::{self, MeasuringOptions};
use crate::simulation::{Outage, Player, Trouble};
use crate::strategies::Windows;
use parse::{player, trouble};

/// Compare who renews credentials: what an expiry does to calls, live or on a virtual clock
///
/// Live, each strategy gets 100 calls per second for 100 seconds unless --rate, --duration or --requests say
/// otherwise; with --lab alone, of credentials that last 30 seconds and take a second to fetch.
#[derive(Args, Clone, Debug)]
pub struct RefreshArgs {
    /// Who renews: lazy, advisory, refresher, swapper, file-cache; with --simulate also the Go package's go,
    /// go-refresher, go-refresher-10m-window, go-swapper, go-swapper-failed-tick [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = player)]
    strategies: Vec<Player>,

    #[command(flatten)]
    expiry: ExpiryOptions,
    #[command(flatten)]
    simulation: SimulationOptions,
    #[command(flatten)]
    options: MeasuringOptions,
}

/// What the source of the credentials does, in the lab and in simulations.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Expiry")]
struct ExpiryOptions {
    /// From the issue of credentials to their expiry [default: 30s in the lab, 1h simulated]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    lifetime: Option<Duration>,

    /// How long before the expiry the source has new ones [default: as the scenario says; simulated: new ones
    /// at every request, and 5m where there is an outage]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    renew_before: Option<Duration>,

    /// From a request for credentials to its answer [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    source_delay: Option<Duration>,

    /// Begin to renew this long before the expiry, and wait from a fifteenth of it on [default: by the lifetime]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    window: Option<Duration>,

    /// The source does not do its work around the first expiry: fail, throttle or hang
    #[arg(long, value_name = "TROUBLE", num_args = 0..=1, default_missing_value = "fail", value_parser = trouble)]
    outage: Option<Trouble>,

    /// The outage begins this long before the first expiry [default: a twelfth of the lifetime]
    #[arg(long, value_name = "DURATION", requires = "outage", value_parser = run::duration)]
    outage_before: Option<Duration>,

    /// … and ends this long after it [default: a sixth of the lifetime]
    #[arg(long, value_name = "DURATION", requires = "outage", value_parser = run::duration)]
    outage_after: Option<Duration>,
}

impl ExpiryOptions {
    fn windows(&self) -> Option<Windows> {
        self.window.map(|advisory| Windows {
            advisory,
            mandatory: Duration::from_mins(1).min(advisory / 15),
        })
    }

    /// The trouble of the source, counted from when the credentials are issued.
    fn outage(&self, lifetime: Duration) -> Option<Outage> {
        let before = self.outage_before.unwrap_or(lifetime / 12);
        let after = self.outage_after.unwrap_or(lifetime / 6);
        self.outage.map(|trouble| Outage {
            trouble,
            from: lifetime.saturating_sub(before),
            until: lifetime + after,
        })
    }
}

/// What only a simulation has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Simulation")]
struct SimulationOptions {
    /// Let this much virtual time pass instead of measuring, and count exactly
    #[arg(long, value_name = "DURATION", value_parser = run::duration, conflicts_with = "lab")]
    simulate: Option<Duration>,

    /// Processes that fetch from the one source
    #[arg(long, value_name = "N", default_value_t = 1, requires = "simulate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    processes: u32,

    /// The processes start over this long, evenly [default: all at once]
    #[arg(long, value_name = "DURATION", requires = "simulate", value_parser = run::duration)]
    start_over: Option<Duration>,

    /// Fetches per second that the source does not refuse
    #[arg(long, value_name = "PER_SECOND", requires = "simulate", value_parser = run::rate)]
    source_rate: Option<f64>,
}

impl From<RefreshArgs> for Command {
    fn from(args: RefreshArgs) -> Self {
        let MeasuringOptions { output, checks, .. } = args.options.clone();
        match args.simulation.simulate {
            Some(duration) => {
                let run = simulated::run(args, duration);
                Self::new(Kind::Counts, output, checks, run)
            }
            None => Self::new(Kind::Latencies, output, checks, live::run(args)),
        }
    }
}
