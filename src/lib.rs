//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.
//!
//! The rooms, from top to bottom; each may use those below it and never one above:
//!
//! - [`cli`]: the command line as typed
//! - [`commands`]: a value per subcommand; each hands back a document
//! - [`run`]: the one pipeline of a measuring run, and what all commands share
//! - [`render`]: from a document to text, and the one writer of results
//! - [`doctor`]: what a machine's AWS configuration leads to, and what is wrong with it
//! - [`document`]: the result document, read back and held against limits
//! - [`client`]: instrumented SDK clients
//! - [`signing`]: what signing costs on this CPU, without a network
//! - [`simulation`]: strategies on a virtual clock
//! - [`discovery`]: Cloud Map as a name resolver, and balancing that knows zones
//! - [`credentials`]: sources of credentials, what fetching from them costs, and strategies of renewal
//! - [`measure`]: samples, distributions, load, comparisons; knows neither AWS nor a terminal
//! - [`lab`]: the embedded AWS; shares no code with the instrument that measures it
//! - [`clock`], [`exit`], [`figures`], [`link_local`], [`nearest`], [`processor`]: the ground floor

pub mod cli;
pub mod client;
pub mod clock;
pub mod commands;
pub mod credentials;
pub mod discovery;
pub mod doctor;
pub mod document;
pub mod exit;
pub mod figures;
pub mod lab;
pub mod link_local;
pub mod measure;
pub mod nearest;
pub mod processor;
pub mod render;
pub mod run;
pub mod signing;
pub mod simulation;
