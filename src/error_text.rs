//! What of an error may be shown.

use std::error::Error;

/// Characters of an error message that are kept.
const LONGEST_TEXT: usize = 300;

/// The error with its causes, each said once, on one line, bounded, and without what a service may quote
/// of the request: its canonical form holds the session token.
#[must_use]
pub fn error_text(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        let told = parts.iter().any(|part| part.contains(&text));
        if !told && !text.is_empty() {
            parts.push(text);
        }
        cause = error.source();
    }
    bounded_text(&parts.join(": "))
}

/// The cause beneath all others, or the error itself.
#[must_use]
pub fn root_cause<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.source().map_or(error, root_cause)
}

/// One line of at most [`LONGEST_TEXT`] characters, without a quoted canonical request.
#[must_use]
pub fn bounded_text(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = text.find("The Canonical String").unwrap_or(text.len());
    let mut kept: String = text[..quoted]
        .trim_end()
        .chars()
        .take(LONGEST_TEXT)
        .collect();
    if kept.chars().count() == LONGEST_TEXT {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layer(text: &'static str, source: Option<Layer>) -> Layer {
        let source = source.map(Box::new);
        Layer { text, source }
    }

    #[test]
    fn causes_are_told_once_and_in_order() {
        let inner = layer("connection refused", None);
        let middle = layer("connection refused", Some(inner));
        let outer = layer("dispatch failure", Some(middle));
        assert_eq!(error_text(&outer), "dispatch failure: connection refused");
    }

    #[test]
    fn a_quoted_canonical_request_is_cut_off() {
        let error = "signature mismatch.\n\nThe Canonical String for this request should have \
                     been\n'x-amz-security-token:SECRET'";
        assert_eq!(error_text(&layer(error, None)), "signature mismatch.");
    }

    #[test]
    fn long_texts_are_cut() {
        let long = error_text(&layer("x".repeat(1000).leak(), None));
        assert_eq!(long.chars().count(), LONGEST_TEXT + 1);
    }
}
