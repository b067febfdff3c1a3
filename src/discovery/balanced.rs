//! Calls that are balanced: the standard gRPC health check, made to the instance that a policy picks, and
//! to another one if that cannot be reached.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::fleet::{Fleet, Seen};
use super::instance::Instance;
use super::policy::Policy;
use super::resolver::Resolver;
use crate::clock;

/// Metadata of an answer in which a server may say in which zone it is.
const ZONE_HEADER: &str = "x-availability-zone";
/// To open a connection: an instance that does not even accept one is not waited for.
const CONNECT: Duration = Duration::from_secs(1);
/// Instances tried for one call, at most.
const MOST_TRIES: usize = 16;

/// How connections to instances are secured.
#[derive(Clone, Debug)]
pub enum Security {
    Plain,
    Tls(Box<ClientTlsConfig>),
}

/// A call that was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub instance: String,
    /// As the server says, else as it was registered.
    pub zone: Option<String>,
    /// Instances that were tried, this one included.
    pub tries: u32,
    /// Time spent on choosing.
    pub picking: Duration,
}

/// A call that was not.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    #[error("the service has no instances that can be called")]
    NoInstances,
    #[error("none of the {tries} instances tried could be reached; the last one: {last}")]
    Unreachable { tries: u32, last: String },
    #[error("{instance} refused the call: {code:?}: {message}")]
    Refused {
        instance: String,
        code: Code,
        message: String,
    },
}

/// Makes calls to the instances of a resolver, as a policy says. One connection is kept to each.
#[derive(Debug)]
pub struct Balanced {
    resolver: Arc<Resolver>,
    policy: Policy,
    security: Security,
    channels: Mutex<HashMap<String, Channel>>,
    random: Mutex<SmallRng>,
}

impl Balanced {
    /// `seed` decides the picks.
    #[must_use]
    pub fn new(resolver: Arc<Resolver>, policy: Policy, security: Security, seed: u64) -> Self {
        Self {
            resolver,
            policy,
            security,
            channels: Mutex::default(),
            random: Mutex::new(SmallRng::seed_from_u64(seed)),
        }
    }

    #[must_use]
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Asks an instance for the health of `service` on it (`""`: of the whole server). One that cannot be
    /// reached or does not serve is left alone for a while, and another one is asked in its place.
    pub async fn check(&self, service: &str) -> Result<Answer, CallError> {
        let mut tries = 0;
        let mut picking = Duration::ZERO;
        let mut last = String::new();
        loop {
            let started = clock::now();
            let fleet = arc_swap::Guard::into_inner(self.resolver.fleet());
            let picked = self.pick(&fleet);
            picking += clock::since(started);
            let member = &fleet.members()[picked.ok_or(CallError::NoInstances)?];
            if tries as usize > fleet.members().len().min(MOST_TRIES) {
                return Err(CallError::Unreachable { tries, last });
            }
            tries += 1;
            match self.ask(&member.instance, &member.seen, service).await {
                Ok(zone) => {
                    return Ok(Answer {
                        instance: member.instance.id.clone(),
                        zone: zone.or_else(|| member.instance.zone.clone()),
                        tries,
                        picking,
                    });
                }
                Err(status) if is_unreachable(&status) => {
                    member.seen.failed(self.resolver.now());
                    last = deepest(&status).to_string();
                }
                Err(status) => {
                    return Err(CallError::Refused {
                        instance: member.instance.id.clone(),
                        code: status.code(),
                        message: status.message().to_owned(),
                    });
                }
            }
        }
    }

    fn pick(&self, fleet: &Fleet) -> Option<usize> {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.policy.pick(fleet, self.resolver.now(), &mut *random)
    }

    /// The zone that the instance says it is in.
    async fn ask(
        &self,
        instance: &Instance,
        seen: &Seen,
        service: &str,
    ) -> Result<Option<String>, Status> {
        let channel = self.channel(instance)?;
        let _under_way = UnderWay::begin(seen);
        let started = clock::now();
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let response = HealthClient::new(channel).check(request).await?;
        if response.get_ref().status() == ServingStatus::NotServing {
            return Err(Status::unavailable("it says that it does not serve"));
        }
        seen.answered(clock::since(started));
        Ok(zone(response.metadata()))
    }

    fn channel(&self, instance: &Instance) -> Result<Channel, Status> {
        let authority = instance.authority();
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = channels.get(&authority) {
            return Ok(known.clone());
        }
        let fleet = self.resolver.fleet();
        let current: Vec<String> = fleet
            .members()
            .iter()
            .map(|member| member.instance.authority())
            .collect();
        channels.retain(|authority, _| current.contains(authority));
        let bad = |error: tonic::transport::Error| Status::unavailable(deepest(&error).to_string());
        let scheme = match self.security {
            Security::Plain => "http",
            Security::Tls(_) => "https",
        };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{authority}"))
            .map_err(bad)?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true);
        if let Security::Tls(config) = &self.security {
            endpoint = endpoint.tls_config((**config).clone()).map_err(bad)?;
        }
        let channel = endpoint.connect_lazy();
        channels.insert(authority, channel.clone());
        Ok(channel)
    }
}

fn zone(metadata: &MetadataMap) -> Option<String> {
    let said = metadata.get(ZONE_HEADER)?.to_str().ok()?;
    (!said.is_empty()).then(|| said.to_owned())
}

/// Whether the call did not reach a server that serves: then it may be made again elsewhere. A health
/// check changes nothing, so that it does not matter if it was received after all.
fn is_unreachable(status: &Status) -> bool {
    status.code() == Code::Unavailable || status.source().is_some()
}

fn deepest<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.source().map_or(error, deepest)
}

/// A call under way, however it ends.
struct UnderWay<'a>(&'a Seen);

impl<'a> UnderWay<'a> {
    fn begin(seen: &'a Seen) -> Self {
        seen.begin();
        Self(seen)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
