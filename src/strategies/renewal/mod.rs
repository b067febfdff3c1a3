//! Strategies that keep renewal off the path of calls.
//!
//! [`Keeper`](keeper) is what they share: current credentials ([`current`]), one fetch at a time, and when to try
//! again ([`attempts`], [`backoff`]). [`Advisory`], [`Refresher`] and [`Swapper`] are [`RenewingProvider`]s that
//! differ in who begins a fetch and in what they fetch through. The clock, the timer and all chance are handed in
//! ([`Options`]), so that a strategy runs on a virtual clock as well.

mod attempts;
mod backoff;
mod current;
mod keeper;
mod provider;
mod refusal;

pub use keeper::Options;
pub use provider::{Advisory, InBackground, Refresher, RenewalStrategy, RenewingProvider, Swapper};
pub use refusal::RefusalInterceptor;
