//! Who renews credentials, and when: strategies that keep renewal off the path of calls.
//!
//! [`Keeper`](keeper) is what they share: credentials that are held ([`held`]), one fetch at a time
//! ([`fetching`]), and when to try again ([`backoff`]). [`Advisory`], [`Refresher`] and [`Swapper`] differ in
//! who begins a fetch and in what they fetch through ([`Renew`]). The clock, the timer and all chance are handed in
//! ([`Options`]), so that a strategy runs on a virtual clock as well. Nothing here knows where credentials come from.

mod advisory;
mod backoff;
mod fetching;
mod held;
mod keeper;
mod options;
mod refresher;
mod refused;
mod renew;
mod strategy;
mod swapper;
mod windows;

pub use advisory::Advisory;
pub use options::Options;
pub use refresher::Refresher;
pub use refused::Refused;
pub use renew::Renew;
pub use strategy::Strategy;
pub use swapper::Swapper;
pub use windows::Windows;
