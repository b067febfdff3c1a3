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
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use url::form_urlencoded;

use super::request::{Payload, Request};

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

/// Why a request has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("the request is not valid HTTP")]
    Http(#[from] http::Error),
    #[error("the request has no host")]
    NoHost,
    #[error("the identity holds no credentials")]
    NoCredentials,
}

impl From<http::uri::InvalidUri> for StepError {
    fn from(error: http::uri::InvalidUri) -> Self {
        Self::Http(error.into())
    }
}

impl From<header::InvalidHeaderName> for StepError {
    fn from(error: header::InvalidHeaderName) -> Self {
        Self::Http(error.into())
    }
}

impl From<header::InvalidHeaderValue> for StepError {
    fn from(error: header::InvalidHeaderValue) -> Self {
        Self::Http(error.into())
    }
}

/// The first step's result.
#[derive(Clone, Debug)]
pub struct Canonical {
    pub text: String,
    /// Names with `;` between them.
    pub signed_headers: String,
}

/// The first step: the request in its one canonical form, the payload's hash included.
pub fn canonical_request(request: &Request) -> Result<Canonical, StepError> {
    let uri: Uri = request.url.parse()?;
    let payload_hash = match &request.payload {
        Payload::Signed(bytes) => hex::encode(Sha256::digest(bytes)),
        Payload::Unsigned => "UNSIGNED-PAYLOAD".to_owned(),
        Payload::Trailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
    };
    let headers = canonical_headers(request, &uri, &payload_hash)?;
    let mut names: Vec<&HeaderName> = headers
        .keys()
        .filter(|name| !UNSIGNED.contains(&name.as_str()))
        .collect();
    names.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    let signed_headers = names
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>()
        .join(";");
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        uri.path(),
        canonical_query(&uri)
    );
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
#[must_use]
pub fn string_to_sign(request: &Request, canonical: &Canonical) -> String {
    format!(
        "AWS4-HMAC-SHA256\n{}\n{}\n{}",
        timestamp(request.time),
        scope(request),
        hex::encode(Sha256::digest(canonical.text.as_bytes())),
    )
}

/// The key of the request's day, Region and service, as `aws-sigv4` derives it on every call.
pub fn signing_key(request: &Request) -> Result<impl AsRef<[u8]>, StepError> {
    let secret = credentials(request)?.secret_access_key();
    Ok(v4::generate_signing_key(
        secret,
        request.time,
        &request.region,
        &request.service,
    ))
}

/// All steps with a given key: the `authorization` header.
pub fn authorization(request: &Request, key: impl AsRef<[u8]>) -> Result<String, StepError> {
    let canonical = canonical_request(request)?;
    let signature = v4::calculate_signature(key, string_to_sign(request, &canonical).as_bytes());
    Ok(format!(
        "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={signature}",
        credentials(request)?.access_key_id(),
        scope(request),
        canonical.signed_headers,
    ))
}

fn canonical_headers(
    request: &Request,
    uri: &Uri,
    payload_hash: &str,
) -> Result<HeaderMap, StepError> {
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(name.to_lowercase())?;
        headers.append(name, HeaderValue::from_str(value.trim_matches(' '))?);
    }
    let host = uri.authority().ok_or(StepError::NoHost)?;
    headers.insert(header::HOST, HeaderValue::from_str(host.as_str())?);
    let mut insert = |name, value: &str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        Ok::<_, StepError>(())
    };
    insert("x-amz-date", &timestamp(request.time))?;
    if let Some(token) = credentials(request)?.session_token() {
        insert("x-amz-security-token", token)?;
    }
    insert("x-amz-content-sha256", payload_hash)?;
    Ok(headers)
}

fn canonical_query(uri: &Uri) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .map(|(key, value)| (encoded(&key), encoded(&value)))
            .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    pairs.join("&")
}

fn credentials(request: &Request) -> Result<&Credentials, StepError> {
    request
        .identity
        .data::<Credentials>()
        .ok_or(StepError::NoCredentials)
}

fn scope(request: &Request) -> String {
    let date = &timestamp(request.time)[..8];
    format!("{date}/{}/{}/aws4_request", request.region, request.service)
}

/// `20130524T000000Z`.
fn timestamp(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}
