//! `refresh` against the lab or a real source: the same traffic for every strategy, over several expiries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};

use super::arguments::{ExpiryOptions, RefreshArgs};
use super::arm::StrategyArm;
use super::findings::findings;
use super::renewals::Renewals;
use super::thread::{OnThread, OwnThread};
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::command::Completed;
use crate::document::OutageSeen;
use crate::lab::Scenario;
use crate::lab::rules::{Delay, Fault, FaultKind};
use crate::lab::scenario::Credentials;
use crate::measure::Plan;
use crate::run::{ArmCall, Failure, Hint, MeasuringOptions, Session, load_scenario, names};
use crate::simulation::{Outage, Player, Trouble};
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
    let options = &args.options;
    let strategies = strategies(&args)?;
    let (scenario, outage) = if let Some(name) = &options.target.lab {
        let name = match name.as_str() {
            USUAL_SCENARIO => SCENARIO,
            name => name,
        };
        let mut scenario = load_scenario(name)?;
        let outage = adjust(&mut scenario, &args.expiry);
        (Some(scenario), outage)
    } else {
        only_the_lab(&args.expiry)?;
        (None, None)
    };
    let (target, output) = (&options.target, &options.output);
    let session = Session::begin_in(scenario, "refresh", target, output, options.source()).await?;
    let lab_started = clock::now();
    if session.lab().is_none() {
        session.console.note(ANNOUNCEMENT);
    }
    let directory = tempfile::tempdir()
        .context("cannot make a folder for the file cache")
        .hint("set TMPDIR to a folder that exists and that you may write to")?;
    let directory = Arc::new(directory);
    let (mut arms, mut renewals) = (Vec::new(), Vec::new());
    for strategy in strategies {
        let thread = OwnThread::start(strategy.name())
            .context("cannot start a thread")
            .hint("free some memory or raise the limit on processes")?;
        let strategy_arm = StrategyArm {
            strategy,
            setup: Arc::clone(&session.setup),
            stop: session.stop.clone(),
            windows: args.expiry.windows(),
            seed: options.load.seed,
            directory: Arc::clone(&directory),
        };
        let (arm, of_arm) = session.preparing(thread.run(strategy_arm.arm())).await??;
        let call = OnThread {
            thread: Arc::new(thread),
            call: arm.call,
        };
        arms.push(ArmCall::new(arm.name, call, arm.facts));
        renewals.push(of_arm);
    }
    options.checks.meant_for_arms(&names(&arms))?;
    let plan = plan(options, arms.len());
    session.warm_up(&arms, &plan).await?;
    let before = clock::since(lab_started);
    for of_arm in &renewals {
        of_arm.begin(outage.map(|outage| seen_after(outage, before)));
    }
    if let Some(outage) = outage {
        for (arm, of_arm) in arms.iter().zip(&renewals) {
            let facts = Arc::clone(&arm.facts);
            tokio::spawn(count_requests(outage, lab_started, facts, of_arm.clone()));
        }
    }
    let mut run = session.measure(&plan);
    run.interleaved(&arms, &plan).await;
    for (arm, of_arm) in run.arms.iter_mut().zip(&renewals) {
        arm.renewal = Some(of_arm.renewal());
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
fn only_the_lab(expiry: &ExpiryOptions) -> Result<(), Failure> {
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
fn adjust(scenario: &mut Scenario, expiry: &ExpiryOptions) -> Option<Outage> {
    if let Some(lifetime) = expiry.lifetime {
        scenario.credentials = Credentials::lasting(lifetime);
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
    let outage = outage.map(|outage| Outage {
        from: issued + outage.from,
        until: issued + outage.until,
        ..outage
    });
    if let Some(outage) = outage {
        let kind = match outage.trouble {
            Trouble::Fail => FaultKind::Status(500),
            Trouble::Throttle => FaultKind::Status(429),
            Trouble::Hang => FaultKind::Hang,
        };
        let fault = Fault {
            from: outage.from,
            until: outage.until,
            ..Fault::always(1.0, kind)
        };
        scenario.imds.rules.fault = Some(fault);
        scenario.container.rules.fault = Some(fault);
    }
    outage
}

/// An outage as the document states it, for a run that began `passed` after the lab.
fn seen_after(outage: Outage, passed: Duration) -> OutageSeen {
    let after = |time: Duration| time.as_secs_f64() - passed.as_secs_f64();
    OutageSeen {
        trouble: outage.trouble,
        from_s: after(outage.from),
        until_s: after(outage.until),
        source_requests: 0,
        recovery_s: None,
    }
}

/// Counts an arm's requests to its source between the beginning and the end of the outage.
async fn count_requests(
    outage: Outage,
    lab_started: Instant,
    facts: Arc<ArmFacts>,
    renewals: Renewals,
) {
    let requests = || -> u64 {
        let exchanges = facts.exchanges.snapshot();
        exchanges.values().map(|stats| stats.count).sum()
    };
    tokio::time::sleep_until((lab_started + outage.from).into()).await;
    let before = requests();
    tokio::time::sleep_until((lab_started + outage.until).into()).await;
    renewals.asked_in_outage(requests() - before);
}

/// The plan that the options describe, with the usual figures of this command.
fn plan(options: &MeasuringOptions, arms: usize) -> Plan {
    let MeasuringOptions {
        mut load,
        mut pacing,
        target,
        ..
    } = options.clone();
    let warmup = target.lab.map_or(1, |_| LAB_WARMUP);
    load.warmup = Some(load.warmup.unwrap_or(warmup).max(1));
    if load.requests.is_none() {
        load.duration.get_or_insert(DURATION);
    }
    let rate = *pacing.rate.get_or_insert(RATE);
    // All calls of an arm may wait until they time out, and must not keep the others' from beginning.
    let waiting = (rate * target.timeout.as_secs_f64() * arms as f64) as usize;
    pacing.concurrency.get_or_insert(waiting + 64);
    load.plan(&pacing)
}
