//! Many resolvers on one account: when their polling is throttled, and how old their answers get. Pure
//! computation, the same for the same seed.
//!
//! Crowds of more than [`MOST_PLAYED`] are played by as many, each of which stands for several: the
//! account's buckets shrink in proportion. What is lost is the grain of single calls.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::polling::{Polling, Query, Schedule};

/// Resolvers that are really played.
pub const MOST_PLAYED: u64 = 5_000;
/// Intervals between polls that are played …
const INTERVALS: u32 = 24;
/// … of which the first ones only bring the crowd into its stride.
const SETTLING: u32 = 4;

/// Calls that an account may make.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    pub per_s: f64,
    pub burst: f64,
}

/// How each of the crowd asks. Serialised by [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Manner {
    /// For everything, all at the same moments: a crowd that was started together.
    InStep,
    /// For everything, each at its own moments.
    Spread,
    /// For the revision, with a full answer now and then, jitter and back-off: as [`Schedule`] says.
    ByRevision,
}

impl Manner {
    pub const ALL: [Self; 3] = [Self::InStep, Self::Spread, Self::ByRevision];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InStep => "in-step",
            Self::Spread => "spread",
            Self::ByRevision => "by-revision",
        }
    }
}

/// The account's token buckets, and how often each resolver asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    pub polling: Polling,
    pub discover: Quota,
    pub revision: Quota,
}

/// The largest crowd that is not throttled.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fits {
    /// `in-step`: full answers, all at the same moments. `spread`: full answers, each at its own moments.
    /// `by-revision`: revisions, and full answers now and then, with jitter and back-off.
    pub manner: Manner,
    pub resolvers: u64,
}

/// One crowd, as played.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Crowd {
    pub resolvers: u64,
    /// As in [`Fits::manner`].
    pub manner: Manner,
    /// Questions per second of all resolvers, refused ones included.
    pub calls_per_s: f64,
    /// The part of them that is refused.
    pub throttled: f64,
    /// Age of an answer just before the next one: the median, …
    pub age_p50_s: f64,
    pub age_p99_s: f64,
    /// … and the oldest.
    pub age_max_s: f64,
}

/// A token bucket.
struct Bucket {
    quota: Quota,
    tokens: f64,
    at: Duration,
}

impl Bucket {
    fn new(quota: Quota, scale: f64) -> Self {
        let quota = Quota {
            per_s: quota.per_s / scale,
            burst: (quota.burst / scale).max(1.0),
        };
        Self {
            quota,
            tokens: quota.burst,
            at: Duration::ZERO,
        }
    }

    fn admits(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.quota.per_s).min(self.quota.burst);
        self.at = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

/// One resolver.
struct Asker {
    schedule: Schedule,
    /// When it last had an answer.
    answered: Duration,
}

impl Asker {
    fn new(manner: Manner, polling: Polling, random: &mut SmallRng) -> Self {
        let every = polling.revision;
        let schedule = match manner {
            Manner::InStep => Schedule::steady(every, Duration::ZERO),
            Manner::Spread => Schedule::steady(every, every.mul_f64(random.random::<f64>())),
            Manner::ByRevision => Schedule::new(polling, random.random(), Duration::ZERO),
        };
        Self {
            schedule,
            answered: Duration::ZERO,
        }
    }
}

impl Account {
    /// How long a crowd is played: an answer of this age was the only one, or there was none.
    #[must_use]
    pub fn played(&self) -> Duration {
        self.polling.revision * INTERVALS
    }

    /// The largest crowd that the quotas carry: in step, no more than the bucket holds and is refilled with
    /// between two polls; spread, what the refill alone carries.
    #[must_use]
    pub fn fits(&self, manner: Manner) -> Fits {
        let spread = self.discover.per_s * self.polling.revision.as_secs_f64();
        let resolvers = match manner {
            Manner::InStep => self.discover.burst.min(spread),
            Manner::Spread => spread,
            Manner::ByRevision => {
                let revisions = self.revision.per_s * self.polling.revision.as_secs_f64();
                let refreshes = self.discover.per_s * self.polling.refresh.as_secs_f64();
                revisions.min(refreshes)
            }
        };
        Fits {
            manner,
            resolvers: resolvers as u64,
        }
    }
}

/// Plays a crowd of `resolvers`.
#[must_use]
pub fn play(resolvers: u64, manner: Manner, account: &Account, seed: u64) -> Crowd {
    let count = resolvers.clamp(1, MOST_PLAYED);
    let scale = resolvers.max(1) as f64 / count as f64;
    let mut random = SmallRng::seed_from_u64(seed ^ resolvers);
    let mut discover = Bucket::new(account.discover, scale);
    let mut revision = Bucket::new(account.revision, scale);
    let (from, to) = (account.polling.revision * SETTLING, account.played());
    let mut askers: Vec<Asker> = (0..count)
        .map(|_| Asker::new(manner, account.polling, &mut random))
        .collect();
    // The second place parts those who are due at the same moment at random, and not by their number.
    let due = |asker: &Asker, at: usize, random: &mut SmallRng| {
        Reverse((asker.schedule.next().1, random.random::<u32>(), at))
    };
    let numbered = askers.iter().enumerate();
    let mut queue: BinaryHeap<_> = numbered
        .map(|(at, asker)| due(asker, at, &mut random))
        .collect();
    let (mut calls, mut refused) = (0_u64, 0_u64);
    let mut ages = Vec::new();
    while let Some(Reverse((now, _, at))) = queue.pop().filter(|Reverse((now, ..))| *now < to) {
        let asker = &mut askers[at];
        let (query, _) = asker.schedule.next();
        let admitted = match query {
            Query::Refresh => discover.admits(now),
            Query::Revision => revision.admits(now),
        };
        if now >= from {
            calls += 1;
            refused += u64::from(!admitted);
        }
        if admitted {
            if now >= from {
                ages.push(now.saturating_sub(asker.answered));
            }
            asker.answered = now;
        }
        // Only schedules by revision know of back-off.
        if admitted || manner != Manner::ByRevision {
            asker.schedule.answered(query, now);
        } else {
            asker.schedule.failed(now);
        }
        queue.push(due(asker, at, &mut random));
    }
    // Answers that are overdue at the end: their age is part of the picture too.
    let last = askers.iter().map(|asker| to.saturating_sub(asker.answered));
    ages.extend(last.filter(|age| *age > account.polling.revision * 2));
    ages.sort_unstable();
    let age = |quantile: f64| {
        let at = (ages.len().saturating_sub(1) as f64 * quantile).round() as usize;
        ages.get(at).map_or(0.0, Duration::as_secs_f64)
    };
    Crowd {
        resolvers,
        manner,
        calls_per_s: calls as f64 * scale / to.saturating_sub(from).as_secs_f64(),
        throttled: refused as f64 / calls.max(1) as f64,
        age_p50_s: age(0.5),
        age_p99_s: age(0.99),
        age_max_s: age(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: Account = Account {
        polling: Polling {
            revision: Duration::from_secs(30),
            refresh: Duration::from_mins(5),
            jitter: 0.1,
        },
        discover: Quota {
            per_s: 1_000.0,
            burst: 2_000.0,
        },
        revision: Quota {
            per_s: 3_000.0,
            burst: 3_000.0,
        },
    };

    fn crowd(resolvers: u64, manner: Manner) -> Crowd {
        play(resolvers, manner, &ACCOUNT, 1)
    }

    #[test]
    fn spread_polls_every_30_s_meet_the_refill_at_30_000_resolvers() {
        let below = crowd(29_000, Manner::Spread);
        assert!(below.throttled < f64::EPSILON);
        assert!((below.calls_per_s / 966.7 - 1.0).abs() < 0.01, "{below:?}");
        let above = crowd(33_000, Manner::Spread);
        assert!((0.05..0.13).contains(&above.throttled), "{above:?}");
        let far = crowd(300_000, Manner::Spread);
        assert!((0.88..0.92).contains(&far.throttled), "{far:?}");
    }

    #[test]
    fn polls_in_step_are_throttled_from_the_size_of_the_bucket_on() {
        assert!(crowd(2_000, Manner::InStep).throttled < f64::EPSILON);
        let ten = crowd(10_000, Manner::InStep);
        assert!((0.78..0.82).contains(&ten.throttled), "{ten:?}");
        assert!(crowd(10_000, Manner::Spread).throttled < f64::EPSILON);
    }

    #[test]
    fn revisions_carry_three_times_the_crowd_with_answers_no_older() {
        let revisions = crowd(80_000, Manner::ByRevision);
        assert!(revisions.throttled < f64::EPSILON, "{revisions:?}");
        assert!(revisions.age_max_s <= 33.0, "{revisions:?}");
        assert!(crowd(80_000, Manner::Spread).throttled > 0.6);
    }

    #[test]
    fn the_same_seed_plays_the_same() {
        for manner in Manner::ALL {
            assert_eq!(crowd(1_000_000, manner), crowd(1_000_000, manner));
        }
    }
}
