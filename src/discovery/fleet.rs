//! The instances that can be called, and what this caller has seen of each: calls under way, how many it
//! takes before it slows down, and whether it has failed.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::instance::Instance;

/// Calls at once that an instance is given before anything is known of it.
const FIRST_LIMIT: f64 = 16.0;
/// Never fewer: one call in twenty still goes where it was slow, to see whether it still is.
const LEAST_LIMIT: f64 = 0.05;
const MOST_LIMIT: f64 = 1_024.0;
/// A call is slow when it takes longer than twice the fastest one and this.
const TOLERANCE: Duration = Duration::from_millis(5);
/// A call that had the instance to itself and was slow all the same moves the fastest time by this part
/// of the way towards its own: a server that has become slower for good is not taken for a crowded one
/// for ever. Calls in a crowd say nothing of that.
const FORGETTING: u64 = 128;
/// How long an instance that has failed is left alone: first this long …
const FIRST_BAN: Duration = Duration::from_secs(1);
/// … and, doubling, never longer than this.
const LONGEST_BAN: Duration = Duration::from_secs(30);

/// What this caller has seen of an instance. Times are counted from the resolver's start.
#[derive(Debug, Default)]
pub struct InstanceStats {
    in_flight: AtomicU32,
    /// Calls at once that it takes without slowing down, as bits of an `f64`; 0 before anything is known.
    limit: AtomicU64,
    /// Nanoseconds of the fastest call; 0 before there was one.
    fastest: AtomicU64,
    failures: AtomicU32,
    /// Nanoseconds; left alone until then.
    banned_until: AtomicU64,
}

impl InstanceStats {
    /// Calls of this caller that are under way.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// How many calls at once it takes before it slows down: learned from how long calls take.
    pub(super) fn limit(&self) -> f64 {
        match self.limit.load(Ordering::Relaxed) {
            0 => FIRST_LIMIT,
            bits => f64::from_bits(bits),
        }
    }

    /// Whether it has failed so recently that it is left alone.
    pub(super) fn is_banned(&self, now: Duration) -> bool {
        nanos(now) < self.banned_until.load(Ordering::Relaxed)
    }

    /// Calls under way, and one more, for each that it takes.
    pub(super) fn load(&self) -> f64 {
        f64::from(self.in_flight() + 1) / self.limit()
    }

    pub(super) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// A call took this long. The limit falls when calls are slow and rises when they are not and it is
    /// made use of: additive increase and decrease, so that a crowd is shed in proportion.
    pub(super) fn answered(&self, took: Duration) {
        self.failures.store(0, Ordering::Relaxed);
        let took = nanos(took).max(1);
        let fastest = match self.fastest.load(Ordering::Relaxed) {
            0 => took,
            known if took > known && self.in_flight() <= 1 => known + (took - known) / FORGETTING,
            known => took.min(known),
        };
        self.fastest.store(fastest, Ordering::Relaxed);
        let limit = self.limit();
        let slow = took > fastest.saturating_mul(2).saturating_add(nanos(TOLERANCE));
        let changed = if slow {
            limit - (limit * 0.05).min(0.3)
        } else if f64::from(self.in_flight()) * 2.0 >= limit {
            limit + (1.0 / limit).min(0.1)
        } else {
            return;
        };
        let bounded = changed.clamp(LEAST_LIMIT, MOST_LIMIT);
        // Two calls that end at once may overwrite each other's step: the next ones make up for it.
        self.limit.store(bounded.to_bits(), Ordering::Relaxed);
    }

    /// It could not be reached, or says that it does not serve.
    pub(super) fn failed(&self, now: Duration) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed).min(8);
        let ban = (FIRST_BAN * 2_u32.pow(before)).min(LONGEST_BAN);
        self.banned_until.store(nanos(now + ban), Ordering::Relaxed);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// An instance, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Member {
    pub instance: Instance,
    pub stats: Arc<InstanceStats>,
}

/// The instances of one answer, those of the caller's own zone first.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    members: Vec<Member>,
    own: usize,
}

impl Fleet {
    /// The fleet of an answer, as seen from `zone`. What was seen before of the same instance at the same
    /// place stays known.
    #[must_use]
    pub fn new(mut instances: Vec<Instance>, zone: Option<&str>, before: &Self) -> Self {
        let is_own = |instance: &Instance| zone.is_some() && instance.zone.as_deref() == zone;
        instances.sort_by_key(|instance| !is_own(instance));
        let own = instances.partition_point(is_own);
        let members = instances.into_iter().map(|instance| {
            let mut known = before.members.iter();
            let known = known.find(|member| member.instance.is_where(&instance));
            let stats = known.map_or_else(Arc::default, |member| Arc::clone(&member.stats));
            Member { instance, stats }
        });
        Self {
            members: members.collect(),
            own,
        }
    }

    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those in the caller's zone.
    pub(crate) fn own(&self) -> Range<usize> {
        0..self.own
    }

    /// Those in other zones, and those in none that is known.
    pub(crate) fn others(&self) -> Range<usize> {
        self.own..self.members.len()
    }

    pub(crate) fn all(&self) -> Range<usize> {
        0..self.members.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_crowd_is_noticed_and_its_end_too() {
        let stats = InstanceStats::default();
        let round = |took: Duration| {
            (0..8).for_each(|_| stats.begin());
            (0..8).for_each(|_| {
                stats.answered(took);
                stats.end();
            });
        };
        round(MS);
        assert!((stats.limit() - FIRST_LIMIT).abs() < 1.0);
        (0..40).for_each(|_| round(50 * MS));
        assert!(stats.limit() < 1.0, "{}", stats.limit());
        (0..400).for_each(|_| round(MS));
        assert!(stats.limit() >= 8.0, "{}", stats.limit());
    }

    #[test]
    fn noise_of_a_few_milliseconds_is_no_crowd() {
        let stats = InstanceStats::default();
        for call in 0..1_000 {
            stats.begin();
            stats.answered(if call % 3 == 0 { 5 * MS } else { MS / 2 });
            stats.end();
        }
        assert!((stats.limit() - FIRST_LIMIT).abs() < f64::EPSILON);
    }

    #[test]
    fn who_fails_is_left_alone_for_longer_and_longer() {
        let stats = InstanceStats::default();
        assert!(!stats.is_banned(Duration::ZERO));
        stats.failed(Duration::ZERO);
        assert!(stats.is_banned(999 * MS) && !stats.is_banned(1_000 * MS));
        (0..20).for_each(|_| stats.failed(Duration::ZERO));
        assert!(stats.is_banned(29_999 * MS) && !stats.is_banned(30_000 * MS));
        stats.answered(MS);
        stats.failed(Duration::from_mins(1));
        assert!(!stats.is_banned(Duration::from_secs(62)));
    }
}
