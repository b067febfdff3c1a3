//! What a secret looks like where somebody has encoded it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The secret itself and its encodings, each once: in URLs, JSON, markup, Base64 and hexadecimal digits.
pub(super) fn of(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![
        secret.to_owned(),
        percent(secret, |byte| format!("%{byte:02X}")),
        percent(secret, |byte| format!("%{byte:02x}")),
        percent(secret, |byte| format!("%25{byte:02X}")),
        escaped(secret, "\"\\/", |c| format!("\\{c}")),
        escaped(secret, SPECIAL, |c| format!("\\u{:04x}", u32::from(c))),
        escaped(secret, SPECIAL, |c| format!("\\u{:04X}", u32::from(c))),
        escaped(secret, SPECIAL, |c| format!("&#x{:x};", u32::from(c))),
        escaped(secret, SPECIAL, |c| format!("&#x{:X};", u32::from(c))),
        escaped(secret, SPECIAL, |c| format!("&#{};", u32::from(c))),
        escaped(secret, "&<>\"'", |c| named(c).to_owned()),
        hex::encode(secret),
        hex::encode_upper(secret),
    ];
    for place in 0..3 {
        let text = base64(secret.as_bytes(), place);
        forms.push(text.replace('+', "-").replace('/', "_"));
        forms.push(text);
    }
    forms.sort();
    forms.dedup();
    forms.into_iter().map(String::into_bytes).collect()
}

/// What keys, tokens and passwords hold besides letters and digits, as far as JSON or markup is known to encode it.
const SPECIAL: &str = "+/=&<>\"'";

fn percent(secret: &str, encoded: impl Fn(u8) -> String) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&encoded(byte));
        }
    }
    text
}

fn escaped(secret: &str, special: &str, encoded: impl Fn(char) -> String) -> String {
    let mut text = String::new();
    for c in secret.chars() {
        if special.contains(c) {
            let _ = write!(text, "{}", encoded(c));
        } else {
            text.push(c);
        }
    }
    text
}

fn named(c: char) -> &'static str {
    match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        _ => "&apos;",
    }
}

/// The digits that the secret alone decides where `before` bytes (of each three) stand before it.
fn base64(secret: &[u8], before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend(secret);
    let digits = STANDARD_NO_PAD.encode(&bytes);
    // Six bits to a digit: the first ones hold what stands before, the last one may hold what comes after.
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    digits[first.min(end)..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_of_a_text_hold_a_form_of_the_secret_in_it() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfi=";
        let forms = of(secret);
        for before in ["", "x", "xy", "xyz", "user:"] {
            let text = format!("{before}{secret} and more");
            for encoded in [
                STANDARD_NO_PAD.encode(&text),
                base64::engine::general_purpose::URL_SAFE.encode(&text),
                hex::encode(&text),
                percent(&text, |byte| format!("%{byte:02x}")),
                percent(&percent(&text, |byte| format!("%{byte:02X}")), |byte| {
                    format!("%{byte:02X}")
                }),
                text.replace('/', "\\/"),
                text,
            ] {
                let holds = |form: &Vec<u8>| encoded.contains(&*String::from_utf8_lossy(form));
                assert!(forms.iter().any(holds), "{encoded}");
            }
        }
    }
}
