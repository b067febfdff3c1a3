//! Signature Version 4, checked from the server's side.
//!
//! Written from the public description of the protocol (IAM User Guide, "Create a signed AWS API
//! request") and not from the SDK's signer: a fault shared by signer and checker would go unseen.
//! S3 has its own checker in the `s3s` crate, for its streaming payloads.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use hmac::Mac;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use super::seal::keyed;

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
pub(super) enum Refused {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error("{0}")]
    Incomplete(String),
    #[error("Signature expired: {signed} is now earlier than {oldest} ({now} - 15 min.)")]
    Expired {
        signed: String,
        oldest: String,
        now: String,
    },
    #[error("Signature not yet current: {signed} is still later than {newest} ({now} + 5 min.)")]
    NotYetCurrent {
        signed: String,
        newest: String,
        now: String,
    },
    #[error("{0}")]
    Scope(String),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// A request as it was signed.
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// As it stood in the request line.
    pub(super) path: &'a str,
    /// As it stood in the request line; empty if there was none.
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The claim that a request makes of its signer.
#[derive(PartialEq, Eq)]
pub(super) struct Claim<'a> {
    pub(super) access_key_id: String,
    /// `YYYYMMDD`, from the credential scope.
    day: String,
    pub(super) region: String,
    pub(super) service: String,
    signed_headers: Vec<String>,
    signature: String,
    /// `YYYYMMDDTHHMMSSZ`.
    stamp: String,
    pub(super) session_token: Option<Cow<'a, str>>,
    /// Presigned: how long it is good for.
    valid_for: Option<Duration>,
}

/// The Region and service in a request's credential scope, for routing: not yet believed.
pub(super) fn scope(headers: &HeaderMap, query: &str) -> Option<(String, String)> {
    let credential = match headers.get(http::header::AUTHORIZATION) {
        Some(header) => {
            let header = header.to_str().ok()?.strip_prefix(ALGORITHM)?;
            Cow::Borrowed(part(header, "Credential")?)
        }
        None => parameter(query, "X-Amz-Credential")?,
    };
    let mut parts = credential.rsplit('/').skip(1);
    let service = parts.next()?.to_owned();
    let region = parts.next()?.to_owned();
    Some((region, service))
}

impl<'a> Claim<'a> {
    /// Reads the claim from the `Authorization` header, or from the query of a presigned URL.
    pub(super) fn read(request: &Request<'a>) -> Result<Self, Refused> {
        match request.headers.get(http::header::AUTHORIZATION) {
            Some(header) => {
                let header = header.to_str().map_err(|_| Refused::Missing)?;
                Self::from_header(header, request.headers)
            }
            None if request.query.contains("X-Amz-Signature=") => Self::from_query(request.query),
            None => Err(Refused::Missing),
        }
    }

    fn from_header(header: &'a str, headers: &'a HeaderMap) -> Result<Self, Refused> {
        let Some(parts) = header.strip_prefix(ALGORITHM) else {
            return Err(Refused::Incomplete(
                "Unsupported AWS 'algorithm' in Authorization header".to_owned(),
            ));
        };
        let need = |name: &str| {
            part(parts, name).ok_or_else(|| {
                Refused::Incomplete(format!("Authorization header requires '{name}' parameter."))
            })
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let stamp = text("x-amz-date").ok_or_else(|| {
            Refused::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                 header."
                    .to_owned(),
            )
        })?;
        let token = text("x-amz-security-token").map(Cow::Borrowed);
        Self::new(
            need("Credential")?,
            need("SignedHeaders")?,
            need("Signature")?,
            stamp,
            token,
            None,
        )
    }

    fn from_query(query: &'a str) -> Result<Self, Refused> {
        let need = |name: &str| {
            parameter(query, name).ok_or_else(|| {
                Refused::Incomplete(format!("AWS query-string parameters must include '{name}'"))
            })
        };
        if need("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refused::Incomplete(
                "Unsupported AWS 'algorithm' in query string".to_owned(),
            ));
        }
        let seconds = need("X-Amz-Expires")?.parse::<u64>().ok();
        let valid_for = seconds.filter(|seconds| *seconds <= 7 * 24 * 3600);
        let valid_for = valid_for.ok_or_else(|| {
            Refused::Incomplete("X-Amz-Expires must be between 0 and 604800 seconds".to_owned())
        })?;
        Self::new(
            &need("X-Amz-Credential")?,
            &need("X-Amz-SignedHeaders")?,
            &need("X-Amz-Signature")?,
            &need("X-Amz-Date")?,
            parameter(query, "X-Amz-Security-Token"),
            Some(Duration::from_secs(valid_for)),
        )
    }

    fn new(
        credential: &str,
        signed_headers: &str,
        signature: &str,
        stamp: &str,
        session_token: Option<Cow<'a, str>>,
        valid_for: Option<Duration>,
    ) -> Result<Self, Refused> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, day, region, service, "aws4_request"] = parts[..] else {
            return Err(Refused::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            )));
        };
        Ok(Self {
            access_key_id: key.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
            stamp: stamp.to_owned(),
            session_token,
            valid_for,
        })
    }

    /// Whether the signature is for this service in this Region, and of today.
    pub(super) fn check_scope(&self, region: &str, service: &str) -> Result<(), Refused> {
        let wrong = |what: String| Err(Refused::Scope(what));
        if self.service != service {
            return wrong(format!(
                "Credential should be scoped to correct service: '{service}'."
            ));
        }
        if self.region != region {
            return wrong("Credential should be scoped to a valid region.".to_owned());
        }
        if !self.stamp.starts_with(&self.day) {
            return wrong(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{}' != '{}', from '{}'.",
                self.day,
                self.stamp.get(..8).unwrap_or_default(),
                self.stamp
            ));
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return wrong(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Whether it was signed recently enough.
    pub(super) fn check_time(&self, now: SystemTime) -> Result<(), Refused> {
        let signed = time::PrimitiveDateTime::parse(&self.stamp, STAMP)
            .map(|parsed| SystemTime::from(parsed.assume_utc()))
            .map_err(|_| {
                Refused::Incomplete(format!(
                    "Date must be in ISO-8601 'basic format'. Got '{}'.",
                    self.stamp
                ))
            })?;
        let oldest = now - self.valid_for.unwrap_or(PAST);
        if signed < oldest {
            return Err(Refused::Expired {
                signed: self.stamp.clone(),
                oldest: stamp(oldest),
                now: stamp(now),
            });
        }
        if signed > now + FUTURE {
            return Err(Refused::NotYetCurrent {
                signed: self.stamp.clone(),
                newest: stamp(now + FUTURE),
                now: stamp(now),
            });
        }
        Ok(())
    }

    /// Whether the holder of `secret` signed exactly this request.
    pub(super) fn check_signature(
        &self,
        request: &Request<'_>,
        secret: &str,
    ) -> Result<(), Refused> {
        let canonical = self.canonical(request).ok_or(Refused::Mismatch)?;
        let to_sign = format!(
            "{ALGORITHM}\n{}\n{}/{}/{}/aws4_request\n{}",
            self.stamp,
            self.day,
            self.region,
            self.service,
            hex::encode(Sha256::digest(canonical.as_bytes()))
        );
        let mut key = [b"AWS4", secret.as_bytes()].concat();
        for part in [&self.day, &self.region, &self.service, "aws4_request"] {
            key = keyed(&key)
                .chain_update(part.as_bytes())
                .finalize()
                .into_bytes()
                .to_vec();
        }
        let signature = hex::decode(&self.signature).map_err(|_| Refused::Mismatch)?;
        keyed(&key)
            .chain_update(to_sign.as_bytes())
            .verify_slice(&signature)
            .map_err(|_| Refused::Mismatch)
    }

    /// The canonical request; `None` if a signed header is not there.
    fn canonical(&self, request: &Request<'_>) -> Option<String> {
        let mut text = String::with_capacity(2048);
        text.push_str(request.method);
        text.push('\n');
        text.push_str(&canonical_path(request.path));
        text.push('\n');
        text.push_str(&canonical_query(request.query));
        text.push('\n');
        for name in &self.signed_headers {
            let mut values = request.headers.get_all(name).iter().peekable();
            values.peek()?;
            text.push_str(name);
            for (index, value) in values.enumerate() {
                text.push(if index == 0 { ':' } else { ',' });
                let words = value.to_str().ok()?.split_ascii_whitespace();
                for (index, word) in words.enumerate() {
                    if index > 0 {
                        text.push(' ');
                    }
                    text.push_str(word);
                }
            }
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.signed_headers.join(";"));
        text.push('\n');
        text.push_str(&hex::encode(Sha256::digest(request.body)));
        Some(text)
    }
}

/// Services other than S3 escape the path once more than it is in the request line.
fn canonical_path(path: &str) -> String {
    if path.is_empty() || path == "/" {
        return "/".to_owned();
    }
    path.split('/')
        .map(|segment| utf8_percent_encode(segment, ESCAPED).to_string())
        .collect::<Vec<_>>()
        .join("/")
}

fn canonical_query(query: &str) -> String {
    if query.is_empty() {
        return String::new();
    }
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
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// `name=value` among the comma-separated parts of an `Authorization` header.
fn part<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
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
