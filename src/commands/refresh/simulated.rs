//! `refresh --simulate`.

use std::time::Duration;

use anyhow::anyhow;

use super::RefreshArgs;
use crate::commands::Report;
use crate::commands::failure::Failure;
use crate::commands::session::{require_writable, tool};
use crate::report::RenderError;
use crate::report::document::SCHEMA;
use crate::report::simulation::{SimulatedStrategy, SimulatedTerms, SimulationDocument};
use crate::simulation::{self, Outage, Player, SourceTerms, Terms};

const LIFETIME: Duration = Duration::from_secs(60 * 60);
const SOURCE_DELAY: Duration = Duration::from_secs(1);
const CALLS_PER_S: f64 = 1.0;

/// As IMDS states it: new credentials at least five minutes before the old ones end.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);

/// A longer simulation of more calls is a mistake, and would not end soon.
const MOST_CALLS: f64 = 1e10;

/// Simulates on a thread of its own: a virtual clock needs a runtime of its own.
pub(super) async fn run(args: &RefreshArgs, duration: Duration) -> Result<Report, Failure> {
    if !args.output.format.holds_counts() {
        return Err(Failure::new(
            RenderError::NoLatencies,
            "use --format table, json, csv, markdown or html",
        ));
    }
    if let Some(path) = &args.output.output {
        require_writable(path)?;
    }
    if !args.checks.fail_if.is_empty() {
        return Err(Failure::new(
            anyhow!("--fail-if speaks of latencies, and a simulation has none"),
            "leave out --fail-if or --simulate",
        ));
    }
    let terms = terms(args, duration)?;
    let players = if args.strategies.is_empty() {
        Player::all()
    } else {
        args.strategies.clone()
    };
    let simulated = terms.clone();
    let outcomes = tokio::task::spawn_blocking(move || simulation::simulate(&simulated, &players))
        .await
        .map_err(anyhow::Error::new)
        .and_then(|simulated| simulated.map_err(anyhow::Error::new))
        .map_err(|error| Failure { error, hint: None })?;
    Ok(Report::Simulated(SimulationDocument {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        command: "refresh".to_owned(),
        arguments: std::env::args().skip(1).collect(),
        simulation: SimulatedTerms::of(&terms),
        strategies: outcomes
            .iter()
            .map(|outcome| SimulatedStrategy::of(outcome, terms.outage.is_some()))
            .collect(),
    }))
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
    let per_s = args.pacing.rate.unwrap_or(CALLS_PER_S);
    if per_s * duration.as_secs_f64() * f64::from(args.simulation.processes) > MOST_CALLS {
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
        outage: outage.map(|(trouble, from, until)| Outage {
            trouble,
            from,
            until,
        }),
        windows: args.expiry.windows(),
        seed: args.load.seed,
    })
}
