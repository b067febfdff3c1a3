//! What a text says where somebody has encoded it: in URLs, JSON, markup, hexadecimal digits and Base64.
//!
//! Texts are short and secrets are many, so texts are decoded rather than secrets encoded.

use std::ops::Range;

/// How often a text is unescaped: what is quoted in a URL may have been quoted before.
const DEPTH: usize = 2;

/// Shorter runs of digits hold nothing that is looked for.
const SHORTEST_RUN: usize = 8;

/// Bytes, and where in the text each of them stands.
#[derive(Clone)]
pub(super) struct View {
    pub bytes: Vec<u8>,
    places: Vec<Range<usize>>,
    /// Where in the text it ends, with what is left of a byte that was cut.
    end: usize,
}

impl View {
    fn plain(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            places: (0..text.len()).map(|at| at..at + 1).collect(),
            end: text.len(),
        }
    }

    /// Where in the text a piece of it stands.
    pub fn in_text(&self, piece: &Range<usize>) -> Range<usize> {
        let end = match self.places.get(piece.end) {
            None => self.end,
            Some(_) => self.places[piece.end - 1].end,
        };
        self.places[piece.start].start..end
    }

    /// Without the escapes of URLs, JSON and markup, if it has any.
    fn unescaped(&self) -> Option<Self> {
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < self.bytes.len() {
            let (c, length) = escape(&self.bytes[at..]).unwrap_or((Unit::Byte(self.bytes[at]), 1));
            let place = self.places[at].start..self.places[at + length - 1].end;
            match c {
                Unit::Byte(byte) => bytes.push(byte),
                Unit::Char(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            places.resize(bytes.len(), place);
            at += length;
        }
        let end = self.end;
        (bytes.len() < self.bytes.len()).then_some(Self { bytes, places, end })
    }

    /// Its runs of digits of so many bits each, decoded from every digit on at which a byte may begin.
    fn decoded(&self, bits: usize, digit: impl Fn(u8) -> Option<u8>) -> Vec<Self> {
        let digits: Vec<Option<u8>> = self.bytes.iter().map(|&byte| digit(byte)).collect();
        let mut views = Vec::new();
        let mut at = 0;
        for run in digits.split(Option::is_none) {
            let end = at + run.len();
            if run.len() >= SHORTEST_RUN {
                let digits: Vec<u8> = run.iter().flatten().copied().collect();
                // After so many digits a byte begins where a digit does.
                let repeated = if bits == 4 { 2 } else { 4 };
                let begins = 0..repeated;
                views.extend(begins.map(|skipped| self.bytes_of(bits, &digits, at, skipped)));
            }
            at = end + 1;
        }
        views
    }

    fn bytes_of(&self, bits: usize, digits: &[u8], at: usize, skipped: usize) -> Self {
        let count = (digits.len() - skipped) * bits / 8;
        let holding = |byte: usize| {
            let first = skipped + byte * 8 / bits;
            first..skipped + (byte * 8 + 7) / bits + 1
        };
        let value = |byte: usize| {
            let held = holding(byte);
            let after = held.len() * bits - byte * 8 % bits - 8;
            let all = digits[held].iter();
            let all = all.fold(0_u32, |all, digit| all << bits | u32::from(*digit));
            (all >> after & 0xff) as u8
        };
        let place = |byte: usize| {
            let held = holding(byte);
            self.places[at + held.start].start..self.places[at + held.end - 1].end
        };
        Self {
            bytes: (0..count).map(value).collect(),
            places: (0..count).map(place).collect(),
            end: self.places[at + digits.len() - 1].end,
        }
    }
}

/// The text itself, and what it says if it is encoded in one way or another.
pub(super) fn of(text: &str) -> Vec<View> {
    let mut plain = vec![View::plain(text)];
    for depth in 0..DEPTH {
        plain.extend(plain.get(depth).and_then(View::unescaped));
    }
    let digits = plain.iter().flat_map(|view| {
        let hexadecimal = view.decoded(4, hexadecimal);
        [hexadecimal, view.decoded(6, base64)].concat()
    });
    let digits: Vec<View> = digits.collect();
    [plain, digits].concat()
}

enum Unit {
    Byte(u8),
    Char(char),
}

/// What stands escaped at the beginning of these bytes, and the length of the escape.
fn escape(bytes: &[u8]) -> Option<(Unit, usize)> {
    match bytes {
        [b'%', high, low, ..] => {
            let byte = hexadecimal(*high)? << 4 | hexadecimal(*low)?;
            Some((Unit::Byte(byte), 3))
        }
        [b'\\', c @ (b'"' | b'\\' | b'/'), ..] => Some((Unit::Byte(*c), 2)),
        [b'\\', b'u', digits @ ..] => Some((Unit::Char(number(digits.get(..4)?, 16)?), 6)),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(8).position(|&byte| byte == b';')?;
            Some((Unit::Char(entity(&rest[..length])?), length + 2))
        }
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => None,
    }
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(digits).ok()?;
    char::from_u32(u32::from_str_radix(digits, radix).ok()?)
}

fn hexadecimal(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

fn base64(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ::base64::Engine;
    use ::base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    fn percent(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    /// Each special character replaced.
    fn escaped(text: &str, escape: impl Fn(u32) -> String) -> String {
        let special = |c: char| match c {
            '+' | '/' | '=' | '&' | '<' | '"' => escape(u32::from(c)),
            c => c.to_string(),
        };
        text.chars().map(special).collect()
    }

    #[test]
    fn what_is_encoded_is_seen_and_where_it_stands() {
        let secret = "wJalrXUtnFEMI/K7MDENG+b&Px\"Rf<i=";
        for before in ["", "x", "xy", "xyz", "user:"] {
            let text = format!("{before}{secret} and more");
            for encoded in [
                STANDARD_NO_PAD.encode(&text),
                URL_SAFE.encode(&text),
                hex::encode(&text),
                hex::encode_upper(&text),
                percent(&text),
                escaped(&text, |c| format!("%{c:02x}")),
                percent(&percent(&text)),
                text.replace('/', "\\/").replace('"', "\\\""),
                escaped(&text, |c| format!("\\u{c:04x}")),
                escaped(&text, |c| format!("\\u{c:04X}")),
                escaped(&text, |c| format!("&#x{c:x};")),
                escaped(&text, |c| format!("&#x{c:X};")),
                escaped(&text, |c| format!("&#{c};")),
                text.replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('"', "&quot;"),
                text,
            ] {
                let seen = of(&encoded).into_iter().find_map(|view| {
                    let held = view.bytes.windows(secret.len());
                    let at = held.clone().position(|held| held == secret.as_bytes())?;
                    Some(view.in_text(&(at..at + secret.len())))
                });
                let place = seen.unwrap_or_else(|| panic!("{encoded}"));
                assert!(place.len() >= secret.len() && place.len() < encoded.len());
            }
        }
    }
}
