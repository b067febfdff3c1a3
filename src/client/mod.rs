//! From SDK configuration to an instrumented client: each call comes back as a
//! [`Sample`](crate::measure::Sample) with its phases.
//!
//! A call is observed from inside the SDK by an interceptor, a timed identity cache, a timed provider
//! and the connection pool's own telemetry. They all write to the [`timeline`] of the task that makes
//! the call; outside an observed call they cost one failed look-up and do nothing.

mod facts;
mod fetch;
mod identity;
mod interceptor;
mod outcome;
mod setup;
mod source;
mod time_source;
pub mod timeline;
mod transport;

pub use crate::credentials::error_text;
pub use facts::ArmFacts;
pub use fetch::fetch;
pub use identity::Identity;
pub use outcome::{call_error_text, credentials_outcome, outcome, sampled};
pub use setup::{Setup, SetupError, SetupOptions};
pub use source::provider_of;
pub use time_source::SteadyTime;
pub use timeline::observe;
pub use transport::Route;
