//! Signing on its own: requests signed by the crate that the SDK signs with, and the time that takes
//! on this CPU.
//!
//! - [`request`]: a request and its signature, by `aws-sigv4`
//! - [`vectors`]: requests as other programs write them, to compare signatures with other signers
//! - [`steps`]: the steps that `aws-sigv4` keeps to itself, done here so that each can be timed
//! - [`checksum`]: payload checksums and the `aws-chunked` trailer path, by the SDK's own crates
//! - [`case`]: what can be timed, on the requests of `example` and the payloads of [`payload`]
//! - [`bench`](mod@bench): how it is timed, after a [`plan`]
//!
//! Nothing here opens a connection, reads a configuration or holds anybody's credentials: the keys are
//! the ones that AWS prints in its documentation.

pub(crate) mod bench;
mod case;
mod checksum;
mod example;
mod payload;
mod plan;
mod request;
mod steps;
pub(crate) mod vectors;

/// The version of `aws-sigv4` that is measured: crates do not tell theirs, so a test holds this one to
/// the lock file.
pub(crate) const AWS_SIGV4_VERSION: &str = "1.6.4";

pub(crate) use bench::{Arm, Timed, Timer};
pub(crate) use case::Case;
pub(crate) use payload::{Payloads, Size};
pub(crate) use plan::Budget;

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_that_is_reported_is_the_one_that_is_built() {
        let lock = include_str!("../../Cargo.lock");
        let line = format!(
            "name = \"aws-sigv4\"\nversion = \"{}\"",
            super::AWS_SIGV4_VERSION
        );
        assert!(lock.contains(&line), "Cargo.lock has no {line}");
    }
}
