//! `imds --compare-cache`: worker processes without a cache, with one in memory, and with one in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;

use super::arguments::ImdsArgs;
use super::fetch::{self, PAUSE};
use super::worker::{Cache, Task, WorkerRequest};
use super::workers::{self, Workers};
use crate::commands::command::Completed;
use crate::commands::diagnose;
use crate::credentials::{Source, Variables};
use crate::document::{Arm, Finding, Stampede};
use crate::measure::{Pacing, Plan, Tally};
use crate::run::{Failure, FirstCalls, Hint, Session, since};

/// The scenario that `--lab` alone stands for: credentials that expire during the run, and a throttle.
const SCENARIO: &str = "stampede";

/// Names of the arms, and the cache that their workers have. The first is the baseline.
const ARMS: [(&str, Cache); 3] = [
    ("no cache", Cache::None),
    ("memory", Cache::Memory),
    ("file", Cache::File),
];

/// Runs the arms one after the other: they would take each other's share of what the source allows.
pub(super) async fn run(args: ImdsArgs) -> Result<Completed, Failure> {
    args.checks
        .meant_for_arms(&ARMS.map(|(name, _)| name.to_owned()))?;
    let scenario = args.target.scenario(SCENARIO)?;
    let (target, output) = (&args.target, &args.output);
    let session = Session::begin("imds", scenario, target, output, args.source()).await?;
    let temporary = tempfile::tempdir()
        .context("cannot make a directory for the cache")
        .hint("set TMPDIR to a folder that you may write to")?;
    // Which is made so that only this user can enter it.
    let directory = temporary.path().join("credentials");
    let workers = WorkerPlan::of(&args, session.lab().is_some(), directory);
    if session.lab().is_none() {
        session.console.note(&workers.announcement(args.source()));
    }
    let plan = workers.plan(&args);
    let first = workers.first_calls(&session, &plan).await;
    let probe = fetch::arm(fetch::name(1), &session.setup, session.setup.timeout);
    if let Err(failure) = session.warm_up_after(&first, &[probe], &plan).await {
        return Err(diagnose::explained(&session, failure).await);
    }
    let mut run = session.measure(&plan, first);
    run.body.load.concurrency = workers.workers;
    for (index, (name, cache)) in ARMS.into_iter().enumerate() {
        if index > 0 {
            session.pause(PAUSE).await;
        }
        if session.stop.is_stopped() {
            run.body.complete = false;
            break;
        }
        let (arm, ended) = workers.measure(&session, name, cache).await?;
        run.body.arms.extend((arm.requests > 0).then_some(arm));
        run.body.complete &= ended;
    }
    let findings = findings(&run.body.arms);
    Ok(diagnose::completed(&session, run, findings).await)
}

/// What a real node must know before its metadata are asked.
const METADATA_LIMIT: &str = " A fetch from instance metadata is about a dozen packets, and the 1,024 packets per second \
    that an interface may send to link-local addresses are shared with this node's DNS and NTP.";

/// The workers of an arm, and what each of them does.
struct WorkerPlan {
    workers: usize,
    /// With a cache and an offset that each worker gets for itself.
    task: Task,
}

impl WorkerPlan {
    fn of(args: &ImdsArgs, lab: bool, directory: PathBuf) -> Self {
        // In the lab a little longer than credentials last there, so that they expire once in every arm.
        let (workers, every, lasting) = if lab {
            (32, Duration::from_millis(200), Duration::from_secs(8))
        } else {
            (4, Duration::from_secs(1), Duration::from_secs(5))
        };
        let workers = args.workers.unwrap_or(workers);
        let task = Task {
            cache: Cache::None,
            directory,
            named: args.target.named(args.source(), Variables::new()),
            timeout: args.target.timeout,
            every: args.every.unwrap_or(every),
            offset: Duration::ZERO,
            lasting: match (args.load.duration, args.load.requests) {
                (Some(duration), _) => duration,
                (None, Some(_)) => Duration::from_secs(u64::from(u32::MAX)),
                (None, None) => lasting,
            },
            requests: args.load.requests.map(|n| n.div_ceil(workers as u64)),
        };
        Self { workers, task }
    }

    fn plan(&self, args: &ImdsArgs) -> Plan {
        let (requests, lasting) = (self.task.requests, self.task.lasting);
        Plan {
            requests: requests.map(|n| n * self.workers as u64),
            duration: requests.is_none().then_some(lasting),
            first: args.load.first,
            warmup: args.load.warmup.unwrap_or(1),
            pacing: Pacing::Closed { workers: 1 },
            seed: args.load.seed,
        }
    }

    /// How many requests of each worker there is time for.
    fn each(&self) -> u64 {
        let periods = self.task.lasting.div_duration_f64(self.task.every).ceil();
        self.task.requests.unwrap_or(periods as u64)
    }

    /// What a real node is about to be asked for.
    fn announcement(&self, source: Source) -> String {
        let (workers, each, every) = (self.workers, self.each(), self.task.every);
        format!(
            "imds --compare-cache: without a cache, {workers} worker processes fetch credentials {each} times each, one \
             every {every:?}; with one in memory, once each; with the file cache, once in all.{} Its credentials will \
             not expire during the run: --lab shows what happens when they do.",
            match source {
                Source::Imds | Source::Chain => METADATA_LIMIT,
                _ => "",
            }
        )
    }

    /// What the first request of a lone worker takes in each arm.
    async fn first_calls(&self, session: &Session, plan: &Plan) -> FirstCalls {
        let variables = &session.setup.named.variables;
        let fresh = |(name, cache)| (name, workers::first_requests(&self.task, cache, variables));
        let fresh = ARMS.map(fresh);
        let fresh = fresh.each_ref().map(|(name, fresh)| (*name, fresh));
        session.first_calls(&fresh, plan).await
    }

    /// One arm, and whether it came to its end.
    async fn measure(
        &self,
        session: &Session,
        name: &str,
        cache: Cache,
    ) -> Result<(Arm, bool), Failure> {
        let every = self.task.every;
        let tasks = (0..self.workers).map(|worker| Task {
            cache,
            offset: every.mul_f64(worker as f64 / self.workers as f64),
            ..self.task.clone()
        });
        let workers = Workers::start(tasks, &session.setup.named.variables).await?;
        let before = session.lab_requests();
        let total = self.each() * self.workers as u64;
        let served = AtomicU64::new(0);
        let running = workers.run(&session.stop, &served);
        let done = || (served.load(Ordering::Relaxed), Some(total));
        let mut results = session.console.watched(name, running, done).await;
        let arrived = since(&before, session.lab_requests());
        results.requests.sort_by_key(|(_, request)| request.at);
        let mut tally = Tally::default();
        for (round, (_, request)) in results.requests.iter().enumerate() {
            tally.record(round as u64, request.at, &request.sample());
        }
        let arm = Arm {
            stampede: Some(Stampede {
                processes: self.workers as u64,
                arrived: session
                    .lab()
                    .map(|_| arrived.values().map(|n| n.count).sum()),
                ..stampede(&results.requests)
            }),
            ..fetch::documented(name, &tally, &results.facts, &session.setup)
        };
        Ok((arm, results.complete))
    }
}

/// How many processes fetched the same credentials. They are told apart by their expiry.
fn stampede(requests: &[(usize, WorkerRequest)]) -> Stampede {
    let mut fetchers: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    let mut without_expiry = BTreeSet::new();
    for (worker, request) in requests.iter().filter(|(_, request)| request.has_loaded()) {
        match request.expires {
            Some(expires) => fetchers.entry(expires).or_default().insert(*worker),
            None => without_expiry.insert(*worker),
        };
    }
    let mut sizes = fetchers.values().map(|workers| workers.len() as u64);
    let at_start = sizes.next().unwrap_or(without_expiry.len() as u64);
    Stampede {
        processes: 0,
        arrived: None,
        at_start,
        expiries: sizes.len() as u64,
        at_expiry: sizes.max(),
    }
}

const REMEDY: &str = "let the processes of a node share their credentials: `credential_process = awscreds-bench \
    credential-process` in a profile works with every SDK and the AWS CLI, `FileCache` in Rust programs \
    (docs/file-cache.md)";

/// From all three arms, in the order of the run: the baseline first, the file cache last.
fn findings(arms: &[Arm]) -> Vec<Finding> {
    let [baseline, _, file] = arms else {
        return vec![];
    };
    let found = [failing(arms, baseline, file), stampeding(arms, file)];
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    if findings.is_empty() {
        findings.extend(asking(arms, baseline, file));
    }
    findings
}

/// Fetches fail without a shared cache.
fn failing(arms: &[Arm], baseline: &Arm, file: &Arm) -> Option<Finding> {
    let (failed, with_file) = (baseline.outcomes.failed(), file.outcomes.failed());
    // The arms need not have made equally many requests: a worker that is late skips some.
    let fewer = |requests: u64, of: u64| requests as f64 / of.max(1) as f64;
    if fewer(failed, baseline.requests) <= fewer(with_file, file.requests) {
        return None;
    }
    let requests = baseline.requests;
    let with_file = match with_file {
        0 => "none".to_owned(),
        some => format!("{some} of {}", file.requests),
    };
    Some(Finding::warning(
        "cache-prevents-failures",
        format!(
            "without a cache {failed} of {requests} requests got no credentials; with the file cache {with_file}"
        ),
        each(arms, |arm| {
            let (failed, timeout) = (arm.outcomes.failed(), arm.outcomes.timeout);
            let requests = arm.requests;
            Some(format!(
                "{failed} of {requests} requests failed, {timeout} of them timed out"
            ))
        }),
        REMEDY,
    ))
}

/// Processes fetch at once when credentials expire.
fn stampeding(arms: &[Arm], file: &Arm) -> Option<Finding> {
    let sizes = arms.iter().filter_map(|arm| Some((arm, at_expiry(arm)?)));
    let (worst, most) = sizes.max_by_key(|(_, size)| *size)?;
    let least = at_expiry(file)?;
    if most <= least.max(1) {
        return None;
    }
    let worst = &worst.name;
    Some(Finding::warning(
        "expiry-stampede",
        format!(
            "when credentials expire, {most} processes fetch new ones ({worst}); with the file cache {least} does"
        ),
        each(arms, |arm| {
            let stampede = arm.stampede?;
            let (processes, at_start) = (stampede.processes, stampede.at_start);
            let size = at_expiry(arm)?;
            Some(format!(
                "{size} of {processes} processes fetched the credentials that replaced expired ones, {at_start} at the start"
            ))
        }),
        "share credentials through a file: one process renews them ahead of their expiry, and the others read \
            what it got; memory alone is renewed by every process for itself",
    ))
}

/// How much is asked of the source.
fn asking(arms: &[Arm], baseline: &Arm, file: &Arm) -> Option<Finding> {
    let (before, after) = (asked(baseline), asked(file));
    if before <= after {
        return None;
    }
    let after = number(after);
    let each = each(arms, |arm| {
        Some(format!("{} for {} requests", asked(arm), arm.requests))
    });
    Some(Finding::info(
        "cache-spares-source",
        format!("without a cache the source was asked {before} times, with the file cache {after}"),
        format!("requests to the source, {each}"),
        REMEDY,
    ))
}

/// What is said of every arm that there is something to say of.
fn each(arms: &[Arm], text: impl Fn(&Arm) -> Option<String>) -> String {
    let texts = arms
        .iter()
        .filter_map(|arm| Some(format!("{}: {}", arm.name, text(arm)?)));
    texts.collect::<Vec<_>>().join("; ")
}

fn at_expiry(arm: &Arm) -> Option<u64> {
    arm.stampede?.at_expiry
}

/// Requests that arrived, by the lab's count where there is one.
fn asked(arm: &Arm) -> u64 {
    let arrived = arm.stampede.and_then(|stampede| stampede.arrived);
    arrived.unwrap_or_else(|| arm.source_requests.values().map(|n| n.count).sum())
}

fn number(n: u64) -> String {
    match n {
        0 => "none".to_owned(),
        n => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::IdentityPath;

    #[test]
    fn a_stampede_is_how_many_processes_fetched_the_same_credentials() {
        let fetched = |worker, path, expires| {
            let request = WorkerRequest {
                at: Duration::ZERO,
                took: Duration::ZERO,
                path,
                expires: Some(expires),
                error: None,
            };
            (worker, request)
        };
        let found = stampede(&[
            fetched(0, IdentityPath::Load, 10),
            fetched(1, IdentityPath::Load, 10),
            fetched(1, IdentityPath::Load, 10),
            fetched(2, IdentityPath::Hit, 10),
            fetched(0, IdentityPath::Load, 20),
            fetched(1, IdentityPath::Wait, 20),
        ]);
        assert_eq!(
            (found.at_start, found.expiries, found.at_expiry),
            (2, 1, Some(1))
        );
        let nothing = stampede(&[]);
        assert_eq!((nothing.at_start, nothing.at_expiry), (0, None));
    }
}
