//! The token that the container endpoint wants, which may be replaced from time to time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::lab_key::LabKey;
use super::scenario::TokenFile;

/// Tokens in order; the newest and the one before it are good.
pub(super) struct ContainerToken {
    key: LabKey,
    newest: AtomicU64,
}

impl ContainerToken {
    pub(super) fn new(key: LabKey) -> Self {
        Self {
            key,
            newest: AtomicU64::new(0),
        }
    }

    fn of(&self, number: u64) -> String {
        hex::encode(self.key.mac("container token", &number.to_be_bytes()))
    }

    /// The newest token. A secret.
    pub(super) fn current(&self) -> String {
        self.of(self.newest.load(Ordering::Acquire))
    }

    /// The token after the newest; it becomes good with [`replace`](Self::replace).
    pub(super) fn next(&self) -> String {
        self.of(self.newest.load(Ordering::Acquire) + 1)
    }

    /// Makes [`next`](Self::next) the newest.
    pub(super) fn replace(&self) {
        self.newest.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether a request with this `Authorization` is answered.
    pub(super) fn accepts(&self, given: &[u8]) -> bool {
        let newest = self.newest.load(Ordering::Acquire);
        // The one after it too: its file is there a moment before it is the newest.
        (newest.saturating_sub(1)..=newest + 1).any(|number| given == self.of(number).as_bytes())
    }
}

/// What a client's file holds where the endpoint wants `token`.
pub(super) fn in_file(token: &str, file: TokenFile) -> String {
    match file {
        TokenFile::Right | TokenFile::Missing => token.to_owned(),
        TokenFile::Wrong => token.chars().rev().collect(),
        TokenFile::Newline => format!("{token}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_the_second_replacement_after_it() {
        let tokens = ContainerToken::new(LabKey::random().unwrap());
        let first = tokens.current();
        assert!(tokens.accepts(first.as_bytes()));
        assert!(!tokens.accepts(in_file(&first, TokenFile::Wrong).as_bytes()));
        assert!(!tokens.accepts(in_file(&first, TokenFile::Newline).as_bytes()));
        tokens.replace();
        assert_ne!(tokens.current(), first);
        assert!(tokens.accepts(first.as_bytes()));
        tokens.replace();
        assert!(!tokens.accepts(first.as_bytes()));
        assert!(tokens.accepts(tokens.current().as_bytes()));
    }
}
