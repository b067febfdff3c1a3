//! Where credentials come from, what fetching them costs, and who renews them when.
//!
//! A [`Source`] is a link of the SDK's own default chain with the other links taken away, so what is
//! measured is what every Rust program gets. [`Exchanges`] times each HTTP exchange with a source,
//! whichever link it belongs to. [`Advisory`], [`Refresher`] and [`Swapper`] are strategies: credentials
//! providers that keep renewal off the path of calls, for any client of the SDK. A [`FileCache`] shares
//! credentials between processes. This room knows the SDK, but no command, report or lab.

mod error_text;
mod exchange;
mod file_cache;
mod metadata_endpoint;
mod named;
mod renewal;
mod source;
mod variables;

pub(crate) use source::loader;

pub use error_text::{bounded_text, error_text};
pub use exchange::{ExchangeStats, Exchanges, operation_name, watching};
pub use file_cache::{CacheKey, FileCache, FileCacheBuilder, Notice, Origin, Resolved};
pub use metadata_endpoint::{
    METADATA_ENDPOINT, METADATA_MODE, MetadataProfile, authority, container_endpoint,
    metadata_disabled, metadata_endpoint,
};
pub use named::NamedSource;
pub use renewal::{Advisory, Options, Refresher, Refused, Renew, Strategy, Swapper, Windows};
pub use source::{Source, Variables};
pub use variables::variable;
