//! Credentials shared by unrelated processes of one user, through a file.
//!
//! A process that starts, needs credentials and ends (PHP, a shell script, a cron job) cannot profit from anything
//! that is held in memory. With a [`FileCache`] one of them asks the source, and the others read what it got:
//! one fetch per expiry, whatever the number of processes.
//!
//! [`entry`] is what a file holds and [`text`] its text, [`decision`] what it means to a caller, [`store`] where
//! files are kept, who may have made them and who renews, [`key`] whose credentials a file holds. What is worth
//! telling goes back to the caller as a [`Notice`].

mod cache;
mod decision;
mod entry;
mod key;
mod settings;
mod store;
mod text;

pub use cache::{CacheLookup, FileCache, Notice, Resolved};
pub use key::CacheKey;
pub use settings::FileCacheBuilder;
