//! `refresh --simulate`.

use std::io;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::arguments::RefreshArgs;
use crate::commands::command::Completed;
use crate::document::{Body, Document, OutageWindow, SimulatedTerms, SimulationResult};
use crate::run::{Failure, head};
use crate::simulation::{self, Player, SourceTerms, Terms};

const LIFETIME: Duration = Duration::from_hours(1);
const SOURCE_DELAY: Duration = Duration::from_secs(1);
const CALLS_PER_S: f64 = 1.0;

/// As IMDS states it: new credentials at least five minutes before the old ones end.
const RENEW_BEFORE: Duration = Duration::from_mins(5);

/// A longer simulation of more calls is a mistake, and would not end soon.
const MOST_CALLS: f64 = 1e10;

/// Simulates on a thread of its own: a virtual clock needs a runtime of its own.
pub(super) async fn run(args: RefreshArgs, duration: Duration) -> Result<Completed, Failure> {
    let terms = terms(&args, duration)?;
    let players = if args.strategies.is_empty() {
        Player::all()
    } else {
        args.strategies.clone()
    };
    let simulated = terms.clone();
    let simulating =
        tokio::task::spawn_blocking(move || simulation::simulate(&simulated, &players));
    let strategies = simulating.await.map_err(io::Error::from).flatten();
    let body = SimulationResult {
        simulation: simulated_terms(&terms),
        strategies: strategies.context("the simulation could not run")?,
    };
    let document = Document::new(head("refresh", None, None), Body::Simulated(body));
    Ok(Completed::document(document))
}

fn terms(args: &RefreshArgs, duration: Duration) -> Result<Terms, Failure> {
    let lifetime = args.expiry.lifetime.unwrap_or(LIFETIME);
    let outage = args.expiry.outage(lifetime);
    let renew_before = match args.expiry.renew_before {
        Some(before) if before >= lifetime => {
            return Err(Failure::new(
                anyhow!(
                    "--renew-before {before:?} is not shorter than the lifetime of {lifetime:?}"
                ),
                "a source replaces credentials some time after it has issued them",
            ));
        }
        Some(before) => Some(before),
        None => outage.map(|_| RENEW_BEFORE.min(lifetime / 2)),
    };
    let per_s = args.options.pacing.rate.unwrap_or(CALLS_PER_S);
    let calls = per_s * duration.as_secs_f64() * f64::from(args.simulation.processes);
    if calls > MOST_CALLS {
        return Err(Failure::new(
            anyhow!("that would be more than {MOST_CALLS:e} calls"),
            "simulate a shorter time, fewer processes or a lower --rate",
        ));
    }
    Ok(Terms {
        duration,
        call_every: Duration::from_secs_f64(1.0 / per_s),
        processes: args.simulation.processes,
        start_over: args.simulation.start_over.unwrap_or_default(),
        source: SourceTerms {
            lifetime,
            latency: args.expiry.source_delay.unwrap_or(SOURCE_DELAY),
            renew_before,
            rate_per_s: args.simulation.source_rate,
        },
        outage,
        windows: args.expiry.windows(),
        seed: args.options.load.seed,
    })
}

fn simulated_terms(terms: &Terms) -> SimulatedTerms {
    let outage = terms.outage.map(|outage| OutageWindow {
        trouble: outage.trouble,
        from_s: outage.from.as_secs_f64(),
        until_s: outage.until.as_secs_f64(),
    });
    SimulatedTerms {
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
