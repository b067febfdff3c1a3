//! `cloudmap`: discovery by API against DNS, and balancing that knows zones.

mod arguments;
mod discovery;
mod findings;
mod first;
mod listen;
mod requests;
mod service;
mod simulate;

use std::sync::Arc;

pub use self::arguments::CloudmapArgs;
use self::arguments::Part;
use self::requests::BalancedCalls;
use self::service::Service;
use super::command::{Command, Completed, Kind};
use super::diagnose;
use crate::run::{ArmCall, Failure, MeasuringOptions, Session, names};

impl From<CloudmapArgs> for Command {
    fn from(args: CloudmapArgs) -> Self {
        let MeasuringOptions { output, checks, .. } = args.options.clone();
        if args.simulate.is_some() {
            let run = async move { Ok(simulate::run(&args)) };
            return Self::new(Kind::Counts, output, checks, run);
        }
        Self::new(Kind::Latencies, output, checks, run(args))
    }
}

async fn run(args: CloudmapArgs) -> Result<Completed, Failure> {
    let session = args.options.begin("cloudmap").await?;
    let service = session.preparing(Service::of(args, &session)).await??;
    let service = Arc::new(service);
    let completed = match service.args.listen {
        Some(address) => listen::run(&session, &service, address).await,
        None => measure(&session, &service).await,
    };
    match completed {
        Err(failure) => Err(diagnose::explained(&session, failure).await),
        completed => completed,
    }
}

/// Both parts, one after the other: their arms do different things, so that only those of one part are
/// interleaved and compared.
async fn measure(session: &Session, service: &Arc<Service>) -> Result<Completed, Failure> {
    let options = &service.args.options;
    let preparing = prepared(session, service);
    let (questions, policies) = session.preparing(preparing).await??;
    let seed = options.load.seed;
    let calls = policies.iter().map(|policy| policy.arm(session, seed));
    let calls: Vec<ArmCall> = calls.collect();
    let names = [names(&questions), names(&calls)].concat();
    options.checks.meant_for_arms(&names)?;
    let plan = options.plan();
    let mut first = session.warm_up(&questions, &plan).await?;
    first.extend(session.warm_up(&calls, &plan).await?);
    for policy in &policies {
        policy.forget();
    }
    let mut run = session.measure(&plan, first);
    run.interleaved(&questions, &plan).await;
    run.interleaved(&calls, &plan).await;
    for arm in &mut run.body.arms {
        if let Some(policy) = policies.iter().find(|policy| policy.name() == arm.name) {
            policy.describe(arm);
        }
    }
    let findings = findings::of(service, &policies, &run.body.arms);
    Ok(diagnose::completed(session, run, findings).await)
}

/// The arms of both parts, with the first answers of their resolvers.
async fn prepared(
    session: &Session,
    service: &Arc<Service>,
) -> Result<(Vec<ArmCall>, Vec<Arc<BalancedCalls>>), Failure> {
    let args = &service.args;
    let wants = |part| args.part.is_none_or(|only| only == part);
    let mut questions = Vec::new();
    if wants(Part::Discovery) {
        questions = discovery::arms(session, service).await?;
    }
    let mut policies = Vec::new();
    if wants(Part::Requests) {
        for (at, policy) in args.policies().into_iter().enumerate() {
            let seed = args.options.load.seed.wrapping_add(at as u64);
            policies.push(BalancedCalls::start(session, service, policy, seed).await?);
        }
    }
    Ok((questions, policies))
}
