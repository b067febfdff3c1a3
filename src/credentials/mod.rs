//! Where credentials come from, and what fetching them costs.
//!
//! A [`Source`] is a link of the SDK's own default chain with the other links taken away, so what is
//! measured is what every Rust program gets. [`Exchanges`] times each HTTP exchange with a source,
//! whichever link it belongs to. This room knows the SDK, but no command, report or lab.

mod answer;
mod exchange;
mod guarded;
mod learning;
mod metadata_endpoint;
mod named;
mod process;
mod profiles;
mod source;

pub use crate::error_text::{bounded_text, error_text};
pub(crate) use exchange::{ExchangeStats, Exchanges, out_of_files, refusal, unanswered, watching};
pub(crate) use metadata_endpoint::{
    MetadataProfile, authority, container_endpoint, metadata_disabled, metadata_endpoint,
};
pub use named::{NamedSource, UnknownProfile};
pub use process::end_processes;
pub(crate) use process::{ProcessError, run_process, shell};
pub(crate) use profiles::profiles;
pub use source::{Source, Variables};
pub(crate) use source::{loader, variable};
