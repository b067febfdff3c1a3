//! `imds --compare-cache`: worker processes without a cache, with one in memory, and with one in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tempfile::TempDir;

use super::processes::{Heard, Processes};
use super::{ImdsArgs, PAUSE, cache_findings};
use crate::client::ArmFacts;
use crate::commands::session::{self, Results, Session};
use crate::commands::{Failure, Report, load, options};
use crate::credentials::Source;
use crate::measure::{Outcome, Pacing, Plan, Tally};
use crate::report::assemble;
use crate::report::document::{Arm, Connections, Load, Stampede};

/// The scenario that `--lab` alone stands for: credentials that expire during the run, and a throttle.
pub(super) const SCENARIO: &str = "stampede";

/// The scenario that `--lab` alone stands for elsewhere.
const USUAL_SCENARIO: &str = "default";

#[derive(Args, Clone, Debug)]
pub(super) struct CompareCacheOptions {
    /// Compare worker processes without a cache, with a cache in memory, and with the file cache
    #[arg(long, conflicts_with = "concurrency")]
    pub(super) compare_cache: bool,

    /// Worker processes [default: 32 in the lab, 4 elsewhere]
    #[arg(long, value_name = "N", requires = "compare_cache", value_parser = options::workers)]
    workers: Option<usize>,

    /// How often each worker gets a request that needs credentials [default: 200ms in the lab, 1s elsewhere]
    #[arg(long, value_name = "DURATION", requires = "compare_cache", value_parser = options::duration)]
    every: Option<Duration>,
}

/// Runs the arms one after the other: they would take each other's share of what the source allows.
pub(super) async fn run(mut args: ImdsArgs) -> Result<Report, Failure> {
    let names: Vec<String> = ARMS.map(|(name, _)| name.to_owned()).into();
    args.checks.meant_for_arms(&names)?;
    if args.target.lab.as_deref() == Some(USUAL_SCENARIO) {
        args.target.lab = Some(SCENARIO.to_owned());
    }
    let source = args.target.source.unwrap_or(Source::Imds);
    let session = Session::begin("imds", &args.target, &args.output, source).await?;
    let crew = Crew::of(&args, source, session.lab().is_some());
    if session.lab().is_none() {
        session.note(&crew.announcement());
    }
    let plan = crew.plan(args.load.warmup.unwrap_or(1));
    session
        .warm_up(&[super::arm(&session.setup, 1)], &plan)
        .await?;
    let directory = TempDir::new().map_err(|error| {
        let error = anyhow::Error::new(error).context("cannot make a directory for the cache");
        Failure::new(error, "set TMPDIR to a folder that you may write to")
    })?;
    let before = session.lab_requests();
    let mut arms = Vec::new();
    let mut complete = true;
    for (index, (name, cache)) in ARMS.iter().enumerate() {
        if index > 0 {
            session.pause(PAUSE).await;
        }
        if session.stop.is_stopped() {
            complete = false;
            break;
        }
        let (arm, ended) = crew.measure(&session, name, cache, &directory).await?;
        arms.extend((arm.requests > 0).then_some(arm));
        complete &= ended;
    }
    let findings = cache_findings::of(&arms);
    let load = Load {
        concurrency: crew.workers,
        ..load::stated(&plan, None)
    };
    let results = Results {
        load,
        complete,
        lab_requests: session::since(&before, session.lab_requests()),
        arms,
        comparisons: vec![],
        findings,
    };
    Ok(Report::Measured(Box::new(session.document(results))))
}

/// Names of the arms, and of the cache that their workers have. The first is the baseline.
const ARMS: [(&str, &str); 3] = [("no cache", "none"), ("memory", "memory"), ("file", "file")];

/// The workers of an arm, and what they do.
struct Crew {
    workers: usize,
    every: Duration,
    lasting: Duration,
    /// Of each worker.
    requests: Option<u64>,
    seed: u64,
    /// What every worker is told.
    common: Vec<String>,
}

impl Crew {
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
        let processes = Processes::start(self.arguments(cache, directory), variables).await?;
        let before = session.lab_requests();
        let periods = self.lasting.div_duration_f64(self.every).ceil() as u64;
        let total = self.requests.unwrap_or(periods) * self.workers as u64;
        let progress = session.progress(total, name);
        let heard = processes.run(&session.stop, || progress.step()).await;
        let arrived = session::since(&before, session.lab_requests());
        let arrived = session
            .lab()
            .map(|_| arrived.values().map(|n| n.count).sum());
        let mut arm = documented(name, &heard, session);
        arm.stampede = Some(Stampede {
            processes: self.workers as u64,
            arrived,
            ..stampede(&heard)
        });
        Ok((arm, heard.complete))
    }
}

fn documented(name: &str, heard: &Heard, session: &Session) -> Arm {
    let mut requests: Vec<_> = heard.requests.iter().map(|(_, request)| request).collect();
    requests.sort_by_key(|request| request.at);
    let mut tally = Tally::default();
    for (round, request) in requests.iter().enumerate() {
        tally.record(round as u64, request.at, &request.sample());
    }
    let facts = Arc::new(ArmFacts::default());
    for (operation, stats) in &heard.exchanges {
        facts.exchanges.absorb(operation, stats);
    }
    let mut arm = assemble::arm(name, &tally, &facts);
    let exchanges = facts.exchanges.snapshot();
    arm.connections = Connections {
        fresh: exchanges.values().map(|stats| stats.fresh).sum(),
        reused: exchanges.values().map(|stats| stats.reused).sum(),
    };
    let remotes: BTreeSet<_> = exchanges
        .values()
        .flat_map(|stats| &stats.remotes)
        .collect();
    arm.remote_addresses = remotes.into_iter().map(ToString::to_string).collect();
    arm.endpoint = super::endpoint(session.setup.variables(), session.setup.source());
    arm
}

/// How many processes fetched the same credentials. They are told apart by their expiry.
fn stampede(heard: &Heard) -> Stampede {
    let loads = heard
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
    use crate::commands::imds::told::Request;
    use crate::measure::IdentityPath;

    #[test]
    fn a_stampede_is_how_many_processes_fetched_the_same_credentials() {
        let fetched = |worker, path, expires| {
            let ended = Ok(Some(expires));
            (
                worker,
                Request::new(Duration::ZERO, Duration::ZERO, path, ended),
            )
        };
        let heard = Heard {
            requests: vec![
                fetched(0, IdentityPath::Load, 10),
                fetched(1, IdentityPath::Load, 10),
                fetched(1, IdentityPath::Load, 10),
                fetched(2, IdentityPath::Hit, 10),
                fetched(0, IdentityPath::Load, 20),
                fetched(1, IdentityPath::Wait, 20),
            ],
            ..Heard::default()
        };
        let seen = stampede(&heard);
        assert_eq!(
            (seen.at_start, seen.expiries, seen.at_expiry),
            (2, 1, Some(1))
        );
        let nothing = stampede(&Heard::default());
        assert_eq!((nothing.at_start, nothing.at_expiry), (0, None));
    }
}
