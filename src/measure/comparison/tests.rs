use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::measure::{Phase, Sample};

const MEDIAN: Statistic = Statistic::Quantile(0.5);

fn tally(latencies: impl IntoIterator<Item = f64>) -> Tally {
    let mut tally = Tally::default();
    for (round, seconds) in latencies.into_iter().enumerate() {
        let sample = Sample::of_phase(Phase::Transmit, Duration::from_secs_f64(seconds));
        tally.record(round as u64, Duration::ZERO, &sample);
    }
    tally
}

fn constant(millis: f64, calls: usize) -> Tally {
    tally(std::iter::repeat_n(millis / 1e3, calls))
}

/// How the logarithms of latencies depend on their neighbours: not at all, or by nine tenths, in a drift that both
/// arms share or in one of each arm's own.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Dependence {
    None,
    Shared,
    Own,
}

/// Two arms interleaved, lognormal around 20 ms with a p99 of twice that; the second `scale` times as slow.
fn pair(seed: u64, calls: usize, scale: f64, dependence: Dependence) -> [Tally; 2] {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
    let kept: f64 = if dependence == Dependence::None {
        0.0
    } else {
        0.9
    };
    let mut walks = [normal(), normal()];
    let mut arms = [Vec::new(), Vec::new()];
    for _ in 0..calls {
        for (arm, factor) in [1.0, scale].into_iter().enumerate() {
            let walk = &mut walks[if dependence == Dependence::Own {
                arm
            } else {
                0
            }];
            *walk = kept * *walk + (1.0 - kept * kept).sqrt() * normal();
            arms[arm].push(0.02 * factor * (0.3 * *walk).exp());
        }
    }
    arms.map(tally)
}

/// As `compare` holds two stored runs against each other.
fn separate(tallies: &[Tally; 2], statistic: Statistic, ordered: bool) -> Option<Comparison> {
    let arms = tallies.each_ref().map(|tally| {
        if ordered {
            Latencies::stored(tally)
        } else {
            Latencies::unordered(tally.succeeded.total.histogram().clone())
        }
    });
    let figures = [0, 1].map(|arm| statistic.of(&tallies[arm].succeeded.total));
    let figures = [figures[0]?, figures[1]?];
    compare_latencies([&arms[0], &arms[1]], Pairing::Separate, statistic, figures)
}

fn is_decided(comparison: &Comparison) -> bool {
    matches!(comparison.verdict, Verdict::Faster | Verdict::Slower)
}

/// `benches/verdicts.rs` counts more, of more laws.
fn assert_error_rates(
    kind: &str,
    dependence: Dependence,
    compared: impl Fn(&[Tally; 2], Statistic) -> Option<Comparison>,
) {
    let count = |calls, scale| {
        let mut decided = [0; 4];
        for seed in 0..200 {
            let arms = pair(seed, calls, scale, dependence);
            for (place, statistic) in Statistic::USUAL.into_iter().enumerate() {
                let compared = compared(&arms, statistic).expect("both have calls");
                assert_agreement(&compared);
                decided[place] += usize::from(is_decided(&compared));
            }
        }
        decided
    };
    let wrong = count(100, 1.0);
    assert!(
        wrong.iter().all(|&wrong| wrong <= 10),
        "{kind}: {wrong:?} of 200 wrong"
    );
    if dependence != Dependence::Own {
        let [median, .., mean] = count(400, 1.1);
        assert!(
            median >= 190 && mean >= 190,
            "{kind}: {median} and {mean} of 200 seen"
        );
    }
}

fn assert_agreement(comparison: &Comparison) {
    let Ok((low, high)) = comparison.interval else {
        return;
    };
    let agrees = match comparison.verdict {
        Verdict::Faster => high < 0.0,
        Verdict::Slower => low > 0.0,
        Verdict::Inconclusive => low <= 0.0 && high >= 0.0,
        Verdict::NoDifference => low > -comparison.smallest && high < comparison.smallest,
    };
    let holds = low <= comparison.difference && comparison.difference <= high;
    assert!(agrees && holds, "{comparison:?}");
}

#[test]
fn verdicts_err_at_most_once_in_twenty_and_see_ten_percent_in_four_hundred_calls() {
    for dependence in [Dependence::None, Dependence::Shared, Dependence::Own] {
        assert_error_rates(
            &format!("{dependence:?}"),
            dependence,
            |[a, b], statistic| compare(a, b, statistic),
        );
    }
}

#[test]
fn separate_runs_err_at_most_once_in_twenty_and_see_ten_percent_in_four_hundred_calls() {
    for (dependence, ordered) in [
        (Dependence::None, true),
        (Dependence::None, false),
        (Dependence::Own, true),
    ] {
        let kind = format!("stored, {dependence:?}, ordered: {ordered}");
        assert_error_rates(&kind, dependence, |arms, statistic| {
            separate(arms, statistic, ordered)
        });
    }
}

#[test]
fn samples_apart_are_told_apart_however_constant_they_are_or_depend_on_each_other() {
    for jitter in [0.0, 5e-6, 1e-4, 2e-3] {
        for (seed, calls) in [(1, 20), (2, 20), (3, 50), (4, 100)] {
            let mut random = SmallRng::seed_from_u64(seed);
            let mut arm = |base: f64| {
                let mut walk = 0.0;
                let next = |_| {
                    let shock: f64 = StandardNormal.sample(&mut random);
                    walk = 0.9 * walk + 0.44 * shock;
                    base + jitter * walk.clamp(-2.0, 2.0)
                };
                tally((0..calls).map(next))
            };
            let arms = [arm(0.02), arm(0.03)];
            for statistic in [MEDIAN, Statistic::Mean] {
                let stored = separate(&arms, statistic, true).unwrap();
                let unordered = separate(&arms, statistic, false).unwrap();
                for compared in [
                    compare(&arms[0], &arms[1], statistic).unwrap(),
                    stored,
                    unordered,
                ] {
                    assert_eq!(
                        compared.verdict,
                        Verdict::Slower,
                        "{jitter}, {calls}: {compared:?}"
                    );
                    assert_agreement(&compared);
                }
            }
        }
    }
}

/// Figures are told apart by bins, which are wider than the jitter.
#[test]
fn intervals_of_near_constant_latencies_hold_the_difference() {
    let mut refused = 0;
    for (seed, jitter) in (0..50).flat_map(|seed| [(seed, 5e-6), (seed, 1e-4)]) {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut arm = |base: f64| {
            let next = |_| {
                let jittered: f64 = StandardNormal.sample(&mut random);
                base + jitter * jittered.abs()
            };
            tally((0..100).map(next))
        };
        let arms = [arm(0.02), arm(0.0211)];
        for compared in [
            compare(&arms[0], &arms[1], MEDIAN),
            separate(&arms, MEDIAN, true),
        ] {
            // A few look dependent by chance.
            let Ok((low, high)) = compared.unwrap().interval else {
                refused += 1;
                continue;
            };
            // Four standard deviations: this is about bins, not chance.
            let chance = 4.0 * 1e9 * jitter * 0.15;
            assert!(
                low - chance <= 1.1e6 && 1.1e6 <= high + chance,
                "{jitter}: {low} to {high}"
            );
            assert!(
                high - low >= 2e7 / 1024.0,
                "narrower than a bin: {low} to {high}"
            );
        }
    }
    assert!(refused <= 10, "{refused} of 200 have no interval");
}

#[test]
fn too_few_calls_for_an_interval_say_so_and_how_many_it_takes() {
    let [a, b] = pair(1, 100, 1.0, Dependence::None);
    let p99 = compare(&a, &b, Statistic::Quantile(0.99)).unwrap();
    assert_eq!(p99.interval, Err(NoInterval::FewCalls));
    assert!(
        p99.more_calls
            .is_some_and(|more| (200..600).contains(&more)),
        "{p99:?}"
    );
    let [a, b] = pair(1, 100, 1.0, Dependence::Own);
    let median = compare(&a, &b, MEDIAN).unwrap();
    assert_eq!(median.interval, Err(NoInterval::Dependent));
    assert!(
        median.more_calls.is_some_and(|more| more > 100),
        "{median:?}"
    );
}

#[test]
fn halving_the_latency_is_seen_with_a_hundred_calls() {
    let [slow, fast] = pair(1, 100, 0.5, Dependence::None);
    let comparison = compare(&slow, &fast, MEDIAN).unwrap();
    assert_eq!(comparison.verdict, Verdict::Faster);
    assert_agreement(&comparison);
    let reversed = compare(&fast, &slow, MEDIAN).unwrap();
    assert_eq!(reversed.verdict, Verdict::Slower);
}

#[test]
fn a_tenth_of_the_latency_is_seen_with_thirty_calls_however_their_jitter_drifts() {
    for seed in 0..100 {
        let [slow, fast] = pair(seed, 30, 0.1, Dependence::Own);
        let verdict = compare(&slow, &fast, MEDIAN).unwrap().verdict;
        assert_eq!(verdict, Verdict::Faster, "seed {seed}");
    }
}

#[test]
fn constant_latencies_are_told_apart_although_they_tie() {
    for calls in [8, 30, 100] {
        let comparison = compare(&constant(40.0, calls), &constant(4.0, calls), MEDIAN);
        assert_eq!(
            comparison.unwrap().verdict,
            Verdict::Faster,
            "{calls} calls"
        );
    }
}

#[test]
fn many_calls_of_the_same_thing_are_no_difference() {
    let [a, b] = pair(1, 20_000, 1.0, Dependence::None);
    for statistic in Statistic::USUAL {
        let verdict = compare(&a, &b, statistic).unwrap().verdict;
        assert_eq!(verdict, Verdict::NoDifference, "{statistic}");
    }
}

#[test]
fn two_calls_are_inconclusive_and_none_are_no_comparison() {
    let [a, b] = pair(1, 2, 0.5, Dependence::None);
    let verdict = compare(&a, &b, MEDIAN).unwrap().verdict;
    assert_eq!(verdict, Verdict::Inconclusive);
    assert_eq!(compare(&a, &Tally::default(), MEDIAN), None);
}
