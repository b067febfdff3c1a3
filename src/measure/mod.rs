//! The measuring core: phases, samples, distributions, load, summaries and comparisons.
//!
//! It knows neither AWS nor a terminal. What it measures is anything that implements [`Call`]; what it
//! hands back is plain data in a [`Tally`] per arm. It must not import any other room but the clock.

pub mod blocks;
pub mod comparison;
pub mod distribution;
pub mod load;
mod log_buckets;
pub mod pacing;
pub mod phase;
mod resampling;
pub mod sample;
mod schedule;
pub mod series;
pub mod shape;
mod statistic;
pub mod tally;
mod tickets;
mod verdict;
pub mod waits;

pub use comparison::Comparison;
pub use distribution::Distribution;
pub use load::{Call, Measured, Plan, Stop};
pub use log_buckets::LogBuckets;
pub use pacing::{Arrivals, Pacing, Rate};
pub use phase::{Phase, PhaseTimes};
pub use sample::{Connections, IdentityPath, IdentityUse, Outcome, Outcomes, Sample};
pub use statistic::Statistic;
pub use tally::{PhaseDistributions, Tally};
pub use verdict::Verdict;
pub use waits::{Episode, Waits};
