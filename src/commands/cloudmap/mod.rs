//! `cloudmap`: discovery by API against DNS, and balancing that knows zones.

mod arguments;
mod discovery;
mod findings;
mod listen;
mod requests;
mod service;
mod simulate;

use std::sync::Arc;

pub use self::arguments::CloudmapArgs;
use self::arguments::Part;
use self::requests::Requests;
use self::service::Service;
use super::Report;
use super::credibility;
use super::failure::Failure;
use super::load;
use super::session::{self, ArmCall, Results, Session};
use crate::credentials::Source;
use crate::measure::{Measured, Plan};
use crate::report::assemble;
use crate::report::document::{Arm, Comparison, Finding};

/// Measures, serves or simulates.
pub async fn run(args: CloudmapArgs) -> Result<Report, Failure> {
    if args.simulate.is_some() {
        return simulate::run(&args);
    }
    let source = args.target.source.unwrap_or(Source::Chain);
    let session = Session::begin("cloudmap", &args.target, &args.output, source).await?;
    let service = Arc::new(Service::of(&args, &session).await?);
    if let Some(address) = args.listen {
        return listen::run(&args, session, &service, address).await;
    }
    measure(&args, session, &service).await
}

/// Both parts, one after the other: their arms do different things, so that only those of one part are
/// interleaved and compared.
async fn measure(
    args: &CloudmapArgs,
    session: Session,
    service: &Arc<Service>,
) -> Result<Report, Failure> {
    let plan = load::plan(&args.load, &args.pacing);
    let wants = |part| args.part.is_none_or(|only| only == part);
    let mut questions = Vec::new();
    if wants(Part::Discovery) {
        questions = discovery::arms(&session, service).await?;
    }
    let mut requests = Vec::new();
    if wants(Part::Requests) {
        for (at, policy) in args.policies().into_iter().enumerate() {
            let seed = args.load.seed.wrapping_add(at as u64);
            requests.push(Requests::start(&session, service, policy, seed).await?);
        }
    }
    let calls: Vec<ArmCall> = requests.iter().map(Requests::arm).collect();
    let names = [session::names(&questions), session::names(&calls)].concat();
    args.checks.meant_for_arms(&names)?;
    session.warm_up(&questions, &plan).await?;
    session.warm_up(&calls, &plan).await?;
    requests.iter().for_each(Requests::forget);
    let before = session.lab_requests();
    let mut run = Run::new(&plan);
    run.part(&session, &questions, &plan).await;
    run.part(&session, &calls, &plan).await;
    for arm in &mut run.arms {
        match requests.iter().find(|requests| requests.name() == arm.name) {
            Some(requests) => requests.describe(arm),
            None => discovery::describe(&session, service, arm),
        }
    }
    run.findings
        .splice(0..0, findings::of(service, &requests, &run.arms));
    let lab_requests = session::since(&before, session.lab_requests());
    let results = run.results(lab_requests);
    Ok(Report::Measured(Box::new(session.document(results))))
}

/// What has been measured so far.
struct Run {
    load: crate::report::document::Load,
    complete: bool,
    arms: Vec<Arm>,
    comparisons: Vec<Comparison>,
    findings: Vec<Finding>,
}

impl Run {
    fn new(plan: &Plan) -> Self {
        Self {
            load: load::stated(plan, None),
            complete: true,
            arms: Vec::new(),
            comparisons: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Measures one part: its arms interleaved, the first compared with the others.
    async fn part(&mut self, session: &Session, arms: &[ArmCall], plan: &Plan) {
        if arms.is_empty() || !self.complete {
            return;
        }
        let label = session::names(arms).join(" / ");
        let measured: Measured = session.watched(&session::calls(arms), plan, &label).await;
        self.complete = measured.complete;
        self.load = load::stated(plan, Some(&measured));
        self.findings
            .extend(credibility::findings(arms, &measured, &self.load));
        self.comparisons
            .extend(session::comparisons(arms, &measured, plan.seed));
        let documented = arms.iter().zip(&measured.tallies);
        self.arms
            .extend(documented.map(|(arm, tally)| assemble::arm(&arm.name, tally, &arm.facts)));
    }

    fn results(self, lab_requests: session::LabRequests) -> Results {
        Results {
            load: self.load,
            complete: self.complete,
            lab_requests,
            arms: self.arms,
            comparisons: self.comparisons,
            findings: self.findings,
        }
    }
}
