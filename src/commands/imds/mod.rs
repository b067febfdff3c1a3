//! `imds`: cold credential fetches by more and more workers, until they only add failures; then the rate at
//! which that begins; and, in [`compare_cache`], what worker processes ask of the source with and without a
//! cache.

mod cache_findings;
mod compare_cache;
mod endpoint;
mod knee;
mod pressure;
mod processes;
mod steps;
mod told;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use self::compare_cache::CompareCacheOptions;
use self::endpoint::{Endpoint, diagnosed};
use self::steps::{failing, findings, only_adds_failures, strained};
use super::Report;
use super::failure::Failure;
use super::load;
use super::options::{CheckOptions, LoadOptions, OutputOptions, TargetOptions};
use super::session::{self, ArmCall, Results, Session};
use crate::client::{ArmFacts, Setup, error_text, fetch, timeline};
use crate::credentials::{MetadataProfile, Source, metadata_endpoint};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Measured, Pacing, Plan};
use crate::report::assemble;
use crate::report::document::{Arm, Connections, Load};

/// Worker counts on the lab, which nobody else uses …
const LAB_WORKERS: &[usize] = &[1, 2, 4, 8, 16, 32, 64];

/// … and on a real node.
const GENTLE_WORKERS: &[usize] = &[1, 2, 4, 8];

const LAB_FETCHES: u64 = 200;

/// Cold fetches per step on a real node. One is about a dozen packets, so a step is a quarter of what an
/// interface may send to link-local addresses in a second.
const GENTLE_FETCHES: u64 = 20;

/// A step on a real node that takes longer has seen enough, as its fetches hang.
const LONGEST_STEP: Duration = Duration::from_secs(3);

/// Between steps on a real node: longer than the second over which packets are counted.
const PAUSE: Duration = Duration::from_millis(1100);

/// Time cold credential fetches under 1, 2, 4, … workers
#[derive(Args, Clone, Debug)]
pub struct ImdsArgs {
    /// Worker counts to step through [default: 1,2,4,8, and on up to 64 in the lab]
    #[arg(short, long, value_name = "N,…", num_args = 0..=1, value_delimiter = ',', default_missing_value = "")]
    concurrency: Option<Vec<String>>,

    /// The endpoint to fetch from: short for the --source of that name
    #[arg(long, value_enum, value_name = "ENDPOINT", conflicts_with = "source")]
    endpoint: Option<Endpoint>,

    #[command(flatten)]
    cache: CompareCacheOptions,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Runs the steps, and where no worker counts are given looks for the knee.
pub async fn run(args: ImdsArgs) -> Result<Report, Failure> {
    if args.cache.compare_cache {
        return compare_cache::run(args).await;
    }
    let asked = args.endpoint.map(Source::from).or(args.target.source);
    let source = asked.unwrap_or(Source::Imds);
    let steps = Steps::of(&args)?;
    let names: Vec<String> = steps.workers.iter().map(|&n| name(n)).collect();
    args.checks.meant_for_arms(&names)?;
    let session = Session::begin("imds", &args.target, &args.output, source).await?;
    if session.lab().is_none() && source == Source::Imds {
        session.note(&steps.announcement());
    }
    let probe = steps.plan(args.load.warmup.unwrap_or(1), 1);
    if let Err(failure) = session.warm_up(&[arm(&session.setup, 1)], &probe).await {
        return Err(diagnosed(failure, &session, source).await);
    }
    let before = session.lab_requests();
    let mut arms: Vec<Arm> = Vec::new();
    let mut complete = true;
    for (index, &workers) in steps.workers.iter().enumerate() {
        if index > 0 && session.lab().is_none() {
            session.pause(PAUSE).await;
        }
        let arm = arm(&session.setup, workers);
        let label = format!("{workers} workers");
        let measured = session
            .watched(&[Arc::clone(&arm.call)], &steps.plan(0, workers), &label)
            .await;
        complete &= measured.complete;
        if measured.tallies[0].requests > 0 {
            arms.push(documented(
                &arm,
                &measured,
                workers,
                session.setup.variables(),
                source,
            ));
        }
        if !complete || only_adds_failures(&arms) || steps.is_too_much(&arms) {
            break;
        }
    }
    let lab_requests = session::since(&before, session.lab_requests());
    let mut findings = findings(&arms, &steps.workers);
    let mut knee = None;
    if complete && steps.seeks_knee(&arms, source) {
        session.pause(PAUSE).await;
        let found = knee::find(&session).await;
        findings.push(knee::finding(&found, source));
        knee = Some(found);
    }
    let load = Load {
        concurrency: steps.workers.iter().copied().max().unwrap_or(1),
        ..load::stated(&steps.plan(probe.warmup, 1), None)
    };
    let results = Results {
        load,
        complete,
        lab_requests,
        arms,
        comparisons: vec![],
        findings,
    };
    let mut document = session.document(results);
    document.knee = knee;
    Ok(Report::Measured(Box::new(document)))
}

/// How many workers fetch how often.
struct Steps {
    workers: Vec<usize>,
    /// Nobody asked for certain numbers of workers.
    free: bool,
    lab: bool,
    fetches: Option<u64>,
    duration: Option<Duration>,
    seed: u64,
}

impl Steps {
    fn of(args: &ImdsArgs) -> Result<Self, Failure> {
        let lab = args.target.lab.is_some();
        let named: Vec<&str> = args
            .concurrency
            .iter()
            .flatten()
            .map(String::as_str)
            .filter(|n| !n.is_empty())
            .collect();
        let workers = if named.is_empty() {
            if lab { LAB_WORKERS } else { GENTLE_WORKERS }.to_vec()
        } else {
            let parse = |text: &&str| {
                super::options::workers(text).map_err(|why| {
                    let error = anyhow::anyhow!("invalid value '{text}' for --concurrency: {why}");
                    Failure::new(
                        error,
                        "give worker counts separated by commas, such as --concurrency 1,8",
                    )
                })
            };
            named.iter().map(parse).collect::<Result<_, _>>()?
        };
        let default = if lab { LAB_FETCHES } else { GENTLE_FETCHES };
        let fetches = args
            .load
            .requests
            .or_else(|| args.load.duration.is_none().then_some(default));
        Ok(Self {
            free: named.is_empty(),
            lab,
            workers,
            fetches,
            duration: args
                .load
                .duration
                .or((!lab && args.load.requests.is_none()).then_some(LONGEST_STEP)),
            seed: args.load.seed,
        })
    }

    fn plan(&self, warmup: u64, workers: usize) -> Plan {
        Plan {
            requests: self.fetches,
            duration: self.duration,
            warmup,
            pacing: Pacing::Closed { workers },
            seed: self.seed,
        }
    }

    /// Whether a real node has shown enough: the knee is looked for more gently than by further steps.
    fn is_too_much(&self, arms: &[Arm]) -> bool {
        self.free && !self.lab && arms.last().is_some_and(strained)
    }

    /// The lab is looked at more closely only where something was seen; on a real node the steps are too
    /// gentle to see anything.
    fn seeks_knee(&self, arms: &[Arm], source: Source) -> bool {
        let limited = matches!(source, Source::Imds | Source::Container);
        self.free && limited && (!self.lab || arms.iter().any(failing))
    }

    /// What a real node is about to be asked for, and why it is not more.
    fn announcement(&self) -> String {
        let each = match (self.fetches, self.duration) {
            (Some(fetches), _) => format!("{fetches} cold fetches"),
            (None, duration) => format!("cold fetches for {:?}", duration.unwrap_or_default()),
        };
        let workers = self
            .workers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        format!(
            "imds: {each} each with {workers} workers, a second apart; a fetch is about a dozen packets, and the \
             1,024 packets per second that an interface may send to link-local addresses are shared with this \
             node's DNS and NTP. It stops when more workers only add failures.{}",
            if self.free {
                format!(
                    " Then it looks for the rate at which requests begin to be dropped: up to {:.0} fetches/s, a second \
                     each, stopping at the first rate that is too much and trying a few below it.",
                    knee::highest(self.lab)
                )
            } else {
                String::new()
            }
        )
    }
}

fn arm(setup: &Arc<Setup>, workers: usize) -> ArmCall {
    let facts = Arc::new(ArmFacts::default());
    let call = ColdFetch {
        setup: Arc::clone(setup),
        facts: Arc::clone(&facts),
        limit: setup.timeout(),
    };
    ArmCall {
        name: name(workers),
        call: Arc::new(call),
        facts,
    }
}

fn name(workers: usize) -> String {
    if workers == 1 {
        "1 worker".to_owned()
    } else {
        format!("{workers} workers")
    }
}

/// A fetch as a fresh process makes it: a new provider on new connections.
struct ColdFetch {
    setup: Arc<Setup>,
    facts: Arc<ArmFacts>,
    limit: Duration,
}

impl Call for ColdFetch {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            match self.setup.provider(&self.facts).await {
                Ok(provider) => fetch(&provider, self.limit).await,
                Err(error) => timeline::never_sent(error_text(&error)),
            }
        })
    }
}

fn documented(
    arm: &ArmCall,
    measured: &Measured,
    workers: usize,
    variables: &BTreeMap<String, String>,
    source: Source,
) -> Arm {
    let mut documented = assemble::arm(&arm.name, &measured.tallies[0], &arm.facts);
    let exchanges = arm.facts.exchanges.snapshot();
    documented.concurrency = Some(workers);
    documented.rate_per_s = Some(documented.outcomes.ok as f64 / measured.elapsed.as_secs_f64());
    documented.connections = Connections {
        fresh: exchanges.values().map(|stats| stats.fresh).sum(),
        reused: exchanges.values().map(|stats| stats.reused).sum(),
    };
    let remotes: std::collections::BTreeSet<_> = exchanges
        .values()
        .flat_map(|stats| &stats.remotes)
        .collect();
    documented.remote_addresses = remotes.into_iter().map(ToString::to_string).collect();
    documented.endpoint = endpoint(variables, source);
    documented
}

/// Where instance metadata is asked for; `None` for other sources.
fn endpoint(variables: &BTreeMap<String, String>, source: Source) -> Option<String> {
    // A profile has no say where the source is named.
    (source == Source::Imds).then(|| metadata_endpoint(variables, MetadataProfile::default()))
}
