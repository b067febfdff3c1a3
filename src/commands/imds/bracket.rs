//! What the steps of a search come to: the next rate to try, and the knee. Pure.

use std::time::Duration;

use super::pressure::{Judged, Served};
use crate::document::{KneeKind, Pressure};

pub(super) const STEP: Duration = Duration::from_secs(1);

/// Two steps that let through rates as near to each other as this have found the rate.
const AGREE: f64 = 1.07;

/// The widest bracket of clean and failing rates that is narrow enough: its middle is within 5 % of both.
const NARROW: f64 = 1.1;

/// A search with more steps with trouble than this would not end better.
const MOST_TROUBLE: usize = 5;

/// The longest burst that steps are sure to use up, in seconds of the rate, with a little for the error of its estimate.
const SHORT_BURST: f64 = 0.125;

/// The knee, as far as the steps show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub kind: KneeKind,
    pub rate: Option<f64>,
    /// Where the steps were too short or too few to tell.
    pub between: Option<[f64; 2]>,
    pub burst_s: Option<f64>,
}

impl Found {
    /// From the steps with trouble, in the order in which they were made, and the highest rate without.
    pub(super) fn of(bad: &[Judged], clean: Option<f64>) -> Self {
        let kind = kind(bad);
        let (Some(first), Some(failing)) = (bad.first(), failing(bad)) else {
            return Self {
                kind,
                rate: None,
                between: None,
                burst_s: None,
            };
        };
        let (rate, sure) = match (settled(bad, clean), clean, likely(bad, clean)) {
            (Some(rate), _, _) => (Some(rate), true),
            (None, Some(clean), _) if clean < failing && first.step.verdict != Pressure::Broken => {
                let rate = without_burst(middle(clean, failing), first);
                (Some(rate), failing / clean <= NARROW)
            }
            (None, _, served) => (served, false),
        };
        let burst_s = rate.and_then(|rate| burst_s(first, rate));
        let sure = sure && burst_s.is_none_or(|burst| burst <= SHORT_BURST);
        let passed = bad.iter().filter_map(|step| Some(step.served?.in_all));
        let lowest = passed.chain(rate).map(|rate| rate / NARROW).chain(clean);
        let lowest = lowest.reduce(f64::min);
        Self {
            kind,
            rate,
            between: lowest.filter(|_| !sure).map(|lowest| [lowest, failing]),
            burst_s,
        }
    }
}

/// Decided once: refusals are told, and else the step with most trouble tells.
fn kind(bad: &[Judged]) -> KneeKind {
    let refusing = bad
        .iter()
        .find(|step| step.step.verdict == Pressure::Refusing);
    let worst = || bad.iter().max_by(|a, b| a.share.total_cmp(&b.share));
    let telling = refusing.or_else(worst);
    telling.map_or(KneeKind::None, |step| step.step.verdict.into())
}

/// The next rate to try; `None` once the knee is known as well as it will be.
pub(super) fn next(bad: &[Judged], clean: Option<f64>) -> Option<f64> {
    let (first, failing) = (bad.first()?, failing(bad)?);
    if settled(bad, clean).is_some() || bad.len() > MOST_TROUBLE {
        return None;
    }
    if bad.len() == 1 && first.served.is_none() && first.step.verdict == Pressure::Refusing {
        // The burst took most of the step, and is used up now.
        return Some(failing);
    }
    let below = clean.filter(|clean| *clean < failing);
    // Nearer to what it lets through, with less trouble.
    let nearer = likely(bad, clean).map(|served| middle(served.min(failing), failing));
    match (below, nearer) {
        (Some(clean), Some(nearer)) if bad.len() == 1 && nearer > clean * 1.02 => Some(nearer),
        (Some(clean), _) => (failing / clean > NARROW).then(|| middle(clean, failing)),
        (None, Some(nearer)) => Some(nearer),
        // Half the failing one, and half of that.
        (None, None) => (failing > 3.0).then_some(failing / 2.0),
    }
}

/// The lowest rate with trouble.
fn failing(bad: &[Judged]) -> Option<f64> {
    bad.iter().map(|step| step.step.rate_per_s).reduce(f64::min)
}

/// What the source let through in steps with trouble, in the order in which they were made, where that is its rate.
fn served(bad: &[Judged], clean: Option<f64>, limit: fn(Served) -> f64) -> Vec<f64> {
    let served = bad.iter().filter_map(|step| {
        let served = limit(step.served?);
        // What TCP sends again takes from what there is: under pressure less gets through than without.
        let wasted = step.step.verdict == Pressure::Dropping && step.step.late > step.step.timeout;
        // A line that is not yet long is not late.
        let queued = step.step.verdict == Pressure::Slow && step.step.timeout == 0;
        (queued || !wasted && is_possible(served, bad, clean)).then_some(served)
    });
    served.collect()
}

/// Whether what was let through agrees with the rates that were clean: they were lower, or lived on the burst.
fn is_possible(served: f64, bad: &[Judged], clean: Option<f64>) -> bool {
    let lacking = clean.map_or(0.0, |clean| clean / AGREE - served);
    let burst = bad.first().and_then(|first| burst_s(first, served));
    let burst = burst.unwrap_or_default() * served;
    lacking <= 0.0 || burst >= lacking * STEP.as_secs_f64() / 2.0
}

/// The rate that the last two steps agree on. The limit is on what they agree on best.
fn settled(bad: &[Judged], clean: Option<f64>) -> Option<f64> {
    let last_two = |limit| {
        let served = served(bad, clean, limit);
        let [.., before, last] = served[..] else {
            return None;
        };
        Some((
            before.max(last) / before.min(last),
            f64::midpoint(before, last),
        ))
    };
    let limits: [fn(Served) -> f64; 2] = [|served| served.by_operation, |served| served.in_all];
    let best = limits.into_iter().filter_map(last_two);
    let best = best.reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.filter(|(apart, _)| *apart <= AGREE)
        .map(|(_, rate)| rate)
}

/// What the source may let through, from the last step that shows it.
fn likely(bad: &[Judged], clean: Option<f64>) -> Option<f64> {
    served(bad, clean, |served| served.in_all).pop()
}

/// How long a source that lets `rate` through could let through twice as much, from how long `first` was without
/// trouble.
fn burst_s(first: &Judged, rate: f64) -> Option<f64> {
    let begun = first.begun?.as_secs_f64();
    (first.step.verdict != Pressure::Slow)
        .then(|| ((first.step.rate_per_s - rate) * begun / rate).max(0.0))
}

/// The rate at which a step with no burst to live on would begin to have trouble, where one that has it does at
/// `rate`: a step's share of the burst that lasted in `first` until trouble began.
fn without_burst(rate: f64, first: &Judged) -> f64 {
    let lasted = first
        .begun
        .unwrap_or_default()
        .div_duration_f64(STEP)
        .min(0.5);
    ((rate - lasted * first.step.rate_per_s) / (1.0 - lasted)).max(rate / 2.0)
}

/// The geometric mean.
fn middle(low: f64, high: f64) -> f64 {
    (low * high).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::imds::pressure::Quiet;
    use crate::commands::imds::step::{Counts, FetchSeen, Requests, Seen};
    use crate::measure::Outcome;

    const TOOK: Duration = Duration::from_millis(2);

    /// A container endpoint without a network.
    struct Source {
        per_s: f64,
        burst: f64,
        beyond: Outcome,
    }

    impl Source {
        /// A second of fetches, all of which are answered or not as the rule says.
        fn step(&self, rate: f64) -> Seen {
            let (mut tokens, mut counts, mut last) = (self.burst, Requests::default(), 0.0);
            let mut seen = Seen {
                rate,
                ..Seen::default()
            };
            for n in 0..rate.round() as u64 {
                let at = n as f64 / rate;
                tokens = (tokens + (at - last) * self.per_s).min(self.burst);
                last = at;
                let mut fetch = FetchSeen {
                    at: Duration::from_secs_f64(at),
                    took: TOOK,
                    outcome: Outcome::Ok,
                };
                if self.beyond == Outcome::Ok {
                    let served = n as f64 / self.per_s;
                    fetch.took += Duration::from_secs_f64((served - at).max(0.0));
                    counts.ok = ((at * self.per_s) as u64).min(n + 1);
                } else if tokens >= 1.0 {
                    tokens -= 1.0;
                    counts.ok += 1;
                } else {
                    fetch.outcome = self.beyond;
                    counts.refused += u64::from(self.beyond == Outcome::Throttled);
                    counts.timeout += u64::from(self.beyond == Outcome::Timeout);
                }
                let named = Counts::from([("container:credentials".to_owned(), counts)]);
                seen.counts.push((fetch.at, named));
                seen.fetches.push(fetch);
            }
            seen
        }

        fn found(&self) -> Found {
            let quiet = Quiet {
                took: Some(TOOK),
                ..Quiet::default()
            };
            let (mut bad, mut clean) = (Vec::new(), None::<f64>);
            let mut rising = [50.0, 100.0, 200.0].into_iter();
            let mut rate = rising.next();
            while let Some(tried) = rate {
                let judged = Judged::of(&self.step(tried), &quiet);
                if judged.is_clean() {
                    clean = Some(clean.map_or(tried, |clean| clean.max(tried)));
                } else {
                    bad.push(judged);
                }
                rate = match bad[..] {
                    [] => rising.next(),
                    _ => next(&bad, clean),
                };
            }
            Found::of(&bad, clean)
        }
    }

    #[test]
    fn what_a_source_does_with_too_many_fetches_and_from_which_rate_on_is_found() {
        for per_s in [23.0, 70.0, 97.0, 130.0, 160.0] {
            for (beyond, kind) in [
                (Outcome::Throttled, KneeKind::Refusing),
                (Outcome::Timeout, KneeKind::Dropping),
                (Outcome::Ok, KneeKind::Slow),
            ] {
                let burst = per_s / 10.0;
                let source = Source {
                    per_s,
                    burst,
                    beyond,
                };
                let found = source.found();
                assert_eq!(found.kind, kind, "{per_s}/s");
                let rate = found.rate.expect("a rate");
                assert!((rate / per_s - 1.0).abs() < 0.1, "{per_s}/s: {found:?}");
                assert_eq!(found.between, None, "{per_s}/s: {found:?}");
            }
        }
    }

    #[test]
    fn a_rate_behind_a_long_burst_is_said_to_be_uncertain() {
        for beyond in [Outcome::Throttled, Outcome::Timeout] {
            let source = Source {
                per_s: 70.0,
                burst: 70.0,
                beyond,
            };
            let found = source.found();
            let [low, high] = found.between.expect("bounds");
            assert!(low <= 70.0 && high >= 70.0, "{found:?}");
            assert!(found.burst_s.expect("a burst") > 0.5, "{found:?}");
        }
    }

    #[test]
    fn without_trouble_there_is_no_knee() {
        let found = Found::of(&[], Some(200.0));
        assert_eq!((found.kind, found.rate), (KneeKind::None, None));
    }
}
