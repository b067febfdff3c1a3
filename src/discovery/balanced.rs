//! Calls that are balanced: the standard gRPC health check, made to the instance that a policy picks, and
//! to another one if that cannot be reached.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::fleet::{Fleet, InstanceStats, Member};
use super::instance::Instance;
use super::policy::Policy;
use super::resolver::Resolver;
use crate::clock;
use crate::error_text::root_cause;

/// Metadata of an answer in which a server may say in which zone it is.
const ZONE_HEADER: &str = "x-availability-zone";
/// To open a connection: an instance that does not even accept one is not waited for.
const CONNECT: Duration = Duration::from_secs(1);
/// Instances tried for one call, at most.
const MOST_TRIES: usize = 16;

/// A call that was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthReply {
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
    pub(crate) policy: Policy,
    tls: Option<ClientTlsConfig>,
    channels: Mutex<HashMap<String, Channel>>,
    random: Mutex<SmallRng>,
}

impl Balanced {
    /// `tls` secures connections; without it they are plain. `seed` decides the picks.
    #[must_use]
    pub fn new(
        resolver: Arc<Resolver>,
        policy: Policy,
        tls: Option<ClientTlsConfig>,
        seed: u64,
    ) -> Self {
        Self {
            resolver,
            policy,
            tls,
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
    ///
    /// # Errors
    ///
    /// There are no instances, none of those tried could be reached, or one refused the call.
    pub async fn check(&self, service: &str) -> Result<HealthReply, CallError> {
        let mut tries = 0;
        let mut picking = Duration::ZERO;
        let mut last = String::new();
        loop {
            let started = clock::now();
            let fleet = arc_swap::Guard::into_inner(self.resolver.fleet());
            let picked = self.pick(&fleet);
            picking += clock::since(started);
            let member = &fleet.members()[picked.ok_or(CallError::NoInstances)?];
            // Each of them once, and one of them again: it may have closed an idle connection.
            if tries as usize >= (fleet.members().len() + 1).min(MOST_TRIES) {
                return Err(CallError::Unreachable { tries, last });
            }
            tries += 1;
            match self.ask(member, service).await {
                Ok(zone) => {
                    return Ok(HealthReply {
                        instance: member.instance.id.clone(),
                        zone: zone.or_else(|| member.instance.zone.clone()),
                        tries,
                        picking,
                    });
                }
                Err(status) if is_unreachable(&status) => {
                    member.stats.failed(self.resolver.now());
                    last = root_cause(&status).to_string();
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

    /// The place in [`Fleet::members`] of the instance to call now.
    pub(crate) fn pick(&self, fleet: &Fleet) -> Option<usize> {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.policy.pick(fleet, self.resolver.now(), &mut *random)
    }

    /// The zone that the instance says it is in.
    async fn ask(&self, member: &Member, service: &str) -> Result<Option<String>, Status> {
        let channel = self.channel(&member.instance)?;
        member.stats.begin();
        let _under_way = InFlight(&member.stats);
        let started = clock::now();
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let response = HealthClient::new(channel).check(request).await?;
        if response.get_ref().status() == ServingStatus::NotServing {
            return Err(Status::unavailable("it says that it does not serve"));
        }
        member.stats.answered(clock::since(started));
        let zone = response.metadata().get(ZONE_HEADER);
        let zone = zone.and_then(|said| said.to_str().ok());
        Ok(zone.filter(|said| !said.is_empty()).map(str::to_owned))
    }

    fn channel(&self, instance: &Instance) -> Result<Channel, Status> {
        let authority = instance.authority();
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = channels.get(&authority) {
            return Ok(known.clone());
        }
        let fleet = self.resolver.fleet();
        let current = fleet.members().iter();
        let current: Vec<String> = current.map(|member| member.instance.authority()).collect();
        channels.retain(|authority, _| current.contains(authority));
        let bad =
            |error: tonic::transport::Error| Status::unavailable(root_cause(&error).to_string());
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut endpoint = Endpoint::from_shared(format!("{scheme}://{authority}"))
            .map_err(bad)?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true);
        if let Some(tls) = &self.tls {
            endpoint = endpoint.tls_config(tls.clone()).map_err(bad)?;
        }
        let channel = endpoint.connect_lazy();
        channels.insert(authority, channel.clone());
        Ok(channel)
    }
}

/// Whether the call did not reach a server that serves: then it may be made again elsewhere. A health
/// check changes nothing, so that it does not matter if it was received after all.
fn is_unreachable(status: &Status) -> bool {
    status.code() == Code::Unavailable || status.source().is_some()
}

/// A call under way, however it ends.
struct InFlight<'a>(&'a InstanceStats);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::polling::Polling;
    use crate::discovery::source::Found;

    async fn caller(instances: Vec<Instance>) -> Balanced {
        let source = Arc::new(Found {
            instances,
            ..Found::default()
        });
        let resolver = Resolver::start(source, None, Polling::default(), 1, Duration::ZERO);
        let resolver = resolver.await.expect("the answer is at hand");
        Balanced::new(resolver, Policy::Random, None, 1)
    }

    #[tokio::test]
    async fn no_more_than_sixteen_instances_are_tried() {
        for (fleet, expected) in [(1, 2), (3, 4), (40, 16)] {
            let unreachable = (0..fleet).map(|number| Instance::named(&number.to_string()));
            let caller = caller(unreachable.collect()).await;
            match caller.check("").await {
                Err(CallError::Unreachable { tries, .. }) => assert_eq!(tries, expected, "{fleet}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
