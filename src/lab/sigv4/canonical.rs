//! The canonical request: what is signed of a request, in the one form that both sides make of it.

use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::dialect::Dialect;

/// Everything but the characters that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The canonical request; `None` if a signed header is not there.
pub(super) fn request(
    request: &Parts,
    signed_headers: &str,
    payload_hash: &str,
    dialect: Dialect,
) -> Option<String> {
    let headers = signed_headers.split(';').map(|name| header(request, name));
    let headers: Option<String> = headers.collect();
    let path = match dialect {
        Dialect::General => path(&normalised(request.uri.path())),
        // As it stands in the request line, where it is escaped once.
        Dialect::S3 => escaped_once(request.uri.path()),
    };
    Some(format!(
        "{}\n{path}\n{}\n{}\n{signed_headers}\n{payload_hash}",
        request.method,
        query(request.uri.query().unwrap_or_default()),
        headers?,
    ))
}

/// A header with all its values, each without the white space around it and with single spaces within.
fn header(request: &Parts, name: &str) -> Option<String> {
    let values = request.headers.get_all(name).iter();
    let values = values.map(|value| {
        let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
        Some(words.join(" "))
    });
    let values: Vec<String> = values.collect::<Option<_>>()?;
    (!values.is_empty()).then(|| format!("{name}:{}\n", values.join(",")))
}

/// Services other than S3 escape the path once more than it is in the request line.
fn path(path: &str) -> String {
    let escape = |segment| utf8_percent_encode(segment, ESCAPED).to_string();
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

/// Without the segments that RFC 3986 (5.2.4) removes, and without empty ones.
pub(super) fn normalised(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let directory = !kept.is_empty() && ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if directory { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

/// What a client should have escaped and did not is escaped; what is escaped stays as it is, a slash too: it is
/// not the slash that was signed.
fn escaped_once(path: &str) -> String {
    const LEFT: &AsciiSet = &ESCAPED.remove(b'/').remove(b'%');
    utf8_percent_encode(path, LEFT).to_string()
}

pub(super) fn query(query: &str) -> String {
    let escape = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&bytes, ESCAPED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (escape(name), escape(value)))
        .collect();
    pairs.sort_unstable();
    let pairs = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}
