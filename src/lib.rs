//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.
//!
//! The rooms, from top to bottom; each may use those below it and never one above:
//!
//! - [`cli`]: the command line as typed
//! - [`commands`]: one file per subcommand; each returns a report
//! - [`report`]: the result document and its renderers
//! - [`doctor`]: what a machine's AWS configuration leads to, and what is wrong with it
//! - [`client`]: instrumented SDK clients
//! - [`signing`]: what signing costs on this CPU, without a network
//! - [`simulation`]: strategies on a virtual clock
//! - [`credentials`]: sources of credentials, and what fetching from them costs
//! - [`discovery`]: Cloud Map as a name resolver, and balancing that knows zones
//! - [`strategies`]: who renews credentials when, and a file that processes share
//! - [`lab`]: the embedded AWS; shares no code with the instrument that measures it
//! - [`measure`]: samples, distributions, load, comparisons; knows neither AWS nor a terminal
//! - [`clock`], [`error_text`], [`exit`], [`link_local`], [`processor`]: the ground floor
//!
//! The command line is the default feature. The features `strategies`, `discovery` and `lab` are the rooms of
//! these names for other programs, each by itself and with few dependencies; [`clock`] and [`error_text`] come
//! with any of them.

pub mod clock;
pub mod error_text;

#[cfg(feature = "discovery")]
pub mod discovery;
#[cfg(feature = "lab")]
pub mod lab;
#[cfg(feature = "strategies")]
pub mod strategies;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod client;
#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod credentials;
#[cfg(feature = "cli")]
pub mod doctor;
#[cfg(feature = "cli")]
pub mod exit;
#[cfg(feature = "cli")]
pub mod link_local;
#[cfg(feature = "cli")]
pub mod measure;
#[cfg(feature = "cli")]
pub mod processor;
#[cfg(feature = "cli")]
pub mod report;
#[cfg(feature = "cli")]
pub mod signing;
#[cfg(feature = "cli")]
pub mod simulation;
