//! Who renews credentials and when, for any client of the SDK.
//!
//! [`Advisory`], [`Refresher`] and [`Swapper`] are credentials providers that keep renewal off the path of calls.
//! A [`FileCache`] shares credentials between processes. What they fetch through is a [`Renew`]: any provider of
//! the SDK's, or a `FileCache`. Nothing here knows where credentials come from, or what measures them: no command,
//! report or lab.

mod file_cache;
#[cfg(test)]
mod fixtures;
mod lease;
mod renew;
mod renewal;
mod strategy;
mod windows;

#[cfg(feature = "cli")]
pub(crate) use lease::{Lease, lifetime};

pub use file_cache::{CacheKey, CacheLookup, FileCache, FileCacheBuilder, Notice, Resolved};
pub use renew::Renew;
pub use renewal::{
    Advisory, InBackground, Options, Refresher, RefusalInterceptor, RenewalStrategy,
    RenewingProvider, Swapper,
};
pub use strategy::Strategy;
pub use windows::Windows;
