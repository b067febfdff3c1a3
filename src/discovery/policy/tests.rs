//! Exact shares over many picks, and a small world of servers in virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::discovery::instance::Instance;

const MS: Duration = Duration::from_millis(1);
const POLICIES: [Policy; 3] = [Policy::Random, Policy::SameAz(50.0), Policy::PreferAz];

/// A fleet with one instance for each of these zones, seen from zone `a`.
fn fleet(zones: &[&str]) -> Fleet {
    let instance = |(number, zone): (usize, &&str)| Instance {
        zone: (!zone.is_empty()).then(|| (*zone).to_owned()),
        ..Instance::named(&format!("{zone}{number}"))
    };
    let instances = zones.iter().enumerate().map(instance).collect();
    Fleet::new(instances, Some("a"), &Fleet::default())
}

/// How often each member is picked.
fn picks(policy: Policy, fleet: &Fleet, count: usize) -> Vec<usize> {
    let mut random = SmallRng::seed_from_u64(1);
    let mut picked = vec![0; fleet.members().len()];
    for _ in 0..count {
        picked[policy.pick(fleet, Duration::ZERO, &mut random).unwrap()] += 1;
    }
    picked
}

/// Within four standard deviations of a binomial share.
fn about(count: usize, of: usize, share: f64) -> bool {
    let expected = of as f64 * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    (count as f64 - expected).abs() <= 4.0 * deviation
}

#[test]
fn names_are_read_as_they_are_written() {
    for name in [
        "random",
        "prefer-az",
        "same-az=50",
        "same-az=57",
        "same-az=12.5",
    ] {
        assert_eq!(name.parse::<Policy>().unwrap().to_string(), name);
    }
    for wrong in [
        "same-az",
        "same-az=101",
        "same-az=-1",
        "same-az=half",
        "nearest",
    ] {
        assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
    }
}

#[test]
fn shares_are_exact_over_20_000_picks() {
    let three = fleet(&["a", "b", "c"]);
    let half = picks(Policy::SameAz(50.0), &three, 20_000);
    let shares = [0.5, 0.25, 0.25];
    for (count, share) in half.iter().zip(shares) {
        assert!(about(*count, 20_000, share), "{half:?}");
    }
    for count in picks(Policy::Random, &three, 20_000) {
        assert!(about(count, 20_000, 1.0 / 3.0), "{count}");
    }
    assert_eq!(picks(Policy::PreferAz, &three, 20_000), [20_000, 0, 0]);
    // Where two of three servers are near, one half is worse than chance.
    let near = fleet(&["a", "a", "b"]);
    let half = picks(Policy::SameAz(50.0), &near, 20_000);
    assert!(half[0] + half[1] < picks(Policy::Random, &near, 20_000)[..2].iter().sum());
}

#[test]
fn an_empty_side_a_single_zone_and_no_zone_at_all_are_borne() {
    for zones in [&["b", "c"][..], &["a", "a"], &["a"], &["", ""], &["a", ""]] {
        let fleet = fleet(zones);
        for policy in POLICIES {
            assert_eq!(picks(policy, &fleet, 100).iter().sum::<usize>(), 100);
        }
    }
    let mut random = SmallRng::seed_from_u64(1);
    for policy in POLICIES {
        let picked = policy.pick(&Fleet::default(), Duration::ZERO, &mut random);
        assert_eq!(picked, None);
    }
    let unknown = fleet(&["", "a", ""]);
    assert_eq!(picks(Policy::PreferAz, &unknown, 50), [50, 0, 0]);
}

#[test]
fn a_pick_allocates_nothing() {
    let zones: Vec<&str> = ["a", "b", "c"].into_iter().cycle().take(100).collect();
    let fleet = fleet(&zones);
    let mut random = SmallRng::seed_from_u64(1);
    for policy in POLICIES {
        let seen = allocation_counter::measure(|| {
            for _ in 0..1_000 {
                std::hint::black_box(policy.pick(&fleet, MS, &mut random));
            }
        });
        assert_eq!(seen.count_total, 0, "{policy}: {seen:?}");
    }
    // The counter does count.
    let seen = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 64])));
    assert_eq!(seen.count_total, 1);
}

#[test]
fn who_has_failed_is_passed_over_unless_all_have() {
    for policy in POLICIES {
        let fleet = fleet(&["a", "b", "c"]);
        fleet.members()[0].stats.failed(Duration::ZERO);
        let picked = picks(policy, &fleet, 1_000);
        assert_eq!(picked[0], 0, "{policy}");
        assert!(picked[1] > 400 && picked[2] > 400, "{policy}: {picked:?}");
        for member in fleet.members() {
            member.stats.failed(Duration::ZERO);
        }
        assert_eq!(picks(policy, &fleet, 100).iter().sum::<usize>(), 100);
    }
}

/// Servers that work on `capacity` calls at once, `work` each; others are `hop` further away.
struct World {
    capacity: usize,
    work: Duration,
    hop: Duration,
    callers: usize,
}

impl World {
    /// Calls per member, after callers that call again as soon as they have their answer made `calls`.
    fn play(&self, fleet: &Fleet, policy: Policy, calls: usize) -> Vec<usize> {
        let mut random = SmallRng::seed_from_u64(7);
        let mut counts = vec![0; fleet.members().len()];
        let idle: VecDeque<Duration> = vec![Duration::ZERO; self.capacity].into();
        let mut free = vec![idle; counts.len()];
        let mut answers = BinaryHeap::new();
        let mut made = 0;
        let mut call = |now: Duration, caller: usize, answers: &mut BinaryHeap<_>| {
            let at = policy.pick(fleet, now, &mut random).unwrap();
            fleet.members()[at].stats.begin();
            let hops = u32::from(fleet.others().contains(&at));
            let slot = free[at].pop_front().unwrap();
            let done = slot.max(now + self.hop * hops) + self.work;
            free[at].push_back(done);
            counts[at] += 1;
            answers.push(Reverse((done, caller, at, now)));
        };
        for caller in 0..self.callers {
            call(MS * caller as u32 / 10, caller, &mut answers);
        }
        while let Some(Reverse((done, caller, at, began))) = answers.pop() {
            let stats = &fleet.members()[at].stats;
            stats.answered(done.saturating_sub(began));
            stats.end();
            made += 1;
            if made < calls {
                call(done, caller, &mut answers);
            }
        }
        counts
    }
}

fn share(counts: &[usize], at: usize) -> f64 {
    counts[at] as f64 / counts.iter().sum::<usize>() as f64
}

#[test]
fn the_own_zone_is_kept_to_while_it_has_room() {
    let world = World {
        capacity: 8,
        work: 2 * MS,
        hop: MS,
        callers: 6,
    };
    let counts = world.play(&fleet(&["a", "b", "c"]), Policy::PreferAz, 20_000);
    assert!(share(&counts, 0) >= 0.95, "{counts:?}");
    let counts = world.play(&fleet(&["a", "a", "b"]), Policy::PreferAz, 20_000);
    assert!((share(&counts, 0) - 0.5).abs() < 0.05, "{counts:?}");
}

#[test]
fn an_overloaded_zone_spills_over_and_nobody_becomes_a_hot_spot() {
    for callers in [32, 64, 200] {
        let world = World {
            capacity: 4,
            work: 5 * MS,
            hop: MS,
            callers,
        };
        let counts = world.play(&fleet(&["a", "b", "c"]), Policy::PreferAz, 40_000);
        for at in 0..3 {
            assert!(share(&counts, at) <= 1.5 / 3.0, "{callers}: {counts:?}");
        }
        assert!(share(&counts, 0) >= 0.3, "{callers}: {counts:?}");
    }
}
