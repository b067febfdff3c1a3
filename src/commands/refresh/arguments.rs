//! The options of `refresh`, as typed.

use std::time::Duration;

use clap::Args;

use crate::nearest::nearest;
use crate::run::{self, MeasuringOptions};
use crate::simulation::{Outage, Player, Trouble};
use crate::strategies::Windows;

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench refresh --lab                            who waits when credentials expire, in 100 s
  awscreds-bench refresh --simulate 24h --lifetime 1h     a day, exact, in a second
  awscreds-bench refresh --simulate 24h --outage hang     and when the source does not answer";

/// Compare who renews credentials: what an expiry does to calls, live or on a virtual clock
///
/// Live, each strategy gets 100 calls per second for 100 seconds unless --rate, --duration or --requests say
/// otherwise; with --lab alone, of credentials that last 30 seconds and take a second to fetch.
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct RefreshArgs {
    /// Who renews: lazy, advisory, refresher, swapper, file-cache; with --simulate also the Go package's go,
    /// go-refresher, go-refresher-10m-window, go-swapper, go-swapper-failed-tick [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = player)]
    pub(super) strategies: Vec<Player>,

    #[command(flatten)]
    pub(super) expiry: ExpiryOptions,
    #[command(flatten)]
    pub(super) simulation: SimulationOptions,
    #[command(flatten)]
    pub(super) options: MeasuringOptions,
}

/// What the source of the credentials does, in the lab and in simulations.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Expiry")]
pub(super) struct ExpiryOptions {
    /// From the issue of credentials to their expiry [default: 30s in the lab, 1h simulated]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    pub(super) lifetime: Option<Duration>,

    /// How long before the expiry the source has new ones [default: as the scenario says; simulated: new ones
    /// at every request, and 5m where there is an outage]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    pub(super) renew_before: Option<Duration>,

    /// From a request for credentials to its answer [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    pub(super) source_delay: Option<Duration>,

    /// Begin to renew this long before the expiry, and wait from a fifteenth of it on [default: by the lifetime]
    #[arg(long, value_name = "DURATION", value_parser = run::duration)]
    pub(super) window: Option<Duration>,

    /// The source does not do its work around the first expiry: fail, throttle or hang
    #[arg(long, value_name = "TROUBLE", num_args = 0..=1, default_missing_value = "fail", value_parser = trouble)]
    pub(super) outage: Option<Trouble>,

    /// The outage begins this long before the first expiry [default: a twelfth of the lifetime]
    #[arg(long, value_name = "DURATION", requires = "outage", value_parser = run::duration)]
    pub(super) outage_before: Option<Duration>,

    /// … and ends this long after it [default: a sixth of the lifetime]
    #[arg(long, value_name = "DURATION", requires = "outage", value_parser = run::duration)]
    pub(super) outage_after: Option<Duration>,
}

impl ExpiryOptions {
    pub(super) fn windows(&self) -> Option<Windows> {
        self.window.map(|advisory| Windows {
            advisory,
            mandatory: Duration::from_mins(1).min(advisory / 15),
        })
    }

    /// The trouble of the source, counted from when the credentials are issued.
    pub(super) fn outage(&self, lifetime: Duration) -> Option<Outage> {
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
pub(super) struct SimulationOptions {
    /// Let this much virtual time pass instead of measuring, and count exactly
    #[arg(long, value_name = "DURATION", value_parser = run::duration, conflicts_with = "lab")]
    pub(super) simulate: Option<Duration>,

    /// Processes that fetch from the one source
    #[arg(long, value_name = "N", default_value_t = 1, requires = "simulate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) processes: u32,

    /// The processes start over this long, evenly [default: all at once]
    #[arg(long, value_name = "DURATION", requires = "simulate", value_parser = run::duration)]
    pub(super) start_over: Option<Duration>,

    /// Fetches per second that the source does not refuse
    #[arg(long, value_name = "PER_SECOND", requires = "simulate", value_parser = run::rate)]
    pub(super) source_rate: Option<f64>,
}

/// Parses a strategy's name.
fn player(text: &str) -> Result<Player, String> {
    named(text, &Player::all(), Player::name)
}

/// Parses what is wrong with the source.
fn trouble(text: &str) -> Result<Trouble, String> {
    named(text, &Trouble::ALL, Trouble::name)
}

fn named<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().find(|&&one| name(one) == text);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|&one| name(one)).collect();
        let meant = nearest(text, names.iter().copied())
            .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
        format!("{meant}known are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_goes_by_its_name() {
        for one in Player::all() {
            assert_eq!(player(one.name()), Ok(one));
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest() {
        let error = player("refreshr").unwrap_err();
        assert!(error.starts_with("did you mean `refresher`?"), "{error}");
        let error = trouble("x").unwrap_err();
        assert_eq!(error, "known are fail, throttle, hang");
    }
}
