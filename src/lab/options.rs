//! Where a lab listens, and why it may be unable to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::certificates::CertificateError;

/// Where the lab listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The address of all listeners.
    pub bind: IpAddr,
    /// STS, S3, Cloud Map and the container endpoint; 0 for any free port.
    pub port: u16,
    /// Instance metadata; 0 for any free port.
    pub imds_port: u16,
    /// The DNS view of Cloud Map, over UDP; 0 for any free port.
    pub dns_port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            imds_port: 0,
            dns_port: 0,
        }
    }
}

/// Why the lab cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("the lab cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the lab cannot offer TLS")]
    Certificates(#[from] CertificateError),
    #[error("the lab cannot write its private files")]
    Files(#[source] io::Error),
    #[error("the lab cannot start its thread")]
    Thread(#[source] io::Error),
}
