//! The arms that call instances: one for each policy, and who answered its calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tonic::Code;

use super::first;
use super::service::Service;
use crate::clock;
use crate::discovery::{Balanced, CallError, Fleet, HealthReply, Instance, Policy, Resolver};
use crate::document::{Arm, Balance, InstanceCalls, ZoneCalls};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Distribution, Outcome, Phase, Sample};
use crate::run::{ArmCall, Failure, Session, quantiles};

/// Balanced health checks under one policy.
pub(super) struct BalancedCalls {
    pub(super) balanced: Balanced,
    service: Arc<Service>,
    answered: Mutex<Answered>,
}

/// Who answered calls.
#[derive(Default)]
struct Answered {
    zones: BTreeMap<Option<String>, Distribution>,
    /// Zone and number of calls, by the instance's identifier.
    instances: BTreeMap<String, (Option<String>, u64)>,
    retried: u64,
}

impl BalancedCalls {
    /// With a resolver, connections and views of the instances of its own: what one policy does to an
    /// instance is not seen by another.
    pub(super) async fn start(
        session: &Session,
        service: &Arc<Service>,
        policy: Policy,
        seed: u64,
    ) -> Result<Arc<Self>, Failure> {
        let resolver = service.resolver(session, seed).await?;
        Ok(Arc::new(Self::of(resolver, service, policy, seed)))
    }

    fn of(resolver: Arc<Resolver>, service: &Arc<Service>, policy: Policy, seed: u64) -> Self {
        Self {
            balanced: Balanced::new(resolver, policy, service.tls.clone(), seed),
            service: Arc::clone(service),
            answered: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> String {
        self.balanced.policy.to_string()
    }

    pub(super) fn arm(self: &Arc<Self>, session: &Session, seed: u64) -> ArmCall {
        let (service, policy) = (Arc::clone(&self.service), self.balanced.policy);
        let first = first::resolved(session, &self.service, seed, move |resolver| {
            let calls = Self::of(resolver, &service, policy, seed);
            Box::pin(async move { calls.make().await.0 })
        });
        ArmCall {
            name: self.name(),
            call: Arc::<Self>::clone(self),
            facts: Arc::default(),
            first,
        }
    }

    /// Forgets who answered the calls of a warm-up.
    pub(super) fn forget(&self) {
        *self.answered() = Answered::default();
    }

    /// Adds to the arm who answered its calls.
    pub(super) fn describe(&self, arm: &mut Arm) {
        let resolver = self.balanced.resolver();
        let fleet = resolver.fleet();
        let answered = self.answered();
        let members = fleet.members().iter().map(|member| &member.instance);
        let called = members.filter(|instance| answered.instances.contains_key(&instance.id));
        arm.remote_addresses = called.map(Instance::authority).collect();
        arm.endpoint = Some(self.service.target.to_string());
        arm.balance = Some(balance(&answered, &fleet, resolver.zone()));
    }

    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call and notes who answered it. The pick is the phase in which the endpoint is found; the rest lies
    /// between request and answer.
    pub(super) async fn make(&self) -> (Sample, Option<HealthReply>) {
        let start = clock::now();
        let limit = self.service.timeout();
        let check = self.balanced.check(&self.service.args.calls.health_service);
        let ended = tokio::time::timeout(limit, check).await;
        let total = clock::since(start);
        let (outcome, error) = match ended {
            Ok(Ok(answer)) => {
                self.answered().note(&answer, total);
                let phases = [
                    (Phase::Endpoint, answer.picking),
                    (Phase::Transmit, total.saturating_sub(answer.picking)),
                ];
                let sample = Sample {
                    attempts: answer.tries,
                    ..Sample::of_phases(phases)
                };
                return (sample, Some(answer));
            }
            Ok(Err(error)) => (outcome(&error), error.to_string()),
            Err(_) => (Outcome::Timeout, format!("no answer within {limit:?}")),
        };
        let sample = Sample::of_phase(Phase::Transmit, total);
        (sample.failed(outcome, error), None)
    }
}

impl Call for BalancedCalls {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async { self.make().await.0 })
    }
}

impl Answered {
    fn note(&mut self, answer: &HealthReply, took: Duration) {
        let zone = self.zones.entry(answer.zone.clone());
        zone.or_default().record(took);
        let instance = self.instances.entry(answer.instance.clone());
        instance.or_insert_with(|| (answer.zone.clone(), 0)).1 += 1;
        self.retried += u64::from(answer.tries - 1);
    }
}

fn balance(answered: &Answered, fleet: &Fleet, own_zone: Option<&str>) -> Balance {
    let calls: u64 = answered.instances.values().map(|(_, calls)| calls).sum();
    let share = |count: u64| count as f64 / calls.max(1) as f64;
    let is_own = |zone: &ZoneCalls| own_zone.is_some() && zone.zone.as_deref() == own_zone;
    let zones = answered.zones.iter().map(|(zone, latency)| ZoneCalls {
        zone: zone.clone(),
        calls: latency.count(),
        share: share(latency.count()),
        latency: quantiles(latency),
    });
    let mut zones: Vec<ZoneCalls> = zones.collect();
    zones.sort_by_key(|zone| !is_own(zone));
    let own = zones.iter().filter(|zone| is_own(zone));
    let own: u64 = own.map(|zone| zone.calls).sum();
    let instances = answered.instances.iter();
    let instances = instances.map(|(id, (zone, calls))| InstanceCalls {
        instance: id.clone(),
        zone: zone.clone(),
        calls: *calls,
        share: share(*calls),
    });
    let busiest = answered.instances.values().map(|(_, calls)| *calls).max();
    let known = own_zone.is_some() && calls > 0;
    let members = fleet.members().len();
    let by_chance = fleet.own().len() as f64 / members.max(1) as f64;
    let even = calls as f64 / members.max(1) as f64;
    Balance {
        own_zone: own_zone.map(str::to_owned),
        fleet: members as u64,
        zones,
        instances: instances.collect(),
        own_share: known.then_some(share(own)),
        own_share_by_chance: (known && members > 0).then_some(by_chance),
        cross_zone_calls: known.then_some(calls - own),
        cross_zone_saved: known.then_some(own as f64 - calls as f64 * by_chance),
        imbalance: busiest.map(|most| most as f64 / even),
        retried: answered.retried,
    }
}

fn outcome(error: &CallError) -> Outcome {
    let CallError::Refused { code, .. } = error else {
        return Outcome::Connect;
    };
    match code {
        Code::ResourceExhausted => Outcome::Throttled,
        Code::PermissionDenied | Code::Unauthenticated => Outcome::Denied,
        Code::DeadlineExceeded => Outcome::Timeout,
        _ => Outcome::Other,
    }
}
