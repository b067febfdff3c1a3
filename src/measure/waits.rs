//! Calls that had to wait for something they share: how many, how long, how many at once.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A stretch of time in which at least one call waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode {
    pub start: Duration,
    pub end: Duration,
    pub calls: u64,
    pub longest: Duration,
    pub most_at_once: u64,
}

/// Waits, each from when to when on one clock, as stretches that do not touch, in the order of time.
pub fn episodes(waits: &[(Duration, Duration)]) -> Vec<Episode> {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    let mut episodes: Vec<Episode> = Vec::new();
    // When the calls that still wait will cease to.
    let mut ends = BinaryHeap::new();
    for (from, until) in waits {
        // Who leaves as another comes is not there at once with it.
        while ends.peek().is_some_and(|Reverse(end)| *end <= from) {
            ends.pop();
        }
        ends.push(Reverse(until));
        if episodes.last().is_none_or(|last| from >= last.end) {
            episodes.push(Episode {
                start: from,
                end: until,
                calls: 0,
                longest: Duration::ZERO,
                most_at_once: 0,
            });
        }
        if let Some(episode) = episodes.last_mut() {
            episode.end = episode.end.max(until);
            episode.calls += 1;
            episode.longest = episode.longest.max(until.saturating_sub(from));
            episode.most_at_once = episode.most_at_once.max(ends.len() as u64);
        }
    }
    episodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_that_overlap_are_one_episode() {
        let second = Duration::from_secs;
        let waits = [(10, 20), (0, 10), (2, 10), (30, 31)];
        let waits = waits.map(|(from, until)| (second(from), second(until)));
        let seen = episodes(&waits).into_iter().map(|e| {
            let [start, end, longest] = [e.start, e.end, e.longest].map(|time| time.as_secs());
            (start, end, e.calls, longest, e.most_at_once)
        });
        let expected = [(0, 10, 2, 10, 2), (10, 20, 1, 10, 1), (30, 31, 1, 1, 1)];
        assert!(seen.eq(expected), "{:?}", episodes(&waits));
    }

    #[test]
    fn nothing_waited_is_nothing() {
        assert!(episodes(&[]).is_empty());
    }
}
