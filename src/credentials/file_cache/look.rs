//! What a look at a file says to the caller who wants credentials. Pure: the file, the time and the wish come in.

use std::time::SystemTime;

use aws_credential_types::Credentials;

use super::entry::{Age, Entry};

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish<'a> {
    /// Credentials to use now: what a process wants that has just started.
    Usable,
    /// Others than these: what a process wants that holds credentials and keeps an eye on their expiry itself.
    Newer(Option<&'a Credentials>),
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look<'a> {
    /// Take what is held.
    Take,
    /// Take what is held, unless nobody is renewing it: then renew it first.
    TakeOrRenew,
    /// Take what is held though it is about to expire or has expired: the source fails, with this message.
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
pub(super) fn look<'a>(
    entry: &'a Entry,
    wish: Wish<'_>,
    asked: SystemTime,
    now: SystemTime,
) -> Look<'a> {
    let failing = entry.failing(now);
    if let Wish::Newer(Some(given)) = wish {
        return match failing {
            _ if replaces(entry, given, asked, now) => Look::Take,
            Some((failure, _)) => Look::GiveUp(&failure.message),
            None => Look::Renew,
        };
    }
    match (entry.age(now), failing) {
        (Some(Age::Fresh), _) | (Some(Age::Early), Some(_)) => Look::Take,
        // Whoever holds credentials for long renews them in its own time.
        (Some(Age::Early), None) if matches!(wish, Wish::Newer(_)) => Look::Take,
        (Some(Age::Early), None) => Look::TakeOrRenew,
        (_, None) => Look::Renew,
        (Some(_), Some((failure, _))) => Look::TakeStale(&failure.message),
        (None, Some((failure, _))) if failure.began_at >= asked => Look::GiveUp(&failure.message),
        (None, Some((_, until))) => Look::NotBefore(until),
    }
}

/// Whether what is held is good to have in the place of `given`: it is good for longer, or the source has been asked
/// since and had nothing better.
fn replaces(entry: &Entry, given: &Credentials, asked: SystemTime, now: SystemTime) -> bool {
    let Some(held) = &entry.held else {
        return false;
    };
    let good = matches!(held.age(now), Age::Fresh | Age::Early);
    let longer = given.expiry().is_none_or(|given| held.expires_at > given);
    (good && longer) || (asked <= held.fetched_at && held.fetched_at <= now)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::entry::{Failure, Held};
    use super::*;
    use crate::credentials::Windows;

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(1_000_000.0 + seconds)
    }

    fn credentials(expires: f64) -> Credentials {
        Credentials::new("A", "s", None, Some(at(expires)), "test")
    }

    /// Fetched at 0 for an hour: early from 2700 s, late from 3540 s.
    fn held() -> Option<Held> {
        Held::new(credentials(3600.0), at(0.0), Windows::of)
    }

    fn entry(held: Option<Held>, failed: Option<(f64, f64)>) -> Entry {
        let failure = failed.map(|(began, ended)| {
            let age = held.as_ref().map(|held| held.age(at(ended)));
            Failure::new(at(began), at(ended), age, "down".into(), 1.0)
        });
        Entry { held, failure }
    }

    #[test]
    fn a_process_that_wants_credentials_now() {
        let say = |entry: &Entry, now| format!("{:?}", look(entry, Wish::Usable, at(now), at(now)));
        let good = entry(held(), None);
        assert_eq!(say(&good, 10.0), "Take");
        assert_eq!(say(&good, 2800.0), "TakeOrRenew");
        assert_eq!(say(&good, 3550.0), "Renew");
        assert_eq!(say(&good, 3700.0), "Renew");
        assert_eq!(say(&good, -5.0), "Renew", "the clock was set back");
        assert_eq!(say(&Entry::default(), 0.0), "Renew");
    }

    #[test]
    fn while_the_source_fails_what_is_held_is_good_enough() {
        let say = |entry: &Entry, now| format!("{:?}", look(entry, Wish::Usable, at(now), at(now)));
        let early = entry(held(), Some((2800.0, 2801.0)));
        assert_eq!(say(&early, 2900.0), "Take");
        assert_eq!(say(&early, 3402.0), "TakeOrRenew", "after ten minutes");
        assert_eq!(say(&early, 3550.0), "Renew");
        let late = entry(held(), Some((3550.0, 3551.0)));
        assert_eq!(say(&late, 3551.5), "TakeStale(\"down\")");
        assert_eq!(say(&late, 3552.0), "Renew", "after a second");
        let expired = entry(held(), Some((9000.0, 9001.0)));
        assert_eq!(say(&expired, 9001.5), "TakeStale(\"down\")");
    }

    #[test]
    fn with_nothing_in_hand_only_a_try_since_then_counts() {
        let failed = entry(None, Some((5.0, 10.0)));
        let say = |asked, now| format!("{:?}", look(&failed, Wish::Usable, at(asked), at(now)));
        assert_eq!(say(4.0, 10.2), "GiveUp(\"down\")");
        assert!(say(6.0, 10.2).starts_with("NotBefore"), "it may be back");
        assert_eq!(say(6.0, 11.0), "Renew");
    }

    #[test]
    fn a_process_that_holds_credentials_wants_others() {
        let given = credentials(3600.0);
        let wish = Wish::Newer(Some(&given));
        let say =
            |entry: &Entry, asked, now| format!("{:?}", look(entry, wish, at(asked), at(now)));
        let same = entry(held(), None);
        assert_eq!(say(&same, 2800.0, 2800.0), "Renew");
        let newer = entry(
            Held::new(credentials(7200.0), at(2750.0), Windows::of),
            None,
        );
        assert_eq!(say(&newer, 2800.0, 2800.0), "Take");
        assert_eq!(say(&newer, 2800.0, 7190.0), "Renew", "about to expire too");
        let asked_since = entry(Held::new(given.clone(), at(2801.0), Windows::of), None);
        assert_eq!(say(&asked_since, 2800.0, 2802.0), "Take", "nothing newer");
        let failing = entry(held(), Some((2790.0, 2791.0)));
        assert_eq!(say(&failing, 2800.0, 2800.0), "GiveUp(\"down\")");
        let none = look(&same, Wish::Newer(None), at(2800.0), at(2800.0));
        assert_eq!(none, Look::Take, "it renews in its own time");
    }
}
