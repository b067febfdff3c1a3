//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.
//!
//! The rooms, from top to bottom; each may use those after it and never one before: [`cli`], [`commands`], [`run`],
//! [`render`], [`diagnosis`], [`client`], [`document`], [`signing`], [`simulation`], [`credentials`], [`discovery`],
//! [`strategies`], [`lab`], [`measure`]; and the ground floor: [`clock`], [`disclosure`], [`error_text`], [`exit`],
//! [`figures`], [`link_local`], [`nearest`], [`panics`], [`processor`].
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
pub(crate) mod disclosure;
#[cfg(feature = "cli")]
pub mod document;
#[cfg(feature = "cli")]
pub mod exit;
#[cfg(feature = "cli")]
pub(crate) mod figures;
#[cfg(feature = "cli")]
pub(crate) mod link_local;
#[cfg(feature = "cli")]
pub mod measure;
#[cfg(feature = "cli")]
pub(crate) mod nearest;
#[cfg(feature = "cli")]
pub mod panics;
#[cfg(feature = "cli")]
pub(crate) mod processor;
#[cfg(feature = "cli")]
pub mod render;
#[cfg(feature = "cli")]
pub mod run;
#[cfg(feature = "cli")]
pub(crate) mod signing;
#[cfg(feature = "cli")]
pub(crate) mod simulation;
