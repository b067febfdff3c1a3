//! Calls that had to wait for something they share: how many, how long, how many at once.

use std::time::Duration;

/// Waits, each from when to when on one clock.
#[derive(Clone, Debug, Default)]
pub struct Waits(Vec<(Duration, Duration)>);

/// A stretch of time in which at least one call waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    pub start: Duration,
    pub end: Duration,
    pub calls: u64,
    pub longest: Duration,
    pub most_at_once: u64,
}

impl Waits {
    pub fn record(&mut self, from: Duration, until: Duration) {
        self.0.push((from, until));
    }

    /// The waits as stretches that do not touch, in the order of time.
    #[must_use]
    pub fn episodes(&self) -> Vec<Episode> {
        let mut waits = self.0.clone();
        waits.sort_unstable();
        let mut episodes = Vec::new();
        let mut rest = &waits[..];
        while let Some(&(start, mut end)) = rest.first() {
            let mut calls = 0;
            for &(from, until) in rest {
                if calls > 0 && from >= end {
                    break;
                }
                end = end.max(until);
                calls += 1;
            }
            let (these, others) = rest.split_at(calls);
            episodes.push(Episode {
                start,
                end,
                calls: calls as u64,
                longest: longest(these),
                most_at_once: most_at_once(these),
            });
            rest = others;
        }
        episodes
    }
}

fn longest(waits: &[(Duration, Duration)]) -> Duration {
    let lengths = waits
        .iter()
        .map(|(from, until)| until.saturating_sub(*from));
    lengths.max().unwrap_or_default()
}

fn most_at_once(waits: &[(Duration, Duration)]) -> u64 {
    let mut changes: Vec<(Duration, i64)> = waits
        .iter()
        .flat_map(|&(from, until)| [(from, 1), (until, -1)])
        .collect();
    // Ends before starts: who leaves as another comes is not there at once with it.
    changes.sort_unstable();
    let mut there = 0;
    let most = changes.iter().map(|(_, change)| {
        there += change;
        there
    });
    most.max().unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_overlap_are_one_episode() {
        let second = Duration::from_secs;
        let mut waits = Waits::default();
        for (from, until) in [(10, 20), (0, 10), (2, 10), (30, 31)] {
            waits.record(second(from), second(until));
        }
        let seen: Vec<_> = waits
            .episodes()
            .iter()
            .map(|e| {
                (
                    e.start.as_secs(),
                    e.end.as_secs(),
                    e.calls,
                    e.longest.as_secs(),
                    e.most_at_once,
                )
            })
            .collect();
        assert_eq!(
            seen,
            [(0, 10, 2, 10, 2), (10, 20, 1, 10, 1), (30, 31, 1, 1, 1)]
        );
    }

    #[test]
    fn nothing_waited_is_nothing() {
        assert!(Waits::default().episodes().is_empty());
    }
}
