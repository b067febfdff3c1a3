//! Strategies on a virtual clock: a day of credentials, exact and the same in every run.
//!
//! The strategies are the real ones, and so is the SDK's identity cache; what is made up is the clock, the
//! source and the calls. The runtime's clock is paused, so time passes only from one timer to the next. This
//! room knows no network, report or lab.

mod client;
mod clock;
mod go;
mod lazy;
mod process;
mod record;
mod shared_cell;
mod source;
mod terms;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use record::SimulatedStrategy;
pub(crate) use terms::{Outage, Player, SourceTerms, Terms, Trouble};

use clock::Clock;
use process::World;
use record::Record;
use shared_cell::SharedCell;
use source::{Source, locked};
use tokio::task::JoinSet;

/// Plays `terms` with each of `players`, one after the other. Blocks, and uses a runtime of its own.
///
/// # Errors
///
/// There can be no runtime.
///
/// # Panics
///
/// When called on a thread that runs asynchronous tasks.
pub(crate) fn simulate(
    terms: &Terms,
    players: &[Player],
) -> std::io::Result<Vec<SimulatedStrategy>> {
    players.iter().map(|&player| play(terms, player)).collect()
}

fn play(terms: &Terms, player: Player) -> std::io::Result<SimulatedStrategy> {
    // The SDK's cache draws its jitter here.
    fastrand::seed(terms.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let outcome = runtime.block_on(async {
        let clock = Clock::start();
        let source = Source::new(clock, terms.source, terms.outage);
        let world = Arc::new(World {
            terms: terms.clone(),
            clock,
            cell: SharedCell::new(clock, source.provider()),
            record: Mutex::new(Record::new(terms.outage)),
            source,
        });
        let apart = terms.start_over / terms.processes.max(1);
        let mut processes = JoinSet::new();
        for number in 0..terms.processes {
            let world = Arc::clone(&world);
            processes.spawn(async move {
                world.clock.reach(apart * number).await;
                process::live(player, number, world).await;
            });
        }
        processes.join_all().await;
        // Calls that wait at the end are seen to their end if it is near.
        clock.reach(terms.duration + Duration::from_mins(1)).await;
        locked(&world.record).outcome(player, &world.source.fetches())
    });
    Ok(outcome)
}
