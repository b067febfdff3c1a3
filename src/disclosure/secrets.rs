//! A set of secrets, and texts without them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::forms;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "[secret]";

/// Shorter ones may be words of any text: they are looked for only where a value stands.
const SHORTEST: usize = 8;
/// Nothing shorter is a secret.
const LEAST: usize = 3;
/// No token is longer.
const LONGEST: usize = 1 << 16;
/// A piece of this length is as good as the whole.
const PIECE: usize = 16;

/// Bytes by which a piece is found. One in [`GRAM`] places of a form is kept, so that each piece of
/// `2 * GRAM - 1` bytes holds one.
const GRAM: usize = 8;
/// Of the same gram; the rest of a form is found by its others.
const MOST_PLACES: usize = 1024;

/// Marks where a text was cut, with a piece of a secret before it perhaps.
const CUT: &str = "…";

#[derive(Default)]
pub(super) struct Secrets {
    /// In the order in which they were learned.
    known: Vec<String>,
    seen: HashSet<String>,
    /// Made of the first ones, as far as anybody has looked for them.
    indexed: usize,
    index: Index,
}

/// The secrets' forms, and where in which of them a gram stands.
#[derive(Default)]
struct Index {
    forms: Vec<Vec<u8>>,
    places: HashMap<[u8; GRAM], Vec<(usize, usize)>>,
    short: Vec<String>,
}

impl Secrets {
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let fits = (LEAST..=LONGEST).contains(&secret.len());
        if fits && !self.seen.contains(secret) {
            self.seen.insert(secret.to_owned());
            self.known.push(secret.to_owned());
        }
    }

    /// Keeps the newest ones, and at times twice as many.
    pub fn forget_all_but(&mut self, most: usize) {
        if self.known.len() > 2 * most {
            let known = self.known.split_off(self.known.len() - most);
            *self = Self {
                seen: known.iter().cloned().collect(),
                known,
                ..Self::default()
            };
        }
    }

    /// The text without them, whatever their form, and without pieces of them.
    pub fn hidden(&mut self, text: &str) -> String {
        for secret in &self.known[self.indexed..] {
            self.index.add(secret);
        }
        self.indexed = self.known.len();
        self.index.hidden(text)
    }
}

impl Index {
    fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            self.short.push(secret.to_owned());
            return;
        }
        for form in forms::of(secret) {
            let at = self.forms.len();
            for start in (0..=form.len().saturating_sub(GRAM)).step_by(GRAM) {
                let Some(gram) = gram(&form, start) else {
                    break;
                };
                let places = self.places.entry(gram).or_default();
                if places.len() < MOST_PLACES {
                    places.push((at, start));
                }
            }
            self.forms.push(form);
        }
    }

    fn hidden(&self, text: &str) -> String {
        let mut ranges = self.long_in(text);
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
    fn long_in(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut ranges = Vec::new();
        let mut at = 0;
        while let Some(gram) = gram(bytes, at) {
            let places = self.places.get(&gram).into_iter().flatten();
            let pieces = places.filter_map(|&(form, start)| {
                let form = &self.forms[form];
                let (piece, from) = common(bytes, at, form, start);
                let cut = from == 0 && is_cut(bytes, &piece);
                (cut || piece.len() >= form.len().min(PIECE)).then_some(piece)
            });
            match pieces.max_by_key(Range::len) {
                Some(piece) => {
                    at = piece.end;
                    ranges.push(piece);
                }
                None => at += 1,
            }
        }
        ranges
    }
}

fn gram(bytes: &[u8], at: usize) -> Option<[u8; GRAM]> {
    bytes.get(at..at + GRAM)?.try_into().ok()
}

/// Whether a text was cut at the end of this piece, or may have been: one that is nothing but the piece is a word.
fn is_cut(text: &[u8], piece: &Range<usize>) -> bool {
    let rest = &text[piece.end..];
    rest.starts_with(CUT.as_bytes()) || (rest.is_empty() && piece.start > 0)
}

/// The longest common piece round two places that are equal for [`GRAM`] bytes: where it stands in the text, and
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
        let mut secrets = knowing(&[KEY, "password12"]);
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
        let mut secrets = knowing(&["container-registry-token"]);
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
        let mut secrets = knowing(&["test", "x"]);
        let text = "a test of x-amz-security-token:test and 'test', testing=tester";
        let expected = "a test of x-amz-security-token:[secret] and '[secret]', testing=tester";
        assert_eq!(secrets.hidden(text), expected);
    }

    #[test]
    fn characters_of_several_bytes_are_never_cut() {
        let mut secrets = knowing(&["pässwörter-älter"]);
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
        assert!(secrets.known.len() <= 4);
        assert_eq!(secrets.hidden(&name(9)), HIDDEN);
    }
}
