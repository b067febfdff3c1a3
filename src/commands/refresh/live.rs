//! `refresh` against the lab or a real source: the same traffic for every strategy, over several expiries.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use futures_util::future::try_join_all;

use super::arguments::{ExpiryOptions, RefreshArgs};
use super::arm::StrategyArm;
use super::renewals::Renewals;
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::command::Completed;
use crate::commands::diagnose;
use crate::document::{Arm, Finding, OutageSeen, Renewal};
use crate::figures::time;
use crate::lab::Scenario;
use crate::lab::rules::{Delay, Fault, FaultKind};
use crate::lab::scenario::Credentials;
use crate::measure::Plan;
use crate::run::{Failure, Hint, MeasuringOptions, Session, names};
use crate::simulation::{Outage, Player, Trouble};
use crate::strategies::Strategy;

/// The scenario that `--lab` alone stands for: the usual one's credentials last too long to be seen to expire.
const SCENARIO: &str = "expiry";

/// Calls per second and strategy, and for how long, when the user says nothing.
const RATE: f64 = 100.0;
const DURATION: Duration = Duration::from_secs(100);

/// Calls per arm before measuring in the lab, all at once: they open the connections that the calls which an expiry
/// sets free will need. A hundred handshakes at that moment would be felt in every arm.
const LAB_WARMUP: u64 = 500;

/// Calls under way at once for each arm at most: what waits takes memory, and a target that hangs lets all wait.
const MOST_WAITING: usize = 1024;

/// From the lab's start to the first request for credentials, about.
const FIRST_REQUEST: Duration = Duration::from_millis(500);

pub(super) async fn run(args: RefreshArgs) -> Result<Completed, Failure> {
    let options = &args.options;
    let strategies = strategies(&args)?;
    let (target, output) = (&options.target, &options.output);
    let mut scenario = target.scenario(SCENARIO)?;
    let outage = match &mut scenario {
        Some(scenario) => adjust(scenario, &args.expiry),
        None => only_the_lab(&args.expiry).map(|()| None)?,
    };
    let session = Session::begin("refresh", scenario, target, output, options.source()).await?;
    let lab_started = clock::now();
    if session.lab().is_none() {
        session.console.note(ANNOUNCEMENT);
    }
    let directory = tempfile::tempdir()
        .context("cannot make a folder for the file cache")
        .hint("set TMPDIR to a folder that exists and that you may write to")?;
    let arms = strategies.into_iter().map(|strategy| StrategyArm {
        strategy,
        setup: Arc::clone(&session.setup),
        stop: session.stop.clone(),
        windows: args.expiry.windows(),
        seed: options.load.seed,
        // Which the cache makes so that only this user can enter it.
        directory: directory.path().join("credentials"),
    });
    let started = try_join_all(arms.map(StrategyArm::start));
    let started = session.preparing(started).await??;
    let (arms, renewals): (Vec<_>, Vec<_>) = started.into_iter().unzip();
    options.checks.meant_for_arms(&names(&arms))?;
    let plan = plan(options, arms.len());
    let first = match session.warm_up(&arms, &plan).await {
        Ok(first) => first,
        Err(failure) => return Err(diagnose::explained(&session, failure).await),
    };
    let before = clock::since(lab_started);
    for (arm, of_arm) in arms.iter().zip(&renewals) {
        of_arm.begin(outage.map(|outage| seen_after(outage, before)));
        if let Some(outage) = outage {
            let facts = Arc::clone(&arm.facts);
            tokio::spawn(count_requests(outage, lab_started, facts, of_arm.clone()));
        }
    }
    let mut run = session.measure(&plan, first);
    run.interleaved(&arms, &plan).await;
    for (arm, of_arm) in run.body.arms.iter_mut().zip(&renewals) {
        arm.renewal = Some(of_arm.renewal());
    }
    let findings = findings(&run.body.arms);
    Ok(diagnose::completed(&session, run, findings).await)
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

/// Credentials and their source as the options say; the outage, counted from the lab's start.
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
    let mut outage = expiry.outage(scenario.credentials.lifetime)?;
    outage.from += issued;
    outage.until += issued;
    let kind = match outage.trouble {
        Trouble::Fail => FaultKind::Status(500),
        Trouble::Throttle => FaultKind::Status(429),
        Trouble::Hang => FaultKind::Hang,
    };
    let fault = Some(Fault {
        from: outage.from,
        until: outage.until,
        ..Fault::always(1.0, kind)
    });
    scenario.imds.rules.fault = fault;
    scenario.container.rules.fault = fault;
    Some(outage)
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
    let mut options = options.clone();
    let (load, pacing, target) = (&mut options.load, &mut options.pacing, &options.target);
    let warmup = target.lab.as_ref().map_or(1, |_| LAB_WARMUP);
    load.warmup = Some(load.warmup.unwrap_or(warmup).max(1));
    if load.requests.is_none() {
        load.duration.get_or_insert(DURATION);
    }
    let rate = *pacing.rate.get_or_insert(RATE);
    // All calls of an arm may wait until they time out, and must not keep the others' from beginning.
    let waiting = (rate * target.timeout.as_secs_f64() * arms as f64) as usize + 64;
    pacing
        .concurrency
        .get_or_insert(waiting.min(MOST_WAITING * arms));
    options.plan()
}

const REMEDY: &str = "renew ahead of the expiry, off the path of calls: the Refresher, Swapper or Advisory provider \
    of this crate in Rust, the asynchronous or prefetching option of other SDKs, or `credential_process = awscreds-bench \
    credential-process` for programs in any language";

/// What the renewals of the run come down to.
fn findings(arms: &[Arm]) -> Vec<Finding> {
    let blocked = arms
        .iter()
        .filter_map(|arm| blocked(arm, arm.renewal.as_ref()?));
    blocked.chain(never_expired(arms)).collect()
}

fn blocked(arm: &Arm, renewal: &Renewal) -> Option<Finding> {
    let longest = time(renewal.longest_wait_us?);
    let calls = renewal.waits.iter().map(|wait| wait.calls.to_string());
    let calls: Vec<String> = calls.collect();
    let listed = if calls.len() > 8 {
        let first = calls[..8].join(", ");
        format!("{first} and so on, {} times in all", calls.len())
    } else {
        calls.join(", ")
    };
    let (name, requests) = (&arm.name, arm.requests);
    let (blocked, most) = (renewal.blocked, renewal.most_at_once);
    Some(Finding::warning(
        "expiry-blocks-calls",
        format!(
            "{name}: {blocked} of {requests} calls waited for credentials, the longest for {longest}"
        ),
        format!("calls that waited together: {listed}; at most {most} at once"),
        REMEDY,
    ))
}

/// Without an expiry there was nothing to compare.
fn never_expired(arms: &[Arm]) -> Option<Finding> {
    let slices = arms.iter().flat_map(|arm| &arm.timeline);
    let end = slices.map(|slice| slice.end_s).fold(0.0, f64::max);
    let renewals = arms.iter().filter_map(|arm| arm.renewal.as_ref());
    let mut expiries = renewals.flat_map(|renewal| &renewal.expiries_s);
    if expiries.any(|&expiry| expiry <= end) {
        return None;
    }
    Some(Finding::info(
        "nothing-expired",
        "no credentials expired during the run, so it shows no renewal",
        format!("the run lasted {end:.0} s"),
        "raise --duration beyond the lifetime of the credentials, or use --lab or --simulate",
    ))
}
