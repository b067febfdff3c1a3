//! What a step of cold fetches says of its source: told apart by what was answered, what was not, and when. Pure.

use std::time::Duration;

use super::step::{Counts, FetchSeen, Seen};
use crate::document::{KneeStep, Pressure};
use crate::figures::micros;
use crate::measure::Outcome;

/// Linux sends a lost segment again after 200 ms at the earliest. What is later than usual by less than
/// this was held up by something else.
pub(super) const REPEAT: Duration = Duration::from_millis(150);

/// Share of the fetches from which on something is the matter, and their number: one may be bad luck.
const SHARE: f64 = 0.02;
const FEWEST: u64 = 2;

/// A share from which on a step need not be repeated to be believed.
const PLAIN: f64 = 0.1;

/// As many of the fetches that succeed after trouble began are quick where only some packets get lost. Behind a queue
/// none is until it is empty again.
const QUICK: f64 = 0.1;

/// A shorter stretch of trouble does not show what the source lets through.
const SHORTEST_WINDOW: Duration = Duration::from_millis(250);

/// What fetches are like when nothing is the matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiet {
    pub took: Option<Duration>,
    /// Requests of all fetches, by operation, and how many fetches made them.
    pub requests: Counts,
    pub fetches: u64,
}

/// Cold fetches per second that a source lets through, by what its limit may be on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Served {
    /// On the operations that had trouble, each by itself.
    pub by_operation: f64,
    /// On all requests together.
    pub in_all: f64,
}

/// A step, and what follows from it.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub step: KneeStep,
    /// Part of the fetches that are the reason for the verdict.
    pub share: f64,
    /// When trouble began, since the beginning of the step.
    pub begun: Option<Duration>,
    /// Cold fetches per second that the source let through from then on.
    pub served: Option<Served>,
}

impl Judged {
    pub(super) fn of(seen: &Seen, quiet: &Quiet) -> Self {
        let late_from = late_from(seen, quiet);
        let mut step = counted(seen, late_from);
        let affected = step.late + step.timeout + step.connect;
        let refused = step.throttled.max(step.refused_requests);
        let (verdict, count) = if matters(&step, refused) {
            (Pressure::Refusing, refused)
        } else if matters(&step, affected) {
            let kind = if queues(seen, &step, late_from) {
                Pressure::Slow
            } else {
                Pressure::Dropping
            };
            (kind, affected)
        } else if matters(&step, step.other) {
            (Pressure::Broken, step.other)
        } else {
            (Pressure::Clean, 0)
        };
        step.verdict = verdict;
        let begun = begun(seen, verdict, late_from);
        let served = begun.and_then(|begun| match verdict {
            Pressure::Slow if step.timeout == 0 => drained(seen, quiet),
            _ => let_through(seen, quiet, begun),
        });
        Self {
            share: (count as f64 / step.fetches.max(1) as f64).min(1.0),
            begun,
            served,
            step,
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.step.verdict == Pressure::Clean
    }

    /// Whether it was lateness alone that went wrong, which this machine may have made itself.
    pub(super) fn is_late_only(&self) -> bool {
        let lately = matches!(self.step.verdict, Pressure::Slow | Pressure::Dropping);
        lately && self.step.timeout + self.step.connect == 0
    }

    /// Whether so little went wrong that it may not do so again.
    pub(super) fn is_doubtful(&self) -> bool {
        !self.is_clean() && self.share < PLAIN
    }
}

/// What is later than this is late.
fn late_from(seen: &Seen, quiet: &Quiet) -> Duration {
    let fastest = || {
        seen.fetches
            .iter()
            .filter(|f| f.outcome == Outcome::Ok)
            .map(|f| f.took)
            .min()
    };
    quiet.took.or_else(fastest).unwrap_or_default() + REPEAT
}

fn counted(seen: &Seen, late_from: Duration) -> KneeStep {
    let count = |outcome| {
        let such = seen.fetches.iter().filter(|fetch| fetch.outcome == outcome);
        such.count() as u64
    };
    let mut ok: Vec<Duration> = succeeded(&seen.fetches).map(|fetch| fetch.took).collect();
    ok.sort_unstable();
    let fetches = seen.fetches.len() as u64;
    let [timeout, throttled] = [Outcome::Timeout, Outcome::Throttled].map(count);
    let connect = count(Outcome::Connect) + count(Outcome::Reset);
    KneeStep {
        rate_per_s: seen.rate,
        fetches,
        ok: ok.len() as u64,
        late: ok.iter().filter(|took| **took >= late_from).count() as u64,
        timeout,
        connect,
        throttled,
        other: fetches - ok.len() as u64 - timeout - connect - throttled,
        refused_requests: seen
            .requests()
            .values()
            .map(|requests| requests.refused)
            .sum(),
        p50_us: ok.get(ok.len() / 2).copied().map(micros),
        retransmitted: seen.retransmitted,
        ..KneeStep::default()
    }
}

fn succeeded(fetches: &[FetchSeen]) -> impl Iterator<Item = &FetchSeen> {
    fetches.iter().filter(|fetch| fetch.outcome == Outcome::Ok)
}

fn matters(step: &KneeStep, count: u64) -> bool {
    count >= FEWEST && count as f64 >= SHARE * step.fetches as f64
}

/// Whether a fetch was late, or was not answered.
fn suffered(fetch: &FetchSeen, late_from: Duration) -> bool {
    match fetch.outcome {
        Outcome::Ok => fetch.took >= late_from,
        outcome => matches!(
            outcome,
            Outcome::Timeout | Outcome::Connect | Outcome::Reset
        ),
    }
}

/// Whether fetches stood in line: from the first late one on all were late, and TCP did not have to send again.
fn queues(seen: &Seen, step: &KneeStep, late_from: Duration) -> bool {
    let sent_again = step.retransmitted.unwrap_or(0);
    if step.connect > 0 || (sent_again > 0 && sent_again >= step.late / 2) {
        return false;
    }
    let quick = |fetch: &FetchSeen| fetch.took + REPEAT / 2 < late_from;
    let first = seen
        .fetches
        .iter()
        .position(|fetch| suffered(fetch, late_from));
    let (before, after) = seen.fetches.split_at(first.unwrap_or(0));
    let succeeded_after = succeeded(after).count();
    if succeeded_after == 0 {
        // All that came after was given up; those before it had waited for longer and longer, or had not.
        return succeeded(before).last().is_some_and(|last| !quick(last));
    }
    let quick = succeeded(after).filter(|fetch| quick(fetch)).count();
    (quick as f64) < QUICK * succeeded_after as f64
}

/// When trouble began.
fn begun(seen: &Seen, verdict: Pressure, late_from: Duration) -> Option<Duration> {
    match verdict {
        Pressure::Clean | Pressure::Broken => None,
        Pressure::Slow => Some(Duration::ZERO),
        Pressure::Dropping => {
            let first = seen.fetches.iter().find(|fetch| suffered(fetch, late_from));
            first.map(|fetch| fetch.at)
        }
        Pressure::Refusing => {
            let refused = |counts: &Counts| counts.values().any(|requests| requests.refused > 0);
            let first = seen.counts.iter().find(|(_, counts)| refused(counts));
            first.map(|(at, _)| *at)
        }
    }
}

/// What a source let through from when trouble had `begun` until no more fetches came: answered requests over those
/// that a fetch makes.
fn let_through(seen: &Seen, quiet: &Quiet, begun: Duration) -> Option<Served> {
    let window = seen.arrived().checked_sub(begun)?;
    if window < SHORTEST_WINDOW {
        return None;
    }
    let requests = seen.requests();
    let troubled = |operation: &str| {
        let seen = requests.get(operation);
        seen.is_some_and(|seen| seen.refused + seen.timeout > 0)
    };
    let (from, until) = (seen.counted_at(begun), seen.counted_at(seen.arrived()));
    let fetches = |limited: &dyn Fn(&str) -> bool| {
        let answered = |counts: &Counts| -> u64 {
            let limited = counts.iter().filter(|(operation, _)| limited(operation));
            limited.map(|(_, requests)| requests.ok).sum()
        };
        let per_fetch = match answered(&quiet.requests) {
            0 => requests.keys().filter(|name| limited(name)).count() as f64,
            made => made as f64 / quiet.fetches.max(1) as f64,
        };
        let passed = answered(&until).saturating_sub(answered(&from));
        (passed > 0).then(|| passed as f64 / per_fetch / window.as_secs_f64())
    };
    let in_all = fetches(&|_| true)?;
    Some(Served {
        by_operation: fetches(&troubled).unwrap_or(in_all),
        in_all,
    })
}

/// What passed through a source that was busy from the first to the last fetch.
fn drained(seen: &Seen, quiet: &Quiet) -> Option<Served> {
    let ended = succeeded(&seen.fetches).map(|fetch| fetch.at + fetch.took);
    let busy = ended.max()?.checked_sub(quiet.took.unwrap_or_default())?;
    let in_all = succeeded(&seen.fetches).count() as f64 / busy.as_secs_f64();
    in_all.is_finite().then_some(Served {
        by_operation: in_all,
        in_all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::imds::step::Requests;

    const MS: Duration = Duration::from_millis(1);

    /// A hundred fetches in a second, each of which took and ended so.
    fn judged(fetch: impl Fn(u64) -> (Duration, Outcome), refused: u64) -> Judged {
        let fetches = (0..100).map(|n| {
            let (took, outcome) = fetch(n);
            let at = n as u32 * 10 * MS;
            FetchSeen { at, took, outcome }
        });
        let requests = Requests {
            ok: 100,
            refused,
            timeout: 0,
        };
        let counts = Counts::from([("imds:token".to_owned(), requests)]);
        let seen = Seen {
            rate: 100.0,
            fetches: fetches.collect(),
            counts: vec![(Duration::from_secs(1), counts)],
            retransmitted: None,
            held_up: false,
        };
        let took = Some(2 * MS);
        Judged::of(
            &seen,
            &Quiet {
                took,
                ..Quiet::default()
            },
        )
    }

    #[test]
    fn what_was_answered_and_what_was_not_tells_the_causes_apart() {
        let every = |nth: u64, took: u32, outcome| {
            let fetch = move |n: u64| match n % nth {
                0 => (took * MS, outcome),
                _ => (2 * MS, Outcome::Ok),
            };
            judged(fetch, 0).step.verdict
        };
        assert_eq!(every(1, 2, Outcome::Ok), Pressure::Clean);
        assert_eq!(every(100, 202, Outcome::Ok), Pressure::Clean, "bad luck");
        assert_eq!(every(20, 202, Outcome::Ok), Pressure::Dropping);
        assert_eq!(every(20, 1500, Outcome::Timeout), Pressure::Dropping);
        assert_eq!(every(20, 2, Outcome::Reset), Pressure::Dropping);
        assert_eq!(every(20, 2, Outcome::Throttled), Pressure::Refusing);
        assert_eq!(every(2, 2, Outcome::Other), Pressure::Broken);
    }

    #[test]
    fn refusals_that_the_sdk_has_got_over_are_refusals() {
        let asked_again = |n: u64| match n % 3 {
            0 => (700 * MS, Outcome::Ok),
            _ => (2 * MS, Outcome::Ok),
        };
        let judged = judged(asked_again, 30);
        assert_eq!(judged.step.verdict, Pressure::Refusing);
        assert_eq!(judged.step.refused_requests, 30);
    }

    #[test]
    fn a_queue_is_one_whether_its_end_is_answered_or_given_up() {
        let queueing = |n: u64| (n as u32 * 6 * MS, Outcome::Ok);
        assert_eq!(judged(queueing, 0).step.verdict, Pressure::Slow);
        let given_up = |n: u64| match n {
            60.. => (1500 * MS, Outcome::Timeout),
            _ => (n as u32 * 20 * MS, Outcome::Ok),
        };
        assert_eq!(judged(given_up, 0).step.verdict, Pressure::Slow);
    }

    #[test]
    fn a_first_step_that_is_late_throughout_is_not_usual() {
        let late = |_| (400 * MS, Outcome::Ok);
        assert_eq!(judged(late, 0).step.verdict, Pressure::Slow);
    }

    #[test]
    fn a_few_refusals_of_a_hundred_are_doubted() {
        let two = |n: u64| match n {
            40 | 80 => (MS, Outcome::Throttled),
            _ => (2 * MS, Outcome::Ok),
        };
        let judged = judged(two, 2);
        assert!(!judged.is_clean() && judged.is_doubtful());
    }
}
