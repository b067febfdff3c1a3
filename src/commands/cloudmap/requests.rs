//! The arms that call instances: one for each policy, and where their calls went.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tonic::Code;

use super::service::Service;
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::failure::Failure;
use crate::commands::session::{ArmCall, Session};
use crate::discovery::{Balanced, CallError, HealthReply, Instance, Policy};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Distribution, IdentityCounts, Outcome, Phase, PhaseTimes, Sample};
use crate::report::assemble;
use crate::report::document::{Arm, Balance, InstanceCalls, ZoneCalls};

/// Where calls went.
#[derive(Default)]
struct Went {
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
    went: Mutex<Went>,
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
            went: Mutex::default(),
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
        ArmCall {
            name: self.name(),
            call: Arc::clone(&self.call) as Arc<dyn Call>,
            facts: Arc::<ArmFacts>::default(),
        }
    }

    /// Forgets where the calls of a warm-up went.
    pub(super) fn forget(&self) {
        *self.call.went() = Went::default();
    }

    /// Adds to the arm where its calls went.
    pub(super) fn describe(&self, arm: &mut Arm) {
        let fleet = self.call.balanced.resolver().fleet();
        let went = self.call.went();
        let called = |id: &str| went.instances.contains_key(id);
        let members = fleet.members().iter().map(|member| &member.instance);
        let called = members.filter(|instance| called(&instance.id));
        arm.remote_addresses = called.map(Instance::authority).collect();
        arm.endpoint = Some(self.call.service.target.to_string());
        drop(went);
        arm.balance = Some(self.balance());
    }

    fn balance(&self) -> Balance {
        let resolver = self.call.balanced.resolver();
        let fleet = resolver.fleet();
        let went = self.call.went();
        let calls: u64 = went.instances.values().map(|(_, calls)| calls).sum();
        let share = |count: u64| count as f64 / calls.max(1) as f64;
        let own_zone = resolver.zone().map(str::to_owned);
        let is_own = |zone: &Option<String>| zone.is_some() && *zone == own_zone;
        let mut zones: Vec<ZoneCalls> = went
            .zones
            .iter()
            .map(|(zone, latency)| ZoneCalls {
                zone: zone.clone(),
                calls: latency.count(),
                share: share(latency.count()),
                latency: assemble::quantiles(latency),
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
        let busiest = went.instances.values().map(|(_, calls)| *calls).max();
        let even = calls as f64 / members.max(1) as f64;
        Balance {
            own_zone: own_zone.clone(),
            fleet: members as u64,
            zones,
            instances: instances(&went, share),
            own_share: known.then_some(share(own)),
            own_share_by_chance: (known && members > 0).then_some(by_chance),
            cross_zone_calls: known.then_some(calls - own),
            cross_zone_saved: known.then_some(own as f64 - calls as f64 * by_chance),
            imbalance: busiest
                .filter(|_| even > 0.0)
                .map(|most| most as f64 / even),
            retried: went.retried,
        }
    }
}

fn instances(went: &Went, share: impl Fn(u64) -> f64) -> Vec<InstanceCalls> {
    let named = went.instances.iter();
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
    fn went(&self) -> MutexGuard<'_, Went> {
        self.went.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call and notes where it went.
    pub(super) async fn make(&self) -> (Sample, Option<HealthReply>) {
        let start = clock::now();
        let limit = self.service.timeout;
        let check = self.balanced.check(&self.service.asked_health);
        let ended = tokio::time::timeout(limit, check).await;
        let total = clock::since(start);
        match ended {
            Ok(Ok(answer)) => {
                self.note(&answer, total);
                (served(&answer, total), Some(answer))
            }
            Ok(Err(error)) => (failed(total, outcome(&error), error.to_string()), None),
            Err(_) => {
                let error = format!("no answer within {limit:?}");
                (failed(total, Outcome::Timeout, error), None)
            }
        }
    }

    fn note(&self, answer: &HealthReply, took: Duration) {
        let mut went = self.went();
        went.zones
            .entry(answer.zone.clone())
            .or_default()
            .record(took);
        let instance = went.instances.entry(answer.instance.clone());
        instance.or_insert_with(|| (answer.zone.clone(), 0)).1 += 1;
        went.retried += u64::from(answer.tries - 1);
    }
}

impl Call for HealthCall {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async { self.make().await.0 })
    }
}

/// The pick is the phase in which the endpoint is found; the rest lies between request and answer.
fn served(answer: &HealthReply, total: Duration) -> Sample {
    let mut phases = PhaseTimes::default();
    phases[Phase::Endpoint] = answer.picking;
    phases[Phase::Transmit] = total.saturating_sub(answer.picking);
    Sample {
        outcome: Outcome::Ok,
        total,
        phases,
        attempts: answer.tries,
        fresh: 0,
        reused: 0,
        identity: IdentityCounts::default(),
        error: None,
    }
}

fn failed(total: Duration, outcome: Outcome, error: String) -> Sample {
    let mut phases = PhaseTimes::default();
    phases[Phase::Transmit] = total;
    Sample {
        outcome,
        total,
        phases,
        attempts: 1,
        fresh: 0,
        reused: 0,
        identity: IdentityCounts::default(),
        error: Some(error),
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
