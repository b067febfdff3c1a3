//! The names that `refresh` understands.

use crate::nearest::nearest;
use crate::simulation::{Player, Trouble};

/// Parses a strategy's name.
pub(super) fn player(text: &str) -> Result<Player, String> {
    named(text, &Player::all(), Player::name)
}

/// Parses what is wrong with the source.
pub(super) fn trouble(text: &str) -> Result<Trouble, String> {
    named(text, &Trouble::ALL, Trouble::name)
}

fn named<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().find(|&&one| name(one) == text);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|&one| name(one)).collect();
        let meant = nearest(text, names.iter().copied())
            .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
        format!("{meant}known are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_goes_by_its_name() {
        for one in Player::all() {
            assert_eq!(player(one.name()), Ok(one));
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest() {
        let error = player("refreshr").unwrap_err();
        assert!(error.starts_with("did you mean `refresher`?"), "{error}");
        let error = trouble("x").unwrap_err();
        assert_eq!(error, "known are fail, throttle, hang");
    }
}
