//! The arms that call instances: one for each policy, and where their calls answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tonic::Code;

use super::service::Service;
use crate::clock;
use crate::discovery::{Balanced, CallError, HealthReply, Instance, Policy};
use crate::document::{Arm, Balance, InstanceCalls, ZoneCalls};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Distribution, Outcome, Phase, Sample};
use crate::run::{ArmCall, Failure, Session, quantiles};

/// Where calls answered.
#[derive(Default)]
struct Answered {
    zones: BTreeMap<Option<String>, Distribution>,
    instances: BTreeMap<String, (Option<String>, u64)>,
    retried: u64,
}

/// One policy at work.
pub(super) struct Requests {
    policy: Policy,
    call: Arc<HealthCall>,
}

/// One balanced health check.
pub(super) struct HealthCall {
    pub(super) balanced: Balanced,
    service: Arc<Service>,
    answered: Mutex<Answered>,
}

impl Requests {
    /// With a resolver, connections and views of the instances of its own: what one policy does to an
    /// instance is not seen by another.
    pub(super) async fn start(
        session: &Session,
        service: &Arc<Service>,
        policy: Policy,
        seed: u64,
    ) -> Result<Self, Failure> {
        let resolver = service.resolver(session, seed).await?;
        let security = service.security.clone();
        let call = HealthCall {
            balanced: Balanced::new(resolver, policy, security, seed),
            service: Arc::clone(service),
            answered: Mutex::default(),
        };
        Ok(Self {
            policy,
            call: Arc::new(call),
        })
    }

    pub(super) fn name(&self) -> String {
        self.policy.to_string()
    }

    pub(super) fn policy(&self) -> Policy {
        self.policy
    }

    pub(super) fn call(&self) -> &Arc<HealthCall> {
        &self.call
    }

    pub(super) fn arm(&self) -> ArmCall {
        let call = Arc::clone(&self.call);
        ArmCall::plain(self.name(), call)
    }

    /// Forgets where the calls of a warm-up answered.
    pub(super) fn forget(&self) {
        *self.call.answered() = Answered::default();
    }

    /// Adds to the arm where its calls answered.
    pub(super) fn describe(&self, arm: &mut Arm) {
        let fleet = self.call.balanced.resolver().fleet();
        let answered = self.call.answered();
        let called = |id: &str| answered.instances.contains_key(id);
        let members = fleet.members().iter().map(|member| &member.instance);
        let called = members.filter(|instance| called(&instance.id));
        arm.remote_addresses = called.map(Instance::authority).collect();
        arm.endpoint = Some(self.call.service.target.to_string());
        drop(answered);
        arm.balance = Some(self.balance());
    }

    fn balance(&self) -> Balance {
        let resolver = self.call.balanced.resolver();
        let fleet = resolver.fleet();
        let answered = self.call.answered();
        let calls: u64 = answered.instances.values().map(|(_, calls)| calls).sum();
        let share = |count: u64| count as f64 / calls.max(1) as f64;
        let own_zone = resolver.zone().map(str::to_owned);
        let is_own = |zone: &Option<String>| zone.is_some() && *zone == own_zone;
        let mut zones: Vec<ZoneCalls> = answered
            .zones
            .iter()
            .map(|(zone, latency)| ZoneCalls {
                zone: zone.clone(),
                calls: latency.count(),
                share: share(latency.count()),
                latency: quantiles(latency),
            })
            .collect();
        zones.sort_by_key(|zone| !is_own(&zone.zone));
        let own: u64 = zones
            .iter()
            .filter(|z| is_own(&z.zone))
            .map(|z| z.calls)
            .sum();
        let known = own_zone.is_some() && calls > 0;
        let members = fleet.members().len();
        let by_chance = fleet.own().len() as f64 / members.max(1) as f64;
        let busiest = answered.instances.values().map(|(_, calls)| *calls).max();
        let even = calls as f64 / members.max(1) as f64;
        Balance {
            own_zone: own_zone.clone(),
            fleet: members as u64,
            zones,
            instances: instances(&answered, share),
            own_share: known.then_some(share(own)),
            own_share_by_chance: (known && members > 0).then_some(by_chance),
            cross_zone_calls: known.then_some(calls - own),
            cross_zone_saved: known.then_some(own as f64 - calls as f64 * by_chance),
            imbalance: busiest
                .filter(|_| even > 0.0)
                .map(|most| most as f64 / even),
            retried: answered.retried,
        }
    }
}

fn instances(answered: &Answered, share: impl Fn(u64) -> f64) -> Vec<InstanceCalls> {
    let named = answered.instances.iter();
    named
        .map(|(id, (zone, calls))| InstanceCalls {
            instance: id.clone(),
            zone: zone.clone(),
            calls: *calls,
            share: share(*calls),
        })
        .collect()
}

impl HealthCall {
    fn answered(&self) -> MutexGuard<'_, Answered> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call and notes where it answered.
    pub(super) async fn make(&self) -> (Sample, Option<HealthReply>) {
        let start = clock::now();
        let limit = self.service.timeout;
        let check = self.balanced.check(&self.service.asked_health);
        let ended = tokio::time::timeout(limit, check).await;
        let total = clock::since(start);
        let failed =
            |outcome, error| Sample::of_phase(Phase::Transmit, total).failed(outcome, error);
        match ended {
            Ok(Ok(answer)) => {
                self.note(&answer, total);
                (served(&answer, total), Some(answer))
            }
            Ok(Err(error)) => (failed(outcome(&error), error.to_string()), None),
            Err(_) => {
                let error = format!("no answer within {limit:?}");
                (failed(Outcome::Timeout, error), None)
            }
        }
    }

    fn note(&self, answer: &HealthReply, took: Duration) {
        let mut answered = self.answered();
        answered
            .zones
            .entry(answer.zone.clone())
            .or_default()
            .record(took);
        let instance = answered.instances.entry(answer.instance.clone());
        instance.or_insert_with(|| (answer.zone.clone(), 0)).1 += 1;
        answered.retried += u64::from(answer.tries - 1);
    }
}

impl Call for HealthCall {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async { self.make().await.0 })
    }
}

/// The pick is the phase in which the endpoint is found; the rest lies between request and answer.
fn served(answer: &HealthReply, total: Duration) -> Sample {
    let phases = [
        (Phase::Endpoint, answer.picking),
        (Phase::Transmit, total.saturating_sub(answer.picking)),
    ];
    Sample {
        attempts: answer.tries,
        ..Sample::of_phases(phases)
    }
}

fn outcome(error: &CallError) -> Outcome {
    match error {
        CallError::NoInstances | CallError::Unreachable { .. } => Outcome::Connect,
        CallError::Refused { code, .. } => match code {
            Code::ResourceExhausted => Outcome::Throttled,
            Code::PermissionDenied | Code::Unauthenticated => Outcome::Denied,
            Code::DeadlineExceeded => Outcome::Timeout,
            _ => Outcome::Other,
        },
    }
}
