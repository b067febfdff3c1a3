//! HTTP responses: whole, streamed or cut short; and errors and values as AWS words them in one.

use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use time::OffsetDateTime;
use time::macros::format_description;

pub(super) type Response = http::Response<UnsyncBoxBody<Bytes, BoxError>>;
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An extension of a response: the IP TTL of its packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct HopLimit(pub(super) u8);

/// An error as a service of AWS words it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// The client's fault, with status 400.
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

/// A whole response.
pub(super) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let body = Full::new(body.into()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    header(&mut response, CONTENT_TYPE, content_type);
    response
}

/// Sets a header; a value that no header can hold is left out.
pub(super) fn header(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The same response with half of its body, under the full `Content-Length`, and then the end of the
/// connection; `None` if there is nothing to cut.
pub(super) async fn truncated(response: Response) -> Option<Response> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.ok()?.to_bytes();
    if whole.is_empty() {
        return None;
    }
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let half = whole.slice(..whole.len() / 2);
    let end = async {
        // hyper flushes what it has when a body has nothing more for now; an error at once would
        // throw the half away that the client is meant to see.
        tokio::task::yield_now().await;
        Err(BoxError::from("truncated by the scenario"))
    };
    let cut = stream::iter([Ok(Frame::data(half))]).chain(stream::once(end));
    let body = StreamBody::new(cut).boxed_unsync();
    Some(Response::from_parts(parts, body))
}

/// Status 200 and a body that no client can make sense of.
pub(super) fn garbage() -> Response {
    const NONSENSE: &[u8] = b"<<<{\"\x00\xff\xfe not what you asked for ]]>\x80";
    response(StatusCode::OK, "application/octet-stream", NONSENSE)
}

/// Text as it stands between XML tags.
pub(super) fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 has no way to write most control characters.
            control if control.is_control() && control != '\n' && control != '\t' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// A time as AWS writes it: `2026-11-20T12:00:00Z`.
pub(super) fn iso_8601(time: SystemTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from(time).format(form).unwrap_or_default()
}

/// The id of the request with this number, in the form that AWS gives them: the same in every run with one seed.
pub(super) fn request_id(seed: u64, serial: u64) -> String {
    let high = splitmix(seed.wrapping_add(serial));
    let low = splitmix(high ^ serial);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        0x8000 | low >> 48 & 0x3FFF,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn splitmix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}
