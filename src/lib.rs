//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.
//!
//! The rooms, from top to bottom; each may use those below it and never one above:
//!
//! - [`cli`]: the command line as typed
//! - [`commands`]: one file per subcommand; each returns a report
//! - [`report`]: the result document and its renderers
//! - [`diagnosis`]: what a machine's AWS configuration leads to, and what is wrong with it
//! - [`client`]: instrumented SDK clients
//! - [`signing`]: what signing costs on this CPU, without a network
//! - [`simulation`]: strategies on a virtual clock
//! - [`discovery`]: Cloud Map as a name resolver, and balancing that knows zones
//! - [`credentials`]: sources of credentials, what fetching from them costs, and strategies of renewal
//! - [`measure`]: samples, distributions, load, comparisons; knows neither AWS nor a terminal
//! - [`lab`]: the embedded AWS; shares no code with the instrument that measures it
//! - [`clock`], [`exit`], [`link_local`], [`processor`]: the ground floor

pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod credentials;
pub mod diagnosis;
pub mod discovery;
pub mod exit;
pub mod lab;
pub mod link_local;
pub mod measure;
pub mod processor;
pub mod report;
pub mod signing;
pub mod simulation;
