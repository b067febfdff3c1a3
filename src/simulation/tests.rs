use std::time::Duration;

use super::*;
use crate::credentials::Strategy;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A day of one process that calls once a second.
fn day(lifetime: Duration) -> Terms {
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

fn outcomes(terms: &Terms) -> Vec<Outcome> {
    simulate(terms, &Player::all()).unwrap()
}

fn inline(terms: &Terms) -> Vec<(&'static str, u64)> {
    let outcomes = outcomes(terms);
    let counts = outcomes
        .iter()
        .map(|o| (o.player.name(), o.inline_refreshes));
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
    for lifetime in [15 * MINUTE, 12 * HOUR] {
        for (player, count) in inline(&day(lifetime)) {
            let ours = ["advisory", "refresher", "swapper", "file-cache"].contains(&player);
            assert!(!ours || count == 0, "{player} at {lifetime:?}: {count}");
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
        from: lifetime - 5 * MINUTE,
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
                .find(|o| o.player == Player::Rust(Strategy::Lazy));
            let lazy = lazy.unwrap();
            let ours = outcomes
                .iter()
                .skip_while(|o| o.player != lazy.player)
                .skip(1);
            for ours in ours {
                let told = format!("{trouble:?}, {renew_before:?}: {ours:#?} against {lazy:#?}");
                println!("{told}");
                assert!(ours.failed() <= lazy.failed(), "{told}");
                assert!(ours.blocked <= lazy.blocked, "{told}");
                assert!(ours.longest_wait <= lazy.longest_wait, "{told}");
                assert!(
                    ours.fetches_during_outage <= lazy.fetches_during_outage,
                    "{told}"
                );
                assert!(ours.recovery <= lazy.recovery, "{told}");
                assert!(ours.recovery.is_some(), "{told}");
            }
        }
    }
}
