//! A set of secrets, and texts without them.

use std::collections::HashSet;
use std::ops::Range;

use super::index::{Index, gram};
use super::views::{self, View};

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "[secret]";

/// Shorter ones may be words of any text: they are looked for only where a value stands.
const SHORTEST: usize = 8;
/// Nothing shorter is a secret.
const LEAST: usize = 3;
/// No token is longer.
const LONGEST: usize = 1 << 16;
/// A piece of this length, as it stands in a text, is as good as the whole.
const PIECE: usize = 16;
/// Bytes of secrets that are remembered where not all are.
const MOST_BYTES: usize = 1 << 22;

/// Marks where a text was cut, with a piece of a secret before it perhaps.
const CUT: &str = "…";

#[derive(Default)]
pub(super) struct Secrets {
    seen: HashSet<String>,
    index: Index,
    short: Vec<String>,
}

impl Secrets {
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let fits = (LEAST..=LONGEST).contains(&secret.len());
        if !fits || !self.seen.insert(secret.to_owned()) {
            return;
        }
        if secret.len() < SHORTEST {
            self.short.push(secret.to_owned());
        } else {
            self.index.add(secret.as_bytes());
        }
    }

    /// Keeps the newest ones, and at times twice as many.
    pub fn forget_all_but(&mut self, most: usize) {
        let many = self.index.len().max(self.short.len()) > 2 * most;
        if many || self.index.size() > 2 * MOST_BYTES {
            let mut size = 0;
            let newest = self.index.secrets().rev().take(most).take_while(|secret| {
                size += secret.len();
                size <= MOST_BYTES
            });
            let newest: Vec<&[u8]> = newest.collect();
            let short = self.short.iter().rev().take(most).rev();
            let mut kept = Self::default();
            short.for_each(|secret| kept.add(secret));
            for secret in newest.into_iter().rev() {
                kept.add(&String::from_utf8_lossy(secret));
            }
            *self = kept;
        }
    }

    /// The text without them, whatever their form, and without pieces of them.
    pub fn hidden(&self, text: &str) -> String {
        let mut ranges = Vec::new();
        if self.index.len() > 0 {
            let views = views::of(text);
            ranges.extend(views.iter().flat_map(|view| self.long_in(view, text)));
        }
        ranges.extend(self.short.iter().flat_map(|short| values(text, short)));
        ranges.sort_by_key(|range| range.start);
        let mut hidden = String::with_capacity(text.len());
        let mut at = 0;
        for range in ranges {
            let (start, end) = whole_characters(text, range);
            if start > at || hidden.is_empty() {
                hidden.push_str(&text[at.min(start)..start]);
                hidden.push_str(HIDDEN);
            }
            at = at.max(end);
        }
        hidden + &text[at..]
    }

    /// Where a secret of at least [`SHORTEST`] bytes stands, or a piece of one.
    fn long_in(&self, view: &View, text: &str) -> Vec<Range<usize>> {
        let bytes = &view.bytes;
        let mut ranges = Vec::new();
        let mut at = 0;
        while let Some(gram) = gram(bytes, at) {
            let pieces = self.index.places(gram).filter_map(|(secret, start)| {
                let (piece, from) = common(bytes, at, secret, start);
                let range = view.in_text(&piece);
                let begins = from == 0 && range.len() >= SHORTEST;
                let cut = begins && is_cut(text.as_bytes(), &range);
                let enough = range.len() >= PIECE || piece.len() == secret.len();
                (cut || enough).then_some((piece.end, range))
            });
            match pieces.max_by_key(|(end, _)| *end) {
                Some((end, range)) => {
                    at = end;
                    ranges.push(range);
                }
                None => at += 1,
            }
        }
        ranges
    }
}

/// Whether a text was cut at the end of this piece, or may have been: one that is nothing but the piece is a word.
fn is_cut(text: &[u8], piece: &Range<usize>) -> bool {
    let rest = &text[piece.end..];
    rest.starts_with(CUT.as_bytes()) || (rest.is_empty() && piece.start > 0)
}

/// The longest common piece round two places that are equal for a few bytes: where it stands in the text, and
/// where in the form it begins.
fn common(text: &[u8], at: usize, form: &[u8], start: usize) -> (Range<usize>, usize) {
    let before = text[..at].iter().rev().zip(form[..start].iter().rev());
    let before = before.take_while(|(one, other)| one == other).count();
    let after = text[at..].iter().zip(&form[start..]);
    let after = after.take_while(|(one, other)| one == other).count();
    (at - before..at + after, start - before)
}

/// Where a short secret stands as the value of something.
fn values(text: &str, short: &str) -> Vec<Range<usize>> {
    let stands = |&(at, _): &(usize, &str)| {
        let before = text[..at].chars().next_back();
        let after = text[at + short.len()..].chars().next();
        before.is_some_and(|c| "=:\"'`".contains(c)) && !after.is_some_and(char::is_alphanumeric)
    };
    let found = text.match_indices(short).filter(stands);
    found.map(|(at, _)| at..at + short.len()).collect()
}

/// A range that cuts no character.
fn whole_characters(text: &str, range: Range<usize>) -> (usize, usize) {
    let start = text.floor_char_boundary(range.start);
    let end = text.ceil_char_boundary(range.end);
    (start, end)
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn knowing(known: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for secret in known {
            secrets.add(secret);
        }
        secrets
    }

    #[test]
    fn a_whole_secret_and_a_piece_of_it_are_hidden_and_the_rest_stays() {
        let secrets = knowing(&[KEY, "password12"]);
        for (text, expected) in [
            (format!("key {KEY}, said it"), "key [secret], said it"),
            (format!("{KEY}{KEY}"), "[secret]"),
            (format!("…{}…", &KEY[3..30]), "…[secret]…"),
            (format!("begins {}", &KEY[..9]), "begins [secret]"),
            (format!("begins {}…", &KEY[..9]), "begins [secret]…"),
            ("the password is wrong".to_owned(), "the password is wrong"),
            ("EXAMPLEKEY".to_owned(), "EXAMPLEKEY"),
            ("über password12…".to_owned(), "über [secret]…"),
        ] {
            assert_eq!(secrets.hidden(&text), expected);
        }
    }

    #[test]
    fn a_word_that_a_secret_begins_with_stays() {
        let secrets = knowing(&["container-registry-token"]);
        for (text, expected) in [
            ("container", "container"),
            ("container…", "[secret]…"),
            ("it was container", "it was [secret]"),
            ("container-registry-token", "[secret]"),
        ] {
            assert_eq!(secrets.hidden(text), expected);
        }
    }

    #[test]
    fn a_short_secret_is_hidden_only_as_a_value() {
        let secrets = knowing(&["test", "x"]);
        let text = "a test of x-amz-security-token:test and 'test', testing=tester";
        let expected = "a test of x-amz-security-token:[secret] and '[secret]', testing=tester";
        assert_eq!(secrets.hidden(text), expected);
    }

    #[test]
    fn characters_of_several_bytes_are_never_cut() {
        let secrets = knowing(&["pässwörter-älter"]);
        let text = "é pässwörter-älter é and p\u{e4}sswörter-ältes";
        assert_eq!(secrets.hidden(text), "é [secret] é and [secret]s");
    }

    #[test]
    fn the_newest_are_remembered() {
        let mut secrets = Secrets::default();
        let name = |n: usize| format!("secret-number-{n:06}-of-many");
        for n in 0..10 {
            secrets.add(&name(n));
            secrets.forget_all_but(2);
        }
        assert!(secrets.index.len() <= 4);
        assert_eq!(secrets.hidden(&name(9)), HIDDEN);
    }

    #[test]
    fn four_thousand_tokens_cost_little_memory_and_are_found_in_every_form() {
        let mut secrets = Secrets::default();
        // Base64 of a generator's numbers: nothing in it repeats.
        let mut state = 1_u64;
        let mut token = || {
            let bytes: Vec<u8> = (0..768)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            base64::engine::general_purpose::STANDARD.encode(bytes)
        };
        let tokens: Vec<String> = (0..4096).map(|_| token()).collect();
        for token in &tokens {
            secrets.add(token);
            secrets.forget_all_but(2048);
        }
        assert_eq!(secrets.index.len(), 4096);
        let seen: usize = secrets.seen.iter().map(String::capacity).sum();
        let memory = secrets.index.memory() + seen;
        assert!(memory < 32 << 20, "{memory} bytes");
        for token in [&tokens[0], &tokens[4095]] {
            let (token, piece) = (token.as_str(), &token[100..112]);
            for encoded in [
                token.to_owned(),
                hex::encode(piece),
                base64::engine::general_purpose::STANDARD_NO_PAD.encode(piece),
                token.replace('/', "%2F").replace('+', "%2B"),
            ] {
                assert_eq!(secrets.hidden(&encoded), HIDDEN, "{encoded}");
            }
        }
    }
}
