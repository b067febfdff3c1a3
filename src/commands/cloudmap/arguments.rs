//! The options of `cloudmap`, as typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::discovery::{Policy, Polling, Target};
use crate::run::{MeasuringOptions, distinct, duration, rate};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench cloudmap --lab                                     try it, without an AWS account
  awscreds-bench cloudmap --namespace NAMESPACE --service SERVICE   discovery by API and DNS, calls by zone
  awscreds-bench cloudmap --simulate                                when crowds of resolvers are throttled";

/// Time discovery through Cloud Map and DNS, and calls that prefer the own zone
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct CloudmapArgs {
    /// The service: `cloudmap://SERVICE.NAMESPACE`, with `:PORT` if its instances do not name theirs
    #[arg(long = "target", value_name = "URI", conflicts_with_all = ["namespace", "service"])]
    pub(super) service_target: Option<Target>,

    /// The namespace [default: the lab's]
    #[arg(long, value_name = "NAME", requires = "service")]
    pub(super) namespace: Option<String>,

    /// The service [default: the lab's]
    #[arg(long, value_name = "NAME", requires = "namespace")]
    pub(super) service: Option<String>,

    /// Measure this part alone
    #[arg(long, value_enum, value_name = "PART")]
    pub(super) part: Option<Part>,

    /// How calls choose an instance: random, same-az=PERCENT, prefer-az [default: all three, with 50; with
    /// --listen: prefer-az]
    #[arg(long = "policy", value_name = "POLICY,…", value_delimiter = ',')]
    policies: Vec<Policy>,

    /// The caller's own zone [default: as ECS task metadata or instance metadata say]
    #[arg(long, value_name = "ZONE")]
    pub(super) az: Option<String>,

    /// Between two polls for the revision; in a simulation between two polls
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(super) interval: Duration,

    /// Between two full answers
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(super) refresh: Duration,

    /// Ask this name server [default: the system's; in the lab its own]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) name_server: Option<SocketAddr>,

    /// Serve GET /describe here: one balanced call for each request, until interrupted, or until -n
    /// requests were answered
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with_all = ["part", "simulate"])]
    pub(super) listen: Option<SocketAddr>,

    /// Compute when crowds of so many resolvers are throttled, and call nothing
    #[arg(long, value_name = "N,…", num_args = 0..=1, value_delimiter = ',', default_missing_value = "100,1000,10000,30000,100000,1000000", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000), conflicts_with = "lab")]
    pub(super) simulate: Option<Vec<u64>>,

    /// `DiscoverInstances` calls per second that the account may make, in a simulation; twice as many at once
    #[arg(long, value_name = "PER_SECOND", default_value_t = 1000.0, value_parser = rate)]
    pub(super) quota: f64,

    #[command(flatten)]
    pub(super) calls: CallOptions,
    #[command(flatten)]
    pub(super) options: MeasuringOptions,
}

/// How instances are called.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Calls to instances")]
pub(super) struct CallOptions {
    /// Call instances over TLS
    #[arg(long)]
    pub(super) tls: bool,

    /// Trust this certificate authority instead of the system's
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub(super) tls_ca: Option<PathBuf>,

    /// The name that instances' certificates are for [default: their address]
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub(super) tls_name: Option<String>,

    /// Ask for the health of this gRPC service instead of the whole server's
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) health_service: String,
}

/// The two parts of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Who is there: by the API, from what is held, by DNS
    Discovery,
    /// Calls to those who are there
    Requests,
}

impl CloudmapArgs {
    /// What to compare; the first is the baseline.
    pub(super) fn policies(&self) -> Vec<Policy> {
        if self.policies.is_empty() {
            return vec![Policy::Random, Policy::SameAz(50.0), Policy::PreferAz];
        }
        distinct(self.policies.iter().copied())
    }

    /// The one policy to serve with, if it is one.
    pub(super) fn policy(&self) -> Option<Policy> {
        match self.policies[..] {
            [] => Some(Policy::PreferAz),
            [policy] => Some(policy),
            _ => None,
        }
    }

    /// How resolvers ask.
    pub(super) fn polling(&self) -> Polling {
        Polling {
            revision: self.interval,
            refresh: self.refresh.max(self.interval),
            ..Polling::default()
        }
    }
}
