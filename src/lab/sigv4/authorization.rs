//! What a request says of its signer, and whether it is so.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use time::format_description::FormatItem;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::canonical;
use super::dialect::Dialect;
use super::error::{Result, SignatureError};
use super::signing_key::SigningKey;

/// Signatures older than this are refused.
const PAST: Duration = Duration::from_mins(15);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const STAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

fn incomplete<T>(what: impl Into<String>) -> Result<T> {
    Err(SignatureError::Incomplete(what.into()))
}

/// What a request says of its signer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lab) struct Authorization<'a> {
    pub(in crate::lab) access_key_id: String,
    /// The credential scope: the day as `YYYYMMDD`, Region, service.
    pub(super) scope: [String; 3],
    /// Their names, between semicolons.
    signed_headers: Cow<'a, str>,
    /// In hexadecimal.
    pub(in crate::lab) signature: Cow<'a, str>,
    signed_at: SystemTime,
    pub(in crate::lab) session_token: Option<Cow<'a, str>>,
    /// Presigned: how long it says that it is good for.
    valid_for: Option<Duration>,
}

/// Whether a request carries its signature in the query.
pub(in crate::lab) fn is_presigned(request: &Parts) -> bool {
    let query = query(request);
    ["X-Amz-Signature", "X-Amz-Algorithm"]
        .iter()
        .any(|name| parameter(query, name).is_some())
}

/// The Region and service in a request's credential scope, for routing: not yet believed.
pub(in crate::lab) fn scope(request: &Parts) -> Option<(String, String)> {
    let credential = match request.headers.get(AUTHORIZATION) {
        Some(header) => {
            let header = header.to_str().ok()?.strip_prefix(ALGORITHM)?;
            let mut parts = header
                .split(',')
                .filter_map(|part| part.trim().split_once('='));
            let (_, credential) = parts.find(|(name, _)| *name == "Credential")?;
            Cow::Borrowed(credential)
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
    pub(in crate::lab) fn read(request: &'a Parts, dialect: Dialect) -> Result<Self> {
        let mut headers = request.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next(), is_presigned(request)) {
            (Some(_), Some(_), _) | (Some(_), None, true) => Err(SignatureError::Ambiguous),
            (Some(header), None, false) => {
                let header = header.to_str().map_err(|_| SignatureError::Missing)?;
                Self::from_header(header, &request.headers)
            }
            (None, _, true) => Self::from_query(query(request), dialect),
            (None, _, false) => Err(SignatureError::Missing),
        }
    }

    fn from_header(header: &'a str, headers: &'a HeaderMap) -> Result<Self> {
        let Some(components) = header.strip_prefix(ALGORITHM) else {
            return Err(SignatureError::Unsupported);
        };
        let [credential, signed_headers, signature] = components_of(components)?;
        let (access_key_id, scope) = credential_of(credential)?;
        let token = only(headers, "x-amz-security-token")?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: Cow::Borrowed(signed_headers),
            signature: Cow::Borrowed(signature),
            signed_at: date_of(headers)?,
            session_token: token.map(Cow::Borrowed),
            valid_for: None,
        })
    }

    fn from_query(query: &'a str, dialect: Dialect) -> Result<Self> {
        let need = |name: &str| match parameter(query, name) {
            Some(_) if count(query, name) > 1 => incomplete(format!(
                "AWS query-string parameters must include '{name}' once"
            )),
            Some(value) => Ok(value),
            None => incomplete(format!("AWS query-string parameters must include '{name}'")),
        };
        if need("X-Amz-Algorithm")? != ALGORITHM {
            return Err(SignatureError::Unsupported);
        }
        let (access_key_id, scope) = credential_of(&need("X-Amz-Credential")?)?;
        let stamp = need("X-Amz-Date")?;
        let expires = match dialect {
            Dialect::General => parameter(query, "X-Amz-Expires"),
            Dialect::S3 => Some(need("X-Amz-Expires")?),
        };
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: need("X-Amz-SignedHeaders")?,
            signature: need("X-Amz-Signature")?,
            signed_at: read_stamp(&stamp).ok_or_else(|| undated(&stamp))?,
            session_token: parameter(query, "X-Amz-Security-Token"),
            valid_for: expires.map(|text| lifetime(&text)).transpose()?,
        })
    }

    /// Whether the signature is for this service in this Region, and of the day that it says.
    pub(in crate::lab) fn check_scope(&self, region: &str, service: &str) -> Result<()> {
        let ([day, own_region, own_service], stamp) = (&self.scope, stamp(self.signed_at));
        let wrong = if own_service != service {
            format!("Credential should be scoped to correct service: '{service}'.")
        } else if own_region != region {
            format!(
                "Credential should be scoped to a valid region, not '{own_region}'; expecting '{region}'."
            )
        } else if !stamp.starts_with(day.as_str()) || day.len() != 8 {
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP: '{day}' != '{}', from '{stamp}'.",
                &stamp[..8]
            )
        } else {
            return Ok(());
        };
        Err(SignatureError::Scope(wrong))
    }

    /// Whether it was signed recently enough.
    pub(in crate::lab) fn check_time(&self, now: SystemTime, dialect: Dialect) -> Result<()> {
        let valid_for = match dialect {
            Dialect::General => PAST,
            Dialect::S3 => self.valid_for.unwrap_or(PAST),
        };
        let (signed, oldest, now_stamp) = (self.signed_at, now - valid_for, stamp(now));
        let given = stamp(signed);
        if signed < oldest || valid_for.is_zero() {
            let bound = stamp(oldest);
            let minutes = valid_for.as_secs() / 60;
            let what =
                format!("{given} is now earlier than {bound} ({now_stamp} - {minutes} min.)");
            return Err(SignatureError::Expired(what));
        }
        let future = dialect.future();
        if signed > now + future {
            let bound = stamp(now + future);
            let minutes = future.as_secs() / 60;
            let what =
                format!("{given} is still later than {bound} ({now_stamp} + {minutes} min.)");
            return Err(SignatureError::NotYetCurrent(what));
        }
        Ok(())
    }

    /// Whether all is signed that must be: the host, and whatever AWS itself goes by.
    pub(in crate::lab) fn check_signed_headers(&self, request: &Parts) -> Result<()> {
        let names: Vec<&str> = self.signed_headers.split(';').collect();
        if !names.is_sorted_by(|one, other| one < other) {
            // In any other order there is no canonical request with these.
            return Err(SignatureError::Mismatch);
        }
        let present = request.headers.keys().map(http::HeaderName::as_str);
        let own = present.filter(|name| name.starts_with("x-amz-"));
        let needed = ["host"].into_iter().chain(own);
        let unsigned = needed.filter(|name| !names.contains(name));
        let unsigned: Vec<String> = unsigned.map(str::to_owned).collect();
        if unsigned.is_empty() {
            Ok(())
        } else {
            Err(SignatureError::Unsigned(unsigned))
        }
    }

    /// Whether the holder of `secret` signed exactly this request; the key that it was signed with.
    pub(in crate::lab) fn check_signature(
        &self,
        request: &Parts,
        payload_hash: &str,
        secret: &str,
        dialect: Dialect,
    ) -> Result<SigningKey> {
        let canonical = canonical::request(request, &self.signed_headers, payload_hash, dialect);
        let canonical = canonical.ok_or(SignatureError::Mismatch)?;
        let key = SigningKey::derive(secret, &stamp(self.signed_at), &self.scope);
        let digest = hex::encode(Sha256::digest(canonical));
        key.verify(ALGORITHM, &digest, &self.signature)?;
        Ok(key)
    }
}

/// `Credential`, `SignedHeaders` and `Signature` of an `Authorization` header, each of them once and nothing else.
fn components_of(components: &str) -> Result<[&str; 3]> {
    const NAMES: [&str; 3] = ["Credential", "SignedHeaders", "Signature"];
    let mut found = [None; 3];
    for component in components.split(',').map(str::trim) {
        let (name, value) = component.split_once('=').unwrap_or((component, ""));
        let known = NAMES.iter().position(|known| *known == name);
        match known.map(|known| &mut found[known]) {
            Some(place @ None) if !value.is_empty() => *place = Some(value),
            _ => {
                return incomplete(format!(
                    "'{component}' is not a valid part of an Authorization header."
                ));
            }
        }
    }
    let missing = |name: &str| {
        SignatureError::Incomplete(format!("Authorization header requires '{name}' parameter."))
    };
    let [credential, signed_headers, signature] = found;
    Ok([
        credential.ok_or_else(|| missing(NAMES[0]))?,
        signed_headers.ok_or_else(|| missing(NAMES[1]))?,
        signature.ok_or_else(|| missing(NAMES[2]))?,
    ])
}

/// The key and its scope.
fn credential_of(credential: &str) -> Result<(String, [String; 3])> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [key, day, region, service, "aws4_request"] = parts[..] else {
        return incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term, got '{credential}'"
        ));
    };
    Ok((key.to_owned(), [day, region, service].map(str::to_owned)))
}

/// When a request was signed that says so in a header.
fn date_of(headers: &HeaderMap) -> Result<SystemTime> {
    if let Some(stamp) = only(headers, "x-amz-date")? {
        return read_stamp(stamp).ok_or_else(|| undated(stamp));
    }
    let Some(date) = only(headers, DATE.as_str())? else {
        let none =
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        return Err(SignatureError::Undated(none.to_owned()));
    };
    let http = || {
        OffsetDateTime::parse(date, &Rfc2822)
            .ok()
            .map(SystemTime::from)
    };
    read_stamp(date).or_else(http).ok_or_else(|| undated(date))
}

/// A header that stands there once at most.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok());
    match values.next() {
        None => Ok(first),
        Some(_) => incomplete(format!("'{name}' is there more than once.")),
    }
}

fn undated(given: &str) -> SignatureError {
    let what = format!("Date must be in ISO-8601 'basic format'. Got '{given}'.");
    SignatureError::Undated(what)
}

/// `X-Amz-Expires`: digits, up to a week of seconds (Amazon S3 API Reference, "Authenticating Requests: Using Query
/// Parameters").
fn lifetime(text: &str) -> Result<Duration> {
    const WEEK: u64 = 7 * 24 * 3600;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = match text.parse::<u64>() {
        Ok(seconds) if digits && seconds <= WEEK => return Ok(Duration::from_secs(seconds)),
        _ if text.starts_with('-') => "X-Amz-Expires must be non-negative",
        _ if digits => {
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
             604800 seconds"
        }
        _ => "X-Amz-Expires should be a number",
    };
    Err(SignatureError::Lifetime(wrong))
}

/// As it stood in the request line; empty if there was none.
fn query(request: &Parts) -> &str {
    request.uri.query().unwrap_or_default()
}

/// A parameter of a query, decoded.
pub(in crate::lab) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    percent_decode_str(value).decode_utf8().ok()
}

/// How often a parameter is in a query.
fn count(query: &str, name: &str) -> usize {
    let names = query.split('&').map(|pair| pair.split('=').next());
    names.filter(|own| *own == Some(name)).count()
}

/// `YYYYMMDDTHHMMSSZ`.
pub(super) fn stamp(time: SystemTime) -> String {
    OffsetDateTime::from(time).format(STAMP).unwrap_or_default()
}

fn read_stamp(text: &str) -> Option<SystemTime> {
    let read = PrimitiveDateTime::parse(text, STAMP).ok()?;
    Some(SystemTime::from(read.assume_utc()))
}
