//! What the user of a cache should know.

use std::time::{Duration, SystemTime};

use super::entry::{Age, Held};
use super::place::Refused;

/// Something that went another way than it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    #[error("the credentials cache is not used: {0}")]
    Unused(String),
    #[error("the credentials could not be cached: {0}")]
    NotKept(String),
    #[error(
        "the clock was set back since the cached credentials were fetched; they are not believed, and renewed"
    )]
    ClockSetBack,
    #[error("cached credentials that {} are used, since the source fails: {message}", age(*.expired))]
    Stale { expired: bool, message: String },
    #[error(
        "whoever renews the cached credentials has not ended within {0:?}; the source is asked directly"
    )]
    Stuck(Duration),
}

fn age(expired: bool) -> &'static str {
    if expired {
        "have expired"
    } else {
        "are about to expire"
    }
}

impl From<Refused> for Notice {
    fn from(refused: Refused) -> Self {
        Self::Unused(refused.to_string())
    }
}

impl Notice {
    /// For `held`, which is used at `now` although the source has failed with `message`.
    pub(super) fn stale(held: &Held, now: SystemTime, message: &str) -> Self {
        Self::Stale {
            expired: held.age(now) == Age::Expired,
            message: message.to_owned(),
        }
    }
}
