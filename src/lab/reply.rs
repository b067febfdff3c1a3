//! Answers: bodies whole, streamed or cut short, and the errors that rules make, worded as the
//! service would.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};

pub(super) type Response = hyper::Response<ReplyBody>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An extension of an answer: the IP TTL of its packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct HopLimit(pub(super) u8);

/// The body of an answer.
pub(super) enum ReplyBody {
    Whole(Full<Bytes>),
    S3(s3s::Body),
    /// These bytes, and then the end of the connection instead of the rest.
    Cut(Cut),
}

/// What is left of a truncated body, and whether it has been flushed.
pub(super) struct Cut {
    rest: Option<Bytes>,
    flushed: bool,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::S3(body) => Pin::new(body).poll_frame(context),
            Self::Cut(cut) => match cut.rest.take() {
                Some(rest) => Poll::Ready(Some(Ok(Frame::data(rest)))),
                // hyper flushes what it has when a body has nothing more for now; an error at
                // once would throw the half away that the client is meant to see.
                None if !cut.flushed => {
                    cut.flushed = true;
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                None => Poll::Ready(Some(Err("truncated by the scenario".into()))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::S3(body) => body.is_end_stream(),
            Self::Cut(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::S3(body) => body.size_hint(),
            Self::Cut(_) => SizeHint::default(),
        }
    }
}

/// A whole answer.
pub(super) fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(ReplyBody::Whole(Full::new(body.into())));
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

/// The same answer with half of its body, under the full `Content-Length`; `None` if there is
/// nothing to cut.
pub(super) async fn truncated(response: Response) -> Option<Response> {
    let (mut parts, body) = response.into_parts();
    let whole = body.collect().await.ok()?.to_bytes();
    if whole.is_empty() {
        return None;
    }
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let cut = Cut {
        rest: Some(whole.slice(..whole.len() / 2)),
        flushed: false,
    };
    Some(Response::from_parts(parts, ReplyBody::Cut(cut)))
}

/// Status 200 and a body that no client can make sense of.
pub(super) fn garbage() -> Response {
    const NONSENSE: &[u8] = b"<<<{\"\x00\xff\xfe not what you asked for ]]>\x80";
    reply(StatusCode::OK, "application/octet-stream", NONSENSE)
}

/// Why a rule answers in the service's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Throttled,
    Fault,
}

/// Makes a service's own kind of error: the status, why, and the request's id.
pub(super) type Failure = fn(StatusCode, Problem, &str) -> Response;

/// Request ids in the form that AWS gives them: the same in every run with one seed.
pub(super) struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> String {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let high = splitmix(self.seed.wrapping_add(serial));
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
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn splitmix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
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
