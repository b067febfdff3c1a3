//! What a file says to the caller who wants credentials. Pure: the file, the time and the want come in.

use std::time::SystemTime;

use aws_credential_types::Credentials;

use super::entry::Entry;
use crate::strategies::lease::Age;

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
pub(super) enum Freshness<'a> {
    /// Credentials to use now: what a process wants that has just started.
    Usable,
    /// Others than these: what a process wants that holds credentials and keeps an eye on their expiry itself.
    NewerThan(Option<&'a Credentials>),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision<'a> {
    /// Take what is in the file.
    Take,
    /// Take what is in the file, unless nobody is renewing it: then renew it first.
    TakeOrRenew,
    /// Take what is in the file though it is about to expire or has expired: the source fails, with this message.
    TakeStale(&'a str),
    /// Ask the source, or wait for whoever is asking it.
    Renew,
    /// Look again then; the source has just failed.
    NotBefore(SystemTime),
    /// There is nothing to be had: the source fails, with this message.
    GiveUp(&'a str),
}

/// What `entry` says at `now` to a caller who asked at `asked`.
///
/// A caller with nothing in hand is told of a failure only by a try that began after it asked: what was tried before
/// says nothing about a source that may be back.
pub(super) fn decide<'a>(
    entry: &'a Entry,
    wanted: Freshness<'_>,
    asked: SystemTime,
    now: SystemTime,
) -> Decision<'a> {
    let failing = entry.failing(now);
    if let Freshness::NewerThan(Some(given)) = wanted {
        return match failing {
            _ if replaces(entry, given, asked, now) => Decision::Take,
            Some((failure, _)) => Decision::GiveUp(&failure.message),
            None => Decision::Renew,
        };
    }
    match (entry.age(now), failing) {
        (Some(Age::Fresh), _) | (Some(Age::Early), Some(_)) => Decision::Take,
        // Whoever keeps credentials for long renews them in its own time.
        (Some(Age::Early), None) if matches!(wanted, Freshness::NewerThan(_)) => Decision::Take,
        (Some(Age::Early), None) => Decision::TakeOrRenew,
        (_, None) => Decision::Renew,
        (Some(_), Some((failure, _))) => Decision::TakeStale(&failure.message),
        (None, Some((failure, _))) if failure.began_at >= asked => {
            Decision::GiveUp(&failure.message)
        }
        (None, Some((_, until))) => Decision::NotBefore(until),
    }
}

/// Whether what is in the file is good to have in the place of `given`: it is good for longer, or the source has been asked
/// since and had nothing better.
fn replaces(entry: &Entry, given: &Credentials, asked: SystemTime, now: SystemTime) -> bool {
    let Some(lease) = &entry.lease else {
        return false;
    };
    let good = entry.age(now).is_some_and(Age::is_good);
    let asked_since = asked <= lease.fetched_at && lease.fetched_at <= now;
    (good && lease.outlasts(given)) || asked_since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::file_cache::entry::Failure;
    use crate::strategies::file_cache::entry::tests::{fetched, hour};
    use crate::strategies::fixtures::{at, credentials};

    fn failed(entry: Entry, began: f64, ended: f64) -> Entry {
        let age = entry.age(at(ended));
        let failure = Failure::new(at(began), at(ended), age, "down".into(), 1.0);
        Entry {
            failure: Some(failure),
            ..entry
        }
    }

    fn say(entry: &Entry, now: f64) -> String {
        let now = at(now);
        format!("{:?}", decide(entry, Freshness::Usable, now, now))
    }

    #[test]
    fn a_process_that_wants_credentials_now() {
        let good = hour();
        assert_eq!(say(&good, 10.0), "Take");
        assert_eq!(say(&good, 2800.0), "TakeOrRenew");
        assert_eq!(say(&good, 3550.0), "Renew");
        assert_eq!(say(&good, 3700.0), "Renew");
        assert_eq!(say(&good, -5.0), "Renew", "the clock was set back");
        assert_eq!(say(&Entry::default(), 0.0), "Renew");
    }

    #[test]
    fn while_the_source_fails_what_is_held_is_good_enough() {
        let early = failed(hour(), 2800.0, 2801.0);
        assert_eq!(say(&early, 2900.0), "Take");
        assert_eq!(say(&early, 3402.0), "TakeOrRenew", "after ten minutes");
        assert_eq!(say(&early, 3550.0), "Renew");
        let late = failed(hour(), 3550.0, 3551.0);
        assert_eq!(say(&late, 3551.5), "TakeStale(\"down\")");
        assert_eq!(say(&late, 3552.0), "Renew", "after a second");
        let expired = failed(hour(), 9000.0, 9001.0);
        assert_eq!(say(&expired, 9001.5), "TakeStale(\"down\")");
    }

    #[test]
    fn with_nothing_in_hand_only_a_try_since_then_counts() {
        let failed = failed(Entry::default(), 5.0, 10.0);
        let say = |asked, now| {
            format!(
                "{:?}",
                decide(&failed, Freshness::Usable, at(asked), at(now))
            )
        };
        assert_eq!(say(4.0, 10.2), "GiveUp(\"down\")");
        assert!(say(6.0, 10.2).starts_with("NotBefore"), "it may be back");
        assert_eq!(say(6.0, 11.0), "Renew");
    }

    #[test]
    fn a_process_that_holds_credentials_wants_others() {
        let given = credentials(3600.0);
        let wanted = Freshness::NewerThan(Some(&given));
        let say =
            |entry: &Entry, asked, now| format!("{:?}", decide(entry, wanted, at(asked), at(now)));
        let same = hour();
        assert_eq!(say(&same, 2800.0, 2800.0), "Renew");
        let newer = fetched(credentials(7200.0), 2750.0).expect("they expire");
        assert_eq!(say(&newer, 2800.0, 2800.0), "Take");
        assert_eq!(say(&newer, 2800.0, 7190.0), "Renew", "about to expire too");
        let asked_since = fetched(given.clone(), 2801.0).expect("they expire");
        assert_eq!(say(&asked_since, 2800.0, 2802.0), "Take", "nothing newer");
        let failing = failed(hour(), 2790.0, 2791.0);
        assert_eq!(say(&failing, 2800.0, 2800.0), "GiveUp(\"down\")");
        let none = decide(&same, Freshness::NewerThan(None), at(2800.0), at(2800.0));
        assert_eq!(none, Decision::Take, "it renews in its own time");
    }
}
