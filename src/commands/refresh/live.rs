//! `refresh` against the lab or a real source: the same traffic for every strategy, over several expiries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::RefreshArgs;
use super::arm::StrategyArm;
use super::findings::findings;
use super::renewals::Renewals;
use super::thread::{OnThread, OwnThread};
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::command::Completed;
use crate::credentials::Source;
use crate::document::OutageSeen;
use crate::lab::Scenario;
use crate::lab::rules::{Delay, Fault, FaultKind};
use crate::measure::{Pacing, Plan, Rate};
use crate::run::{ArmCall, Failure, Session, load_scenario, names};
use crate::simulation::{Player, Trouble};
use crate::strategies::Strategy;

/// The scenario that `--lab` alone stands for: the usual one's credentials last too long to be seen to expire.
const SCENARIO: &str = "expiry";
const USUAL_SCENARIO: &str = "default";

/// Calls per second and strategy, and for how long, when the user says nothing.
const RATE: f64 = 100.0;
const DURATION: Duration = Duration::from_secs(100);

/// Calls per arm before measuring in the lab, all at once: they open the connections that the calls which an expiry
/// sets free will need. A hundred handshakes at that moment would be felt in every arm.
const LAB_WARMUP: u64 = 500;

/// From the lab's start to the first request for credentials, about.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

pub(super) async fn run(args: RefreshArgs) -> Result<Completed, Failure> {
    let strategies = strategies(&args)?;
    let source = args.target.source.unwrap_or(Source::Chain);
    let (scenario, outage) = if let Some(name) = &args.target.lab {
        let name = if name == USUAL_SCENARIO {
            SCENARIO
        } else {
            name
        };
        let mut scenario = load_scenario(name)?;
        let outage = adjust(&mut scenario, &args);
        (Some(scenario), outage)
    } else {
        only_the_lab(&args)?;
        (None, None)
    };
    let session =
        Session::begin_in(scenario, "refresh", &args.target, &args.output, source).await?;
    let lab_started = clock::now();
    if session.lab().is_none() {
        session.console.note(ANNOUNCEMENT);
    }
    let directory = Arc::new(tempfile::tempdir().map_err(no_directory)?);
    let mut watched = Vec::new();
    for strategy in strategies {
        let thread = OwnThread::start(strategy.name()).map_err(no_thread)?;
        let strategy_arm = StrategyArm {
            strategy,
            setup: Arc::clone(&session.setup),
            stop: session.stop.clone(),
            windows: args.expiry.windows(),
            seed: args.load.seed,
            directory: Arc::clone(&directory),
        };
        let (mut arm, seen) = session.preparing(thread.run(strategy_arm.arm())).await??;
        arm.call = Arc::new(OnThread {
            thread: Arc::new(thread),
            call: arm.call,
        });
        watched.push((arm, seen));
    }
    let (arms, seen): (Vec<ArmCall>, Vec<Renewals>) = watched.into_iter().unzip();
    args.checks.meant_for_arms(&names(&arms))?;
    let plan = plan(&args, arms.len());
    session.warm_up(&arms, &plan).await?;
    let before = clock::since(lab_started);
    for seen in &seen {
        seen.begin(outage.map(|outage| outage.seen_after(before)));
    }
    if let Some(outage) = outage {
        tokio::spawn(count_requests(outage, lab_started, counted(&arms, &seen)));
    }
    let mut run = session.measure(&plan);
    run.interleaved(&arms, &plan).await;
    for (arm, seen) in run.arms.iter_mut().zip(&seen) {
        arm.renewal = Some(seen.renewal());
    }
    let findings = findings(&run.arms);
    Ok(Completed::measured(run.document(findings)))
}

const ANNOUNCEMENT: &str = "refresh: calls GetCallerIdentity at the given rate with each strategy, and fetches \
    credentials as each of them does. Credentials of a real source expire after hours: give --duration, or \
    --lab, where they expire every half minute.";

fn strategies(args: &RefreshArgs) -> Result<Vec<Strategy>, Failure> {
    if args.strategies.is_empty() {
        return Ok(Strategy::ALL.to_vec());
    }
    let strategies = args.strategies.iter().map(|player| match player {
        Player::Rust(strategy) => Ok(*strategy),
        go => Err(Failure::new(
            anyhow!(
                "`{}` is not written in Rust, and can only be simulated",
                go.name()
            ),
            "add --simulate 24h, or choose among lazy, advisory, refresher, swapper and file-cache",
        )),
    });
    strategies.collect()
}

/// What is asked of a source that nobody can adjust.
fn only_the_lab(args: &RefreshArgs) -> Result<(), Failure> {
    let expiry = &args.expiry;
    let asked = [
        ("--lifetime", expiry.lifetime.is_some()),
        ("--renew-before", expiry.renew_before.is_some()),
        ("--source-delay", expiry.source_delay.is_some()),
        ("--outage", expiry.outage.is_some()),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::new(
            anyhow!("{option} adjusts the lab, and a real source is measured as it is"),
            "add --lab, or --simulate 24h",
        )),
    }
}

/// Credentials and their source as the options say.
fn adjust(scenario: &mut Scenario, args: &RefreshArgs) -> Option<Outage> {
    let expiry = &args.expiry;
    if let Some(lifetime) = expiry.lifetime {
        scenario.credentials.lifetime = lifetime;
        scenario.credentials.renew_before =
            crate::lab::scenario::Credentials::usual_renewal(lifetime);
    }
    if let Some(before) = expiry.renew_before {
        scenario.credentials.renew_before = before;
    }
    if let Some(delay) = expiry.source_delay {
        // A renewal is two requests, neither of which an SDK waits for longer than a second.
        let half = Some(Delay::Constant(delay / 2));
        scenario.imds.role.delay = half;
        scenario.imds.credentials.delay = half;
        scenario.container.rules.delay = Some(Delay::Constant(delay));
    }
    // The lab issues credentials when their source first answers.
    let delays = [scenario.imds.role.delay, scenario.imds.credentials.delay];
    let delays = delays.map(|delay| match delay {
        Some(Delay::Constant(delay)) => delay,
        _ => Duration::ZERO,
    });
    let issued = FIRST_REQUEST + delays[0] + delays[1];
    let outage = expiry.outage(scenario.credentials.lifetime);
    let outage = outage.map(|(trouble, from, until)| Outage {
        trouble,
        from: issued + from,
        until: issued + until,
    });
    if let Some(outage) = outage {
        scenario.imds.rules.fault = Some(outage.fault());
        scenario.container.rules.fault = Some(outage.fault());
    }
    outage
}

/// When the lab's sources do not do their work, counted from the lab's start.
#[derive(Clone, Copy)]
struct Outage {
    trouble: Trouble,
    from: Duration,
    until: Duration,
}

impl Outage {
    fn fault(self) -> Fault {
        let kind = match self.trouble {
            Trouble::Fail => FaultKind::Status(500),
            Trouble::Throttle => FaultKind::Status(429),
            Trouble::Hang => FaultKind::Hang,
        };
        Fault {
            from: self.from,
            until: self.until,
            ..Fault::always(1.0, kind)
        }
    }

    /// As the document states it, `passed` after the lab's start.
    fn seen_after(self, passed: Duration) -> OutageSeen {
        let after = |time: Duration| time.as_secs_f64() - passed.as_secs_f64();
        OutageSeen {
            trouble: self.trouble.name().to_owned(),
            from_s: after(self.from),
            until_s: after(self.until),
            source_requests: 0,
            recovery_s: None,
        }
    }
}

fn counted(arms: &[ArmCall], seen: &[Renewals]) -> Vec<(Arc<ArmFacts>, Renewals)> {
    let pairs = arms.iter().zip(seen);
    pairs
        .map(|(arm, seen)| (Arc::clone(&arm.facts), seen.clone()))
        .collect()
}

/// Counts the arms' requests to their source between the beginning and the end of the outage.
async fn count_requests(
    outage: Outage,
    lab_started: Instant,
    arms: Vec<(Arc<ArmFacts>, Renewals)>,
) {
    let requests = |facts: &ArmFacts| -> u64 {
        let exchanges = facts.exchanges.snapshot();
        exchanges.values().map(|stats| stats.count).sum()
    };
    tokio::time::sleep_until((lab_started + outage.from).into()).await;
    let before: Vec<u64> = arms.iter().map(|(facts, _)| requests(facts)).collect();
    tokio::time::sleep_until((lab_started + outage.until).into()).await;
    for ((facts, seen), before) in arms.iter().zip(before) {
        seen.asked_in_outage(requests(facts) - before);
    }
}

fn plan(args: &RefreshArgs, arms: usize) -> Plan {
    let warmup = if args.target.lab.is_some() {
        LAB_WARMUP
    } else {
        1
    };
    let mut pacing = args.pacing.clone();
    let rate = *pacing.rate.get_or_insert(RATE);
    let most_in_flight = match args.pacing.concurrency {
        Some(most) => most,
        // All calls of an arm may wait until they time out, and must not keep the others' from beginning.
        None => (rate * args.target.timeout.as_secs_f64() * arms as f64) as usize + 64,
    };
    Plan {
        requests: args.load.requests,
        duration: args
            .load
            .duration
            .or_else(|| args.load.requests.is_none().then_some(DURATION)),
        warmup: args.load.warmup.unwrap_or(warmup).max(1),
        pacing: Pacing::Open {
            rate: Rate {
                per_s: rate,
                arrivals: args.pacing.arrivals,
            },
            most_in_flight,
        },
        seed: args.load.seed,
    }
}

fn no_directory(error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context("cannot make a folder for the file cache");
    Failure::new(
        error,
        "set TMPDIR to a folder that exists and that you may write to",
    )
}

fn no_thread(error: std::io::Error) -> Failure {
    let error = anyhow::Error::new(error).context("cannot start a thread");
    Failure::new(error, "free some memory or raise the limit on processes")
}
