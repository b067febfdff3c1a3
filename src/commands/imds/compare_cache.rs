//! `imds --compare-cache`: worker processes without a cache, with one in memory, and with one in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tempfile::TempDir;

use super::arguments::ImdsArgs;
use super::cache_findings;
use super::fetch::{self, PAUSE};
use super::workers::{WorkerResults, Workers};
use crate::client::ArmFacts;
use crate::commands::command::Completed;
use crate::credentials::Source;
use crate::document::{Arm, Stampede};
use crate::measure::{Outcome, Pacing, Plan, Tally};
use crate::run::{Failure, Session, since};

/// The scenario that `--lab` alone stands for: credentials that expire during the run, and a throttle.
const SCENARIO: &str = "stampede";

/// The scenario that `--lab` alone stands for elsewhere.
const USUAL_SCENARIO: &str = "default";

/// Runs the arms one after the other: they would take each other's share of what the source allows.
pub(super) async fn run(mut args: ImdsArgs) -> Result<Completed, Failure> {
    let names: Vec<String> = ARMS.map(|(name, _)| name.to_owned()).into();
    args.checks.meant_for_arms(&names)?;
    if args.target.lab.as_deref() == Some(USUAL_SCENARIO) {
        args.target.lab = Some(SCENARIO.to_owned());
    }
    let source = args.target.source.unwrap_or(Source::Imds);
    let session = Session::begin("imds", &args.target, &args.output, source).await?;
    let workers = WorkerPlan::of(&args, source, session.lab().is_some());
    if session.lab().is_none() {
        session.console.note(&workers.announcement());
    }
    let plan = workers.plan(args.load.warmup.unwrap_or(1));
    session
        .warm_up(&[fetch::arm(&session.setup, 1)], &plan)
        .await?;
    let directory = TempDir::new().map_err(|error| {
        let error = anyhow::Error::new(error).context("cannot make a directory for the cache");
        Failure::new(error, "set TMPDIR to a folder that you may write to")
    })?;
    let mut run = session.measure(&plan);
    run.load.concurrency = workers.workers;
    for (index, (name, cache)) in ARMS.iter().enumerate() {
        if index > 0 {
            session.pause(PAUSE).await;
        }
        if session.stop.is_stopped() {
            run.complete = false;
            break;
        }
        let (arm, ended) = workers.measure(&session, name, cache, &directory).await?;
        run.arms.extend((arm.requests > 0).then_some(arm));
        run.complete &= ended;
    }
    let findings = cache_findings::of(&run.arms);
    Ok(Completed::measured(run.document(findings)))
}

/// Names of the arms, and of the cache that their workers have. The first is the baseline.
const ARMS: [(&str, &str); 3] = [("no cache", "none"), ("memory", "memory"), ("file", "file")];

/// The workers of an arm, and what they do.
struct WorkerPlan {
    workers: usize,
    every: Duration,
    lasting: Duration,
    /// Of each worker.
    requests: Option<u64>,
    seed: u64,
    /// What every worker is told.
    common: Vec<String>,
}

impl WorkerPlan {
    fn of(args: &ImdsArgs, source: Source, lab: bool) -> Self {
        // In the lab a little longer than credentials last there, so that they expire once in every arm.
        let (workers, every, lasting) = if lab {
            (32, Duration::from_millis(200), Duration::from_secs(8))
        } else {
            (4, Duration::from_secs(1), Duration::from_secs(5))
        };
        let workers = args.cache.workers.unwrap_or(workers);
        let target = &args.target;
        let mut common = vec![
            format!("--source={}", source.name()),
            format!("--timeout={}", humantime::format_duration(target.timeout)),
        ];
        let mut option = |name: &str, value: &Option<String>| {
            common.extend(value.iter().map(|value| format!("--{name}={value}")));
        };
        option("profile", &target.profile);
        option("region", &target.region);
        option("role-arn", &target.role_arn);
        let requests = args.load.requests;
        Self {
            workers,
            every: args.cache.every.unwrap_or(every),
            lasting: match (args.load.duration, requests) {
                (Some(duration), _) => duration,
                (None, Some(_)) => Duration::from_secs(u64::from(u32::MAX)),
                (None, None) => lasting,
            },
            requests: requests.map(|n| n.div_ceil(workers as u64)),
            seed: args.load.seed,
            common,
        }
    }

    fn plan(&self, warmup: u64) -> Plan {
        Plan {
            requests: self.requests.map(|n| n * self.workers as u64),
            duration: self.requests.is_none().then_some(self.lasting),
            warmup,
            pacing: Pacing::Closed { workers: 1 },
            seed: self.seed,
        }
    }

    /// What a real node is about to be asked for.
    fn announcement(&self) -> String {
        let periods = self.lasting.as_secs_f64() / self.every.as_secs_f64();
        let each = self.requests.map_or(periods, |n| n as f64).ceil();
        format!(
            "imds --compare-cache: without a cache, {} worker processes fetch credentials {each:.0} times each, one \
             every {:?}; with one in memory, once each; with the file cache, once in all. A fetch is about a dozen packets, \
             and the 1,024 packets per second that an interface may send to link-local addresses are shared with this \
             node's DNS and NTP. Its credentials will not expire during the run: --lab shows what happens when they do.",
            self.workers, self.every
        )
    }

    /// What each worker is told.
    fn arguments(&self, cache: &str, directory: &TempDir) -> Vec<Vec<String>> {
        let duration =
            |name: &str, value: Duration| format!("--{name}={}", humantime::format_duration(value));
        let one = |worker: usize| {
            let mut arguments = vec![
                "imds-worker".to_owned(),
                format!("--cache={cache}"),
                // Where files are made that only this user can enter.
                format!(
                    "--cache-dir={}",
                    directory.path().join("credentials").display()
                ),
                duration("every", self.every),
                duration(
                    "offset",
                    self.every.mul_f64(worker as f64 / self.workers as f64),
                ),
                duration("lasting", self.lasting),
            ];
            arguments.extend(self.requests.map(|n| format!("--requests={n}")));
            arguments.extend(self.common.iter().cloned());
            arguments
        };
        (0..self.workers).map(one).collect()
    }

    /// One arm, and whether it came to its end.
    async fn measure(
        &self,
        session: &Session,
        name: &str,
        cache: &str,
        directory: &TempDir,
    ) -> Result<(Arm, bool), Failure> {
        let variables = session.setup.variables();
        let workers = Workers::start(self.arguments(cache, directory), variables).await?;
        let before = session.lab_requests();
        let periods = self.lasting.div_duration_f64(self.every).ceil() as u64;
        let total = self.requests.unwrap_or(periods) * self.workers as u64;
        let progress = session.console.counter(total, name);
        let results = workers.run(&session.stop, || progress.count()).await;
        let arrived = since(&before, session.lab_requests());
        let arrived = session
            .lab()
            .map(|_| arrived.values().map(|n| n.count).sum());
        let mut arm = documented(name, &results, session);
        arm.stampede = Some(Stampede {
            processes: self.workers as u64,
            arrived,
            ..stampede(&results)
        });
        Ok((arm, results.complete))
    }
}

fn documented(name: &str, results: &WorkerResults, session: &Session) -> Arm {
    let mut requests: Vec<_> = results
        .requests
        .iter()
        .map(|(_, request)| request)
        .collect();
    requests.sort_by_key(|request| request.at);
    let mut tally = Tally::default();
    for (round, request) in requests.iter().enumerate() {
        tally.record(round as u64, request.at, &request.sample());
    }
    let facts = ArmFacts::default();
    for (operation, stats) in &results.exchanges {
        facts.exchanges.absorb(operation, stats);
    }
    fetch::documented(name, &tally, &facts, &session.setup)
}

/// How many processes fetched the same credentials. They are told apart by their expiry.
fn stampede(results: &WorkerResults) -> Stampede {
    let loads = results
        .requests
        .iter()
        .filter(|(_, request)| request.is_load());
    let mut fetchers: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    let mut without_expiry = BTreeSet::new();
    for (worker, request) in loads.filter(|(_, request)| request.outcome == Outcome::Ok) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::imds::message::WorkerRequest;
    use crate::measure::IdentityPath;

    #[test]
    fn a_stampede_is_how_many_processes_fetched_the_same_credentials() {
        let fetched = |worker, path, expires| {
            let ended = Ok(Some(expires));
            (
                worker,
                WorkerRequest::new(Duration::ZERO, Duration::ZERO, path, ended),
            )
        };
        let results = WorkerResults {
            requests: vec![
                fetched(0, IdentityPath::Load, 10),
                fetched(1, IdentityPath::Load, 10),
                fetched(1, IdentityPath::Load, 10),
                fetched(2, IdentityPath::Hit, 10),
                fetched(0, IdentityPath::Load, 20),
                fetched(1, IdentityPath::Wait, 20),
            ],
            ..WorkerResults::default()
        };
        let seen = stampede(&results);
        assert_eq!(
            (seen.at_start, seen.expiries, seen.at_expiry),
            (2, 1, Some(1))
        );
        let nothing = stampede(&WorkerResults::default());
        assert_eq!((nothing.at_start, nothing.at_expiry), (0, None));
    }
}
