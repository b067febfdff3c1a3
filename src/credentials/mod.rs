//! Where credentials come from, and what fetching them costs.
//!
//! A [`Source`] is a link of the SDK's own default chain with the other links taken away, so what is
//! measured is what every Rust program gets. [`Exchanges`] times each HTTP exchange with a source,
//! whichever link it belongs to. This room knows the SDK, but no command, report or lab.

mod error_text;
mod exchange;
mod file_cache;
mod named;
mod renew;
mod source;
mod windows;

pub(crate) use source::loader;

pub use error_text::{bounded_text, error_text};
pub use exchange::{ExchangeStats, Exchanges, operation_name, watching};
pub use file_cache::{CacheKey, FileCache, FileCacheBuilder, Notice, Origin, Resolved};
pub use named::NamedSource;
pub use renew::Renew;
pub use source::{Source, Variables};
pub use windows::Windows;
