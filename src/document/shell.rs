//! Command lines as a POSIX shell reads them back.

/// The words of a command line, between blanks.
pub(crate) fn line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

/// One word, in quotes where the shell would take it for anything else.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_needs_it() {
        for (word, expected) in [
            ("http://127.0.0.1:80/", "http://127.0.0.1:80/"),
            ("--format=json", "--format=json"),
            ("a b", "'a b'"),
            ("p99 > 250ms", "'p99 > 250ms'"),
            ("it's", r"'it'\''s'"),
            ("=cmd", "'=cmd'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
        let words = ["sts", "--fail-if", "p99 > 1s"].map(str::to_owned);
        assert_eq!(line(&words), "sts --fail-if 'p99 > 1s'");
    }
}
