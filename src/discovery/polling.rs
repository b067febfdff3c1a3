//! When to ask: cheap revision polls, a slower full refresh, jitter, and back-off. Pure: times are
//! counted from the resolver's start and handed in.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// How often to ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polling {
    /// Between two questions for the revision: how long an instance that was added can go unseen.
    pub revision: Duration,
    /// Between two full answers: how long an instance that has fallen ill can go unseen, since a change
    /// of health does not change the revision.
    pub refresh: Duration,
    /// Intervals vary by this part of their length, up or down: 0.1 is a tenth. Without it, resolvers
    /// that start together ask together for ever.
    pub jitter: f64,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            revision: Duration::from_secs(30),
            refresh: Duration::from_mins(5),
            jitter: 0.1,
        }
    }
}

/// What tests ask with.
#[cfg(test)]
pub(super) const POLLING: Polling = Polling {
    revision: Duration::from_secs(5),
    refresh: Duration::from_mins(1),
    jitter: 0.1,
};

/// What to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Revision,
    Refresh,
}

/// One resolver's plan.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    polling: Polling,
    revision_due: Duration,
    /// At once where the revision has changed.
    pub(super) refresh_due: Duration,
    /// Whether revisions can be asked for at all; where they cannot, full answers have to do.
    pub(super) revisions: bool,
    failures: u32,
    random: SmallRng,
}

impl Schedule {
    /// The plan of a resolver that has just had its first answer, at `now`.
    pub fn new(polling: Polling, seed: u64, now: Duration) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        // Anywhere in the first interval: resolvers that start together part here.
        let mut within = |interval: Duration| now + interval.mul_f64(random.random::<f64>());
        Self {
            polling,
            revision_due: within(polling.revision),
            refresh_due: within(polling.refresh),
            revisions: true,
            failures: 0,
            random,
        }
    }

    /// Full answers alone, from `due` on.
    pub fn steady(every: Duration, due: Duration) -> Self {
        let polling = Polling {
            revision: every,
            refresh: every,
            jitter: 0.0,
        };
        Self {
            refresh_due: due,
            revisions: false,
            ..Self::new(polling, 0, due)
        }
    }

    /// What to do next, and when.
    pub fn next(&self) -> (Query, Duration) {
        if self.revisions && self.revision_due < self.refresh_due {
            (Query::Revision, self.revision_due)
        } else {
            (Query::Refresh, self.refresh_due)
        }
    }

    /// The query was answered at `now`. A full answer says the revision, too.
    pub fn answered(&mut self, query: Query, now: Duration) {
        self.failures = 0;
        self.revision_due = now + self.varied(self.polling.revision);
        if query == Query::Refresh {
            self.refresh_due = now + self.varied(self.polling.refresh);
        }
    }

    /// The query was not answered. The next try, of whichever query, waits for twice as long as the last
    /// one did, up to the interval of the full refresh, and for a random part of that: those who were
    /// refused together do not come back together.
    pub fn failed(&mut self, now: Duration) {
        self.failures = (self.failures + 1).min(16);
        let longest = self.polling.refresh.max(self.polling.revision);
        let doubled = self.polling.revision * 2_u32.saturating_pow(self.failures - 1);
        let part = self.random.random_range(0.5..1.0);
        let again = now + doubled.min(longest).mul_f64(part);
        self.revision_due = self.revision_due.max(again);
        self.refresh_due = self.refresh_due.max(again);
    }

    fn varied(&mut self, interval: Duration) -> Duration {
        let jitter = self.polling.jitter.clamp(0.0, 1.0);
        interval.mul_f64(1.0 + jitter * self.random.random_range(-1.0..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_asked_for_often_and_everything_now_and_then() {
        let mut schedule = Schedule::new(POLLING, 1, Duration::ZERO);
        let (mut revisions, mut refreshes) = (0, 0);
        loop {
            let (query, at) = schedule.next();
            if at > Duration::from_hours(1) {
                break;
            }
            match query {
                Query::Revision => revisions += 1,
                Query::Refresh => refreshes += 1,
            }
            schedule.answered(query, at);
        }
        assert!((57..=64).contains(&refreshes), "{refreshes}");
        assert!((640..=740).contains(&revisions), "{revisions}");
    }

    #[test]
    fn a_change_is_followed_by_a_full_answer_at_once() {
        let mut schedule = Schedule::new(POLLING, 1, Duration::ZERO);
        let (_, at) = schedule.next();
        schedule.answered(Query::Revision, at);
        schedule.refresh_due = at;
        assert_eq!(schedule.next(), (Query::Refresh, at));
    }

    #[test]
    fn failures_back_off_up_to_the_refresh_and_an_answer_ends_them() {
        let mut schedule = Schedule::new(POLLING, 1, Duration::ZERO);
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let (_, at) = schedule.next();
            schedule.failed(at);
            pauses.push(schedule.next().1.saturating_sub(at));
        }
        assert!(pauses[0] <= Duration::from_secs(5), "{pauses:?}");
        let longest = pauses.iter().max().unwrap();
        assert!(*longest <= POLLING.refresh, "{pauses:?}");
        assert!(pauses[9] >= Duration::from_secs(30), "{pauses:?}");
        let (query, at) = schedule.next();
        schedule.answered(query, at);
        assert!(schedule.next().1.saturating_sub(at) <= Duration::from_millis(5_500));
    }

    #[test]
    fn resolvers_that_start_together_do_not_ask_together() {
        let first = |seed| Schedule::new(POLLING, seed, Duration::ZERO).next().1;
        let due: std::collections::BTreeSet<_> = (0..100).map(first).collect();
        assert_eq!(due.len(), 100);
        assert!(due.iter().all(|at| *at <= POLLING.revision));
    }

    #[test]
    fn without_revisions_only_full_answers_are_asked_for() {
        let mut schedule = Schedule::new(POLLING, 1, Duration::ZERO);
        schedule.revisions = false;
        assert_eq!(schedule.next().0, Query::Refresh);
    }
}
