//! Characters that a terminal, a page or a spreadsheet would obey instead of showing them.

use std::fmt::Write;

/// The text with such characters written out; white space other than a blank is one blank, unless lines are kept.
pub(super) fn visible(text: &str, keeps_lines: bool) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if keeps_lines => visible.push(c),
            '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                visible.push(' ');
            }
            c if commands(c) => {
                let _ = write!(visible, "{}", c.escape_unicode());
            }
            c => visible.push(c),
        }
    }
    visible
}

/// Control characters, and what is not seen but turns or joins the text around it.
fn commands(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, expected) in [
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("a\u{200b}\u{7f}", "a\\u{200b}\\u{7f}"),
            ("one\r\ntwo\tthree\u{2028}four", "one  two three four"),
            ("Zürich – 東京 … “q” µs", "Zürich – 東京 … “q” µs"),
        ] {
            assert_eq!(visible(text, false), expected);
        }
        assert_eq!(visible("one\ntwo\r\u{0}", true), "one\ntwo \\u{0}");
    }
}
