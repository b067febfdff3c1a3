//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.
//!
//! The rooms, from top to bottom; each may use those below it and never one above:
//!
//! - [`cli`]: the command line as typed
//! - [`commands`]: a value per subcommand; each hands back a document
//! - [`run`]: the one pipeline of a measuring run, and what all commands share
//! - [`render`]: from a document to text, and the one writer of results
//! - [`diagnosis`]: what a machine's AWS configuration leads to, and what is wrong with it
//! - [`client`]: instrumented SDK clients
//! - [`document`]: the result document, read back and held against limits
//! - [`signing`]: what signing costs on this CPU, without a network
//! - [`simulation`]: strategies on a virtual clock
//! - [`credentials`]: sources of credentials, and what fetching from them costs
//! - [`discovery`]: Cloud Map as a name resolver, and balancing that knows zones
//! - [`strategies`]: who renews credentials when, and a file that processes share
//! - [`lab`]: the embedded AWS; shares no code with the instrument that measures it
//! - [`measure`]: samples, distributions, load, comparisons; knows neither AWS nor a terminal
//! - [`clock`], [`error_text`], [`exit`], [`figures`], [`link_local`], [`nearest`], [`processor`]: the ground floor
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
pub mod diagnosis;
#[cfg(feature = "cli")]
pub mod document;
#[cfg(feature = "cli")]
pub mod exit;
#[cfg(feature = "cli")]
pub mod figures;
#[cfg(feature = "cli")]
pub mod link_local;
#[cfg(feature = "cli")]
pub mod measure;
#[cfg(feature = "cli")]
pub mod nearest;
#[cfg(feature = "cli")]
pub mod processor;
#[cfg(feature = "cli")]
pub mod render;
#[cfg(feature = "cli")]
pub mod run;
#[cfg(feature = "cli")]
pub mod signing;
#[cfg(feature = "cli")]
pub mod simulation;
