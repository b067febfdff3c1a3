//! From SDK configuration to an instrumented client: each call comes back as a
//! [`Sample`](crate::measure::Sample) with its phases.
//!
//! A call is observed from inside the SDK by an interceptor, a timed identity cache, a timed provider
//! and the connection pool's own telemetry. They all write to the [`timeline`] of the task that makes
//! the call; outside an observed call they cost one failed look-up and do nothing.

mod endpoint;
mod facts;
mod fetch;
mod identity;
mod interceptor;
mod outcome;
mod setup;
mod time_source;
pub(crate) mod timeline;
mod transport;

pub(crate) use crate::credentials::error_text;
pub(crate) use endpoint::unusable;
pub use facts::ArmFacts;
pub(crate) use fetch::fetch;
pub(crate) use identity::Identity;
pub use outcome::sampled;
pub(crate) use outcome::{body_outcome, call_error_text, credentials_outcome, outcome};
pub(crate) use setup::provider_of;
pub use setup::{Setup, SetupError, SetupOptions};
pub use time_source::SteadyTime;
pub(crate) use timeline::observe;
pub(crate) use transport::Route;
