//! The user and password of a URL.

use super::secrets::HIDDEN;

/// The text without what stands between `://` and `@` in its URLs.
pub(super) fn hidden(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        hidden.push_str(before);
        let info = userinfo(after);
        if !info.is_empty() {
            hidden.push_str(HIDDEN);
        }
        rest = &after[info.len()..];
    }
    hidden + rest
}

/// What stands before the last `@` of an authority, at whose beginning the text begins.
fn userinfo(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "/?#\"'`<>\\".contains(c);
    let authority = &text[..text.find(ends).unwrap_or(text.len())];
    authority.rfind('@').map_or("", |at| &authority[..at])
}

/// The password in a URL, or in what was meant to be one.
pub(super) fn password(text: &str) -> Option<&str> {
    let authority = text.split_once("://").map_or(text, |(_, after)| after);
    userinfo(authority)
        .split_once(':')
        .map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_everything_but_user_and_password() {
        for (text, expected) in [
            ("http://u:p@h:1/x@y", "http://[secret]@h:1/x@y"),
            (
                "at https://u@h, or http://h",
                "at https://[secret]@h, or http://h",
            ),
            ("'http://u:p@s@h'", "'http://[secret]@h'"),
            ("http://h/?a=b@c", "http://h/?a=b@c"),
            ("a@b", "a@b"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn a_password_is_found_without_a_scheme_too() {
        assert_eq!(password("https://u:p%40@h/"), Some("p%40"));
        assert_eq!(password("u:p@h:80"), Some("p"));
        assert_eq!(password("arn:aws:sts::1:assumed-role/r/a@b.c"), None);
        assert_eq!(password("http://h:80/"), None);
    }
}
