//! The steps of header signing that `aws-sigv4` keeps to itself, done here so that each can be timed.
//!
//! `aws-sigv4` offers the derived key and the final HMAC, but not the canonical request and the string
//! to sign. These are **this program's equivalents**: the same steps on the same types (a header map,
//! a sorted list of decoded and encoded parameters), for requests that S3's rules apply to. A test
//! holds that what comes out is the same signature, byte for byte; that they take as long as the
//! crate's own cannot be proved, so the report names them apart.

use std::fmt::Write;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use url::form_urlencoded;

use super::request::{ACCESS_KEY_ID, Payload, RequestError, SECRET_ACCESS_KEY, UnsignedRequest};

/// Headers that the SDK does not sign.
const UNSIGNED: [&str; 4] = [
    "authorization",
    "user-agent",
    "x-amzn-trace-id",
    "transfer-encoding",
];

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// `20130524T000000Z`.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The first step's result.
#[derive(Clone, Debug)]
pub struct Canonical {
    pub text: String,
    /// Names with `;` between them.
    pub signed_headers: String,
}

/// The first step: the request in its one canonical form, the payload's hash included.
///
/// # Errors
///
/// When the request is not valid HTTP.
pub fn canonical_request(request: &UnsignedRequest) -> Result<Canonical, RequestError> {
    let payload_hash = match &request.payload {
        Payload::Signed(bytes) => hex::encode(Sha256::digest(bytes)),
        Payload::Unsigned => "UNSIGNED-PAYLOAD".to_owned(),
        Payload::Trailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
    };
    let http = completed(request, &payload_hash)?;
    let headers = http.headers();
    let mut names: Vec<&str> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| !UNSIGNED.contains(name))
        .collect();
    names.sort_unstable();
    let signed_headers = names.join(";");
    let (path, query) = (http.uri().path(), canonical_query(http.uri()));
    let mut text = format!("{}\n{path}\n{query}\n", request.method);
    for name in names {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let _ = writeln!(text, "{name}:{}", values.join(","));
    }
    let _ = write!(text, "\n{signed_headers}\n{payload_hash}");
    Ok(Canonical {
        text,
        signed_headers,
    })
}

/// The second step: what the key is applied to.
pub fn string_to_sign(request: &UnsignedRequest, canonical: &Canonical) -> String {
    format!(
        "AWS4-HMAC-SHA256\n{}\n{}\n{}",
        timestamp(request.time),
        scope(request),
        hex::encode(Sha256::digest(canonical.text.as_bytes())),
    )
}

/// The key of the request's day, Region and service, as `aws-sigv4` derives it on every call.
pub fn signing_key(request: &UnsignedRequest) -> impl AsRef<[u8]> + use<> {
    v4::generate_signing_key(
        SECRET_ACCESS_KEY,
        request.time,
        &request.region,
        &request.service,
    )
}

/// All steps with a given key: the `authorization` header.
///
/// # Errors
///
/// When the request is not valid HTTP.
pub fn authorization(
    request: &UnsignedRequest,
    key: impl AsRef<[u8]>,
) -> Result<String, RequestError> {
    let canonical = canonical_request(request)?;
    let signature = v4::calculate_signature(key, string_to_sign(request, &canonical).as_bytes());
    Ok(format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{}, SignedHeaders={}, Signature={signature}",
        scope(request),
        canonical.signed_headers,
    ))
}

/// The request with the headers that signing adds.
fn completed(
    request: &UnsignedRequest,
    payload_hash: &str,
) -> Result<http::Request<()>, http::Error> {
    let mut http = request.http()?;
    let host = http.uri().authority().map_or("", |host| host.as_str());
    let host = HeaderValue::from_str(host)?;
    let credentials = request.identity.data::<Credentials>();
    let token = credentials.and_then(Credentials::session_token);
    let added = [
        ("x-amz-date", Some(&*timestamp(request.time))),
        ("x-amz-security-token", token),
        ("x-amz-content-sha256", Some(payload_hash)),
    ];
    let headers = http.headers_mut();
    headers.insert(header::HOST, host);
    for (name, value) in added {
        if let Some(value) = value {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
    }
    Ok(http)
}

fn canonical_query(uri: &Uri) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut pairs: Vec<_> = pairs
        .map(|(key, value)| (encoded(&key), encoded(&value)))
        .collect();
    pairs.sort();
    let pairs = pairs.iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn scope(request: &UnsignedRequest) -> String {
    let date = &timestamp(request.time)[..8];
    format!("{date}/{}/{}/aws4_request", request.region, request.service)
}

fn timestamp(time: SystemTime) -> String {
    let formatted = OffsetDateTime::from(time).format(TIMESTAMP);
    formatted.expect("a time has every part that is written")
}
