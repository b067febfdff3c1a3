use std::time::Duration;

use super::*;
use crate::strategies::Strategy;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// A day of one process that calls once a second.
pub(super) fn day(lifetime: Duration) -> Terms {
    Terms {
        duration: 24 * HOUR,
        call_every: Duration::from_secs(1),
        processes: 1,
        start_over: Duration::ZERO,
        source: SourceTerms {
            lifetime,
            latency: Duration::from_secs(1),
            renew_before: None,
            rate_per_s: None,
        },
        outage: None,
        windows: None,
        seed: 1,
    }
}

fn outcomes(terms: &Terms) -> Vec<SimulatedStrategy> {
    simulate(terms, &Player::all()).unwrap()
}

fn inline(terms: &Terms) -> Vec<(&'static str, u64)> {
    let outcomes = outcomes(terms);
    let counts = outcomes.iter().map(|o| (o.name.name(), o.inline_refreshes));
    counts.collect()
}

#[test]
fn inline_refreshes_of_a_day_are_those_of_the_go_package_and_none_of_ours() {
    assert_eq!(
        inline(&day(HOUR)),
        [
            ("go", 24),
            ("go-refresher", 23),
            ("go-refresher-10m-window", 28),
            ("go-swapper", 0),
            ("go-swapper-failed-tick", 1),
            ("lazy", 25),
            ("advisory", 0),
            ("refresher", 0),
            ("swapper", 0),
            ("file-cache", 0),
        ]
    );
}

#[test]
fn none_of_ours_makes_a_call_wait_whatever_the_lifetime() {
    for lifetime in [15 * MINUTE, HOUR, 12 * HOUR] {
        for renew_before in [None, Some(5 * MINUTE)] {
            let mut terms = day(lifetime);
            terms.source.renew_before = renew_before;
            for (player, count) in inline(&terms) {
                let ours = ["advisory", "refresher", "swapper", "file-cache"].contains(&player);
                let told = format!("{player} at {lifetime:?}, {renew_before:?}: {count}");
                assert!(!ours || count == 0, "{told}");
            }
        }
    }
}

#[test]
fn equal_terms_end_equal() {
    let terms = Terms {
        processes: 20,
        outage: Some(around_expiry(HOUR, Trouble::Fail)),
        ..day(HOUR)
    };
    assert_eq!(outcomes(&terms), outcomes(&terms));
}

/// From five minutes before the first expiry to ten after it.
fn around_expiry(lifetime: Duration, trouble: Trouble) -> Outage {
    Outage {
        trouble,
        from: lifetime.saturating_sub(5 * MINUTE),
        until: lifetime + 10 * MINUTE,
    }
}

#[test]
fn in_an_outage_ours_never_do_worse_than_the_sdk() {
    for trouble in Trouble::ALL {
        for renew_before in [None, Some(5 * MINUTE)] {
            let mut terms = day(HOUR);
            terms.duration = 3 * HOUR;
            terms.outage = Some(around_expiry(HOUR, trouble));
            terms.source.renew_before = renew_before;
            let outcomes = outcomes(&terms);
            let lazy = outcomes
                .iter()
                .find(|o| o.name == Player::Rust(Strategy::Lazy));
            let lazy = lazy.unwrap();
            let ours = outcomes.iter().skip_while(|o| o.name != lazy.name).skip(1);
            for ours in ours {
                let told = format!("{trouble:?}, {renew_before:?}: {ours:#?} against {lazy:#?}");
                assert!(ours.failed <= lazy.failed, "{told}");
                assert!(ours.stale_for_s <= lazy.stale_for_s, "{told}");
                let [fetches, lazy_fetches] =
                    [ours, lazy].map(|of| of.fetches_during_outage.expect("there is an outage"));
                assert!(fetches <= lazy_fetches, "{told}");
                assert!(ours.recovery_s <= lazy.recovery_s, "{told}");
                assert!(ours.recovery_s.is_some(), "{told}");
            }
        }
    }
}

#[test]
fn processes_that_start_together_renew_apart_and_behind_a_shared_file_as_one() {
    let terms = Terms {
        duration: 3 * HOUR,
        call_every: Duration::from_secs(10),
        processes: 500,
        ..day(HOUR)
    };
    let outcomes = outcomes(&terms);
    let outcome = |name| outcomes.iter().find(|o| o.name.name() == name).unwrap();
    let peak = |name| outcome(name).peak_fetches_per_s;
    let peaks = outcomes
        .iter()
        .map(|o| (o.name.name(), o.peak_fetches_per_s));
    let peaks: Vec<(&str, u64)> = peaks.collect();
    // All of Go's expire together, and meet their first calls within 10 s; the SDK's within 5 s to 15 s.
    assert!(peak("go") >= 40, "{peaks:?}");
    assert!(peak("lazy") >= 20, "{peaks:?}");
    for ours in ["advisory", "refresher", "swapper"] {
        assert!(peak(ours) * 3 <= peak("lazy"), "{peaks:?}");
    }
    // One for all of them at the start and at each of the renewals that fall into three hours; alone, each process
    // fetches as often for itself.
    let fetches = |name| outcome(name).fetches;
    assert!(
        (4..=5).contains(&fetches("file-cache")),
        "{}",
        fetches("file-cache")
    );
    assert!(fetches("advisory") >= 500 * 4, "{}", fetches("advisory"));
}
