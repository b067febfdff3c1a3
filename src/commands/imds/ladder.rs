//! Cold fetches by more and more workers, until they only add failures; then the rate at which that begins.

use std::slice;
use std::time::Duration;

use anyhow::anyhow;

use super::arguments::ImdsArgs;
use super::fetch::{self, PAUSE, documented};
use super::knee;
use super::pressure::REPEAT;
use super::told;
use crate::commands::command::Completed;
use crate::commands::diagnose;
use crate::credentials::Source;
use crate::diagnosis;
use crate::document::{Arm, Finding, Measurement};
use crate::figures;
use crate::measure::{Pacing, Plan};
use crate::run::{self, Failure, Hint, Session};

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

/// Share of failures from which a step counts as failing.
const FAILING: f64 = 0.05;

/// A step must complete this many times as many fetches per second as the best one before it, or its
/// failures are all that its workers added.
const GAIN: f64 = 1.1;

/// Runs the steps, and where no worker counts are given looks for the knee.
pub(super) async fn run(args: ImdsArgs) -> Result<Completed, Failure> {
    let source = args.source();
    let steps = Steps::of(&args)?;
    let names: Vec<String> = steps.workers.iter().map(|&n| fetch::name(n)).collect();
    args.checks.meant_for_arms(&names)?;
    let scenario = args.target.scenario(run::USUAL_SCENARIO)?;
    let session = Session::begin("imds", scenario, &args.target, &args.output, source).await?;
    if session.lab().is_none() && source == Source::Imds {
        session.console.note(&steps.announcement());
    }
    let probe = Plan {
        first: args.load.first,
        ..steps.plan(args.load.warmup.unwrap_or(1), 1)
    };
    let arm = |workers| fetch::arm(fetch::name(workers), &session.setup, session.setup.timeout);
    // Every fetch is a first call: they are not made again for each step.
    let first = match session.warm_up(&[arm(steps.workers[0])], &probe).await {
        Ok(first) => first,
        Err(failure) => return Err(diagnose::explained(&session, failure).await),
    };
    let mut run = session.measure(&probe, first);
    run.body.load.concurrency = steps.workers.iter().copied().max().unwrap_or(1);
    for (index, &workers) in steps.workers.iter().enumerate() {
        if index > 0 && session.lab().is_none() {
            session.pause(PAUSE).await;
        }
        let arm = arm(workers);
        let plan = steps.plan(0, workers);
        let label = format!("{workers} workers");
        let measured = session.watched(slice::from_ref(&arm), &plan, &label).await;
        run.body.complete &= measured.complete;
        let tally = &measured.tallies[0];
        if tally.requests > 0 {
            let mut step = documented(&arm.name, tally, &arm.facts, &session.setup);
            step.concurrency = Some(workers);
            step.rate_per_s = Some(step.outcomes.ok as f64 / measured.elapsed.as_secs_f64());
            run.body.arms.push(step);
        }
        if !run.body.complete
            || only_adds_failures(&run.body.arms)
            || steps.is_too_much(&run.body.arms)
        {
            break;
        }
    }
    run.stop_counting();
    let mut findings = if run::met_own_limit() {
        Vec::new()
    } else {
        findings(&run.body.arms, steps.workers.len(), source)
    };
    if run.body.complete && !run::met_own_limit() && steps.seeks_knee(&run.body.arms, source) {
        findings.extend(seek(&session, &mut run.body, source).await);
    }
    Ok(diagnose::completed(&session, run, findings).await)
}

/// Looks for the knee. Of a search without a step nothing is told, not even that there is no knee.
async fn seek(session: &Session, body: &mut Measurement, source: Source) -> Option<Finding> {
    session.pause(PAUSE).await;
    let found = knee::find(session).await;
    body.complete = !session.stop.is_stopped();
    if found.steps.is_empty() {
        return None;
    }
    let finding = told::finding(&found, source);
    body.knee = Some(found);
    Some(finding)
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
        let named = args.concurrency.iter().flatten();
        let named: Vec<&String> = named.filter(|n| !n.is_empty()).collect();
        let lab = args.target.lab.is_some();
        let (workers, fetches, longest) = if lab {
            (LAB_WORKERS, LAB_FETCHES, None)
        } else {
            (GENTLE_WORKERS, GENTLE_FETCHES, Some(LONGEST_STEP))
        };
        let parse = |text: &&String| {
            run::workers(text)
                .map_err(|why| anyhow!("invalid value '{text}' for --concurrency: {why}"))
                .hint("give worker counts separated by commas, such as --concurrency 1,8")
        };
        let load = &args.load;
        let (fetches, duration) = match (load.requests, load.duration) {
            (None, None) => (Some(fetches), longest),
            asked => asked,
        };
        Ok(Self {
            workers: match named[..] {
                [] => workers.to_vec(),
                _ => named.iter().map(parse).collect::<Result<_, _>>()?,
            },
            free: named.is_empty(),
            lab,
            fetches,
            duration,
            seed: load.seed,
        })
    }

    fn plan(&self, warmup: u64, workers: usize) -> Plan {
        Plan {
            requests: self.fetches,
            duration: self.duration,
            first: 0,
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
        self.free && limited && (!self.lab || arms.iter().any(troubled))
    }

    /// What a real node is about to be asked for, and why it is not more.
    fn announcement(&self) -> String {
        let each = match (self.fetches, self.duration) {
            (Some(fetches), _) => format!("{fetches} cold fetches"),
            (None, duration) => format!("cold fetches for {:?}", duration.unwrap_or_default()),
        };
        let workers: Vec<_> = self.workers.iter().map(ToString::to_string).collect();
        let workers = workers.join(", ");
        let announced = format!(
            "imds: {each} each with {workers} workers, a second apart; a fetch is about a dozen packets, and the \
             1,024 packets per second that an interface may send to link-local addresses are shared with this \
             node's DNS and NTP. It stops when more workers only add failures."
        );
        if !self.free {
            return announced;
        }
        let highest = knee::rates(self.lab).iter().copied().fold(0.0, f64::max);
        format!(
            "{announced} Then it looks for the rate at which requests begin to be dropped: up to {highest:.0} fetches/s, \
             a second each, stopping at the first rate that is too much and trying a few below it."
        )
    }
}

/// Whether the last step failed more often than its predecessors without completing more.
fn only_adds_failures(arms: &[Arm]) -> bool {
    let Some((last, earlier)) = arms.split_last() else {
        return false;
    };
    let best = best_rate(earlier);
    failing(last)
        && (last.outcomes.ok == 0
            || (!earlier.is_empty() && last.rate_per_s.unwrap_or(0.0) < GAIN * best))
}

/// Whether fetches failed, or succeeded as late as TCP sends again what got lost.
fn strained(arm: &Arm) -> bool {
    let times = &arm.phases.total;
    let late = times.max_us.zip(times.min_us);
    arm.outcomes.failed() > 0
        || refused(arm) > 0
        || late.is_some_and(|(max, min)| max > min + figures::micros(REPEAT))
}

fn failing(arm: &Arm) -> bool {
    arm.outcomes.failed() as f64 > FAILING * arm.requests as f64
}

/// Requests that were answered with 429 or 503, whatever their fetches came to: the SDK may ask again, or take the
/// refusal for an answer.
fn refused(arm: &Arm) -> u64 {
    arm.source_requests.values().map(|n| n.throttled).sum()
}

/// Whether there is something to be told of an arm: fetches failed, or requests were refused.
fn troubled(arm: &Arm) -> bool {
    failing(arm) || refused(arm) as f64 > FAILING * arm.requests as f64
}

fn findings(arms: &[Arm], steps: usize, source: Source) -> Vec<Finding> {
    let Some(first) = arms.iter().find(|arm| troubled(arm)) else {
        return vec![];
    };
    let outcomes = &first.outcomes;
    let (timeout, throttled) = (outcomes.timeout, outcomes.throttled);
    let (ok, connect) = (outcomes.ok, outcomes.connect);
    let other = outcomes.denied + outcomes.reset + outcomes.other;
    let (name, requests) = (&first.name, first.requests);
    let stopped = match steps - arms.len() {
        0 => String::new(),
        skipped => format!("; {skipped} larger steps were left out"),
    };
    let best = best_rate(arms);
    let refused = refused(first);
    let asked: u64 = first.source_requests.values().map(|n| n.count).sum();
    let evidence = format!(
        "with {name}: {ok} of {requests} fetches ok, {timeout} timed out, {throttled} throttled, {connect} without a \
         connection, {other} other; {refused} of {asked} requests answered with 429 or 503; best rate {best:.0}/s{stopped}"
    );
    // A fetch that is refused over and over may end as timed out.
    let throttled = throttled.max(refused);
    let dropped = timeout > throttled;
    let summary = if dropped {
        format!("requests are dropped, not refused, from {name} on: throttling looks like timeouts")
    } else if throttled > 0 {
        format!("the source refuses requests for their rate from {name} on")
    } else {
        format!("fetches fail from {name} on")
    };
    let id = match source {
        Source::Imds if dropped || throttled > 0 => {
            return vec![diagnosis::measured("imds-throttled", summary, evidence)];
        }
        Source::Container if !dropped && throttled > 0 => {
            return vec![diagnosis::measured(
                "container-throttled",
                summary,
                evidence,
            )];
        }
        _ if dropped => "source-dropping",
        _ if throttled > 0 => "source-throttled",
        _ => "source-failing",
    };
    vec![Finding::warning(
        id,
        summary,
        evidence,
        "fetch less often: one client per process, a credential cache shared by the processes of a node, \
            and no new session per request",
    )]
}

fn best_rate(arms: &[Arm]) -> f64 {
    let rates = arms.iter().filter_map(|arm| arm.rate_per_s);
    rates.fold(0.0, f64::max)
}
