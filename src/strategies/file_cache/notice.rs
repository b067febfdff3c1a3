//! What the user of a cache should know.

use std::time::Duration;

use crate::strategies::lease::Age;

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
    #[error(
        "cached credentials that {} are used, since the source fails: {message}",
        if *.expired { "have expired" } else { "are about to expire" }
    )]
    Stale { expired: bool, message: String },
    #[error(
        "whoever renews the cached credentials has not ended within {0:?}; the source is asked directly"
    )]
    Stuck(Duration),
}

impl Notice {
    /// For credentials of this age, which are used although the source has failed with `message`.
    pub(super) fn stale(age: Option<Age>, message: &str) -> Self {
        Self::Stale {
            expired: age == Some(Age::Expired),
            message: message.to_owned(),
        }
    }
}
