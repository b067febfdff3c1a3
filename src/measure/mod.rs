//! The measuring core: phases, samples, distributions, load, summaries and comparisons.
//!
//! It knows neither AWS nor a terminal. What it measures is anything that implements [`Call`]; what it
//! hands back is plain data in a [`Tally`] per arm. It must not import any other room but the clock.

mod blocks;
pub mod comparison;
mod distribution;
mod evidence;
pub(crate) mod load;
mod log_buckets;
mod order_statistics;
mod pacing;
mod pair;
mod phase;
mod sample;
mod schedule;
pub(crate) mod series;
pub(crate) mod shape;
mod statistic;
mod student;
mod tally;
mod tickets;
mod waits;

pub use comparison::{Comparison, NoInterval, Verdict};
pub use distribution::Distribution;
pub(crate) use load::{Call, Measured, Plan, Stop};
pub(crate) use log_buckets::LogBuckets;
pub(crate) use pacing::{Arrivals, Pacing, Rate};
pub use phase::Phase;
pub use sample::{Connections, IdentityPath, IdentityUse, Outcome, Outcomes, Sample};
pub use statistic::Statistic;
pub use tally::{PhaseDistributions, Tally};
pub(crate) use waits::{Episode, episodes};
