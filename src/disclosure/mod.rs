//! What may leave the process: texts without its secrets, and without characters that command whoever shows them.
//!
//! A text may quote anything that a server, a stored document, a file or a command line says. Nobody who makes a text
//! looks after that: the results and every line on stderr go through [`shown`] or [`shown_lines`] where they are
//! written. What is secret is told once, by [`learn`], by whoever comes by it. This room knows neither AWS's SDK nor
//! documents.

mod characters;
mod given;
mod index;
mod known;
mod secrets;
mod userinfo;
mod views;

use self::known::with_known;

pub use known::{learn, learn_given};

/// The text on one line, without secrets and without control characters.
#[must_use]
pub fn shown(text: &str) -> String {
    characters::visible(&without_secrets(text), false)
}

/// As [`shown`], with the lines that the text has.
#[must_use]
pub fn shown_lines(text: &str) -> String {
    characters::visible(&without_secrets(text), true)
}

/// The text as it is but for its secrets.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let text = userinfo::hidden(text);
    with_known(|known| known.fetched.hidden(&known.given.hidden(&text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetched_secret_is_in_no_text_and_foreign_control_characters_obey_nobody() {
        learn("FwoGZXIvYXdzEBYaDKexample/one+two==");
        let text = "\u{1b}]0;title\u{7} token FwoGZXIvYXdzEBYaDKexample%2Fone%2Btwo%3D%3D\nhint: x";
        let expected = "\\u{1b}]0;title\\u{7} token [secret]";
        assert_eq!(shown(text), format!("{expected} hint: x"));
        assert_eq!(shown_lines(text), format!("{expected}\nhint: x"));
    }
}
