//! Signature Version 4, checked from the server's side.
//!
//! Written from the public description of the protocol (IAM User Guide, "Create a signed AWS API
//! request") and not from the SDK's signer: a fault shared by signer and checker would go unseen.
//! S3 has its own checker in the `s3s` crate, for its streaming payloads.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use hmac::Mac;
use http::HeaderMap;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use super::lab_key::hmac_sha256;

#[cfg(test)]
mod tests;

/// Signatures older than this are refused.
const PAST: Duration = Duration::from_mins(15);
/// Signatures from further in the future than this are refused.
const FUTURE: Duration = Duration::from_mins(5);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const STAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
/// Everything but the characters that RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Why a signature is refused. The wording is the real STS's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("{0}")]
    Incomplete(String),
    #[error("Signature expired: {0}")]
    Expired(String),
    #[error("Signature not yet current: {0}")]
    NotYetCurrent(String),
    #[error("{0}")]
    Scope(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

type Result<T> = std::result::Result<T, SignatureError>;

fn incomplete<T>(what: impl Into<String>) -> Result<T> {
    Err(SignatureError::Incomplete(what.into()))
}

/// What a request says of its signer.
#[derive(PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub(super) access_key_id: String,
    /// The credential scope: the day as `YYYYMMDD`, Region, service.
    scope: [String; 3],
    /// Their names, between semicolons.
    signed_headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    /// `YYYYMMDDTHHMMSSZ`.
    stamp: Cow<'a, str>,
    pub(super) session_token: Option<Cow<'a, str>>,
    /// Presigned: how long it is good for.
    valid_for: Option<Duration>,
}

/// The Region and service in a request's credential scope, for routing: not yet believed.
pub(super) fn scope(request: &Parts) -> Option<(String, String)> {
    let credential = match request.headers.get(http::header::AUTHORIZATION) {
        Some(header) => {
            let header = header.to_str().ok()?.strip_prefix(ALGORITHM)?;
            Cow::Borrowed(part(header, "Credential")?)
        }
        None => parameter(query(request), "X-Amz-Credential")?,
    };
    let mut parts = credential.rsplit('/').skip(1);
    let service = parts.next()?.to_owned();
    let region = parts.next()?.to_owned();
    Some((region, service))
}

impl<'a> Authorization<'a> {
    /// Reads the `Authorization` header, or the query of a presigned URL.
    pub(super) fn read(request: &'a Parts) -> Result<Self> {
        match request.headers.get(http::header::AUTHORIZATION) {
            Some(header) => {
                let header = header.to_str().map_err(|_| SignatureError::Missing)?;
                Self::from_header(header, &request.headers)
            }
            None if query(request).contains("X-Amz-Signature=") => Self::from_query(query(request)),
            None => Err(SignatureError::Missing),
        }
    }

    fn from_header(header: &'a str, headers: &'a HeaderMap) -> Result<Self> {
        let Some(parts) = header.strip_prefix(ALGORITHM) else {
            return incomplete("Unsupported AWS 'algorithm' in Authorization header");
        };
        let need = |name: &str| match part(parts, name) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => incomplete(format!("Authorization header requires '{name}' parameter.")),
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let Some(stamp) = text("x-amz-date") else {
            return incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            );
        };
        Ok(Self {
            signed_headers: need("SignedHeaders")?,
            signature: need("Signature")?,
            stamp: Cow::Borrowed(stamp),
            session_token: text("x-amz-security-token").map(Cow::Borrowed),
            ..Self::with_scope(&need("Credential")?)?
        })
    }

    fn from_query(query: &'a str) -> Result<Self> {
        let need = |name: &str| match parameter(query, name) {
            Some(value) => Ok(value),
            None => incomplete(format!("AWS query-string parameters must include '{name}'")),
        };
        if need("X-Amz-Algorithm")? != ALGORITHM {
            return incomplete("Unsupported AWS 'algorithm' in query string");
        }
        let seconds = need("X-Amz-Expires")?.parse::<u64>().ok();
        let Some(valid_for) = seconds.filter(|seconds| *seconds <= 7 * 24 * 3600) else {
            return incomplete("X-Amz-Expires must be between 0 and 604800 seconds");
        };
        Ok(Self {
            signed_headers: need("X-Amz-SignedHeaders")?,
            signature: need("X-Amz-Signature")?,
            stamp: need("X-Amz-Date")?,
            session_token: parameter(query, "X-Amz-Security-Token"),
            valid_for: Some(Duration::from_secs(valid_for)),
            ..Self::with_scope(&need("X-Amz-Credential")?)?
        })
    }

    /// The key and its scope, and nothing else yet.
    fn with_scope(credential: &str) -> Result<Self> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, day, region, service, "aws4_request"] = parts[..] else {
            return incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            ));
        };
        Ok(Self {
            access_key_id: key.to_owned(),
            scope: [day, region, service].map(str::to_owned),
            signed_headers: Cow::default(),
            signature: Cow::default(),
            stamp: Cow::default(),
            session_token: None,
            valid_for: None,
        })
    }

    /// Whether the signature is for this service in this Region, and of today.
    pub(super) fn check_scope(&self, region: &str, service: &str) -> Result<()> {
        let ([day, own_region, own_service], stamp) = (&self.scope, &self.stamp);
        let wrong = if own_service != service {
            format!("Credential should be scoped to correct service: '{service}'.")
        } else if own_region != region {
            "Credential should be scoped to a valid region.".to_owned()
        } else if !stamp.starts_with(day) {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{day}' != '{}', from '{stamp}'.",
                stamp.get(..8).unwrap_or_default()
            )
        } else if !self.signed_headers.split(';').any(|name| name == "host") {
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        } else {
            return Ok(());
        };
        Err(SignatureError::Scope(wrong))
    }

    /// Whether it was signed recently enough.
    pub(super) fn check_time(&self, now: SystemTime) -> Result<()> {
        let given = &self.stamp;
        let Ok(signed) = time::PrimitiveDateTime::parse(given, STAMP) else {
            return incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{given}'."
            ));
        };
        let signed = SystemTime::from(signed.assume_utc());
        let (oldest, now_stamp) = (now - self.valid_for.unwrap_or(PAST), stamp(now));
        if signed < oldest {
            let bound = stamp(oldest);
            let what = format!("{given} is now earlier than {bound} ({now_stamp} - 15 min.)");
            return Err(SignatureError::Expired(what));
        }
        if signed > now + FUTURE {
            let bound = stamp(now + FUTURE);
            let what = format!("{given} is still later than {bound} ({now_stamp} + 5 min.)");
            return Err(SignatureError::NotYetCurrent(what));
        }
        Ok(())
    }

    /// Whether the holder of `secret` signed exactly this request.
    pub(super) fn check_signature(&self, request: &Parts, body: &[u8], secret: &str) -> Result<()> {
        let canonical = self.canonical(request, body);
        let canonical = canonical.ok_or(SignatureError::Mismatch)?;
        let [day, region, service] = &self.scope;
        let scope = [day, region, service, "aws4_request"];
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{}\n{}",
            self.stamp,
            scope.join("/"),
            hex::encode(Sha256::digest(canonical))
        );
        let secret = [b"AWS4", secret.as_bytes()].concat();
        let key = scope.iter().fold(secret, |key, part| {
            let derived = hmac_sha256(&key).chain_update(part).finalize();
            derived.into_bytes().to_vec()
        });
        let signature = hex::decode(&*self.signature).map_err(|_| SignatureError::Mismatch)?;
        let signed = hmac_sha256(&key).chain_update(to_sign);
        let verified = signed.verify_slice(&signature);
        verified.map_err(|_| SignatureError::Mismatch)
    }

    /// The canonical request; `None` if a signed header is not there.
    fn canonical(&self, request: &Parts, body: &[u8]) -> Option<String> {
        let header = |name: &str| {
            let values = request.headers.get_all(name).iter();
            let values = values.map(|value| {
                let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
                Some(words.join(" "))
            });
            let values: Vec<String> = values.collect::<Option<_>>()?;
            (!values.is_empty()).then(|| format!("{name}:{}\n", values.join(",")))
        };
        let headers: Option<String> = self.signed_headers.split(';').map(header).collect();
        Some(format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            request.method,
            canonical_path(request.uri.path()),
            canonical_query(query(request)),
            headers?,
            self.signed_headers,
            hex::encode(Sha256::digest(body))
        ))
    }
}

/// As it stood in the request line; empty if there was none.
fn query(request: &Parts) -> &str {
    request.uri.query().unwrap_or_default()
}

/// Services other than S3 escape the path once more than it is in the request line.
fn canonical_path(path: &str) -> String {
    let escape = |segment| utf8_percent_encode(segment, ESCAPED).to_string();
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
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

/// `name=value` among the comma-separated parts of an `Authorization` header.
fn part<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let parts = header.split(',').map(str::trim);
    let mut pairs = parts.filter_map(|part| part.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// A parameter of a query, decoded.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    percent_decode_str(value).decode_utf8().ok()
}

fn stamp(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(STAMP).unwrap_or_default()
}
