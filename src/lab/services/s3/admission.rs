//! Whom S3 lets in, and with what of a body: signatures by [`sigv4`], in S3's order and with S3's codes ("Error
//! responses" in the Amazon S3 API Reference). What passes goes on as a plain request that nobody has signed.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};
use s3s::Body;
use sha2::{Digest, Sha256};

use super::chunks::{self, Chain, ChunkError, Form};
use super::objects::LARGEST_OBJECT;
use crate::lab::issuer::CredentialsError;
use crate::lab::response::ApiError;
use crate::lab::service::{Request, RequestBody};
use crate::lab::sigv4::{self, Authorization, Dialect, SignatureError, SigningKey};
use crate::lab::state::LabState;

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
                        key and signing method.";

/// Why a request is not let in.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: ApiError,
    /// The headers that had to be signed and were not.
    pub(super) unsigned: Vec<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            error: ApiError::new(status, code, message),
            unsigned: Vec::new(),
        }
    }

    fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// A signature that is no good. Where it stands decides on the code.
    fn signature(error: SignatureError, presigned: bool) -> Self {
        use SignatureError as E;
        let message = error.to_string();
        match error {
            E::Missing => Self::forbidden("AccessDenied", "Access Denied"),
            E::Ambiguous => Self::bad_request("InvalidArgument", message),
            E::Incomplete(_) | E::Undated(_) | E::Scope(_) | E::Lifetime(_) | E::Unsupported
                if presigned =>
            {
                Self::bad_request("AuthorizationQueryParametersError", message)
            }
            E::Undated(_) => {
                let what = "AWS authentication requires a valid Date or x-amz-date header";
                Self::forbidden("AccessDenied", what)
            }
            E::Unsupported => Self::bad_request("InvalidRequest", message),
            E::Incomplete(_) | E::Scope(_) | E::Lifetime(_) => {
                let what = format!("The authorization header is malformed; {message}");
                Self::bad_request("AuthorizationHeaderMalformed", what)
            }
            E::Expired(_) if presigned => Self::forbidden("AccessDenied", "Request has expired"),
            E::NotYetCurrent(_) if presigned => {
                Self::forbidden("AccessDenied", "Request is not valid yet")
            }
            E::Expired(_) | E::NotYetCurrent(_) => {
                let what =
                    "The difference between the request time and the current time is too large.";
                Self::forbidden("RequestTimeTooSkewed", what)
            }
            E::Unsigned(unsigned) => Self {
                unsigned,
                ..Self::forbidden(
                    "AccessDenied",
                    "There were headers present in the request which were not signed",
                )
            },
            E::Mismatch => Self::forbidden("SignatureDoesNotMatch", MISMATCH),
        }
    }

    fn credentials(error: CredentialsError) -> Self {
        match error {
            CredentialsError::UnknownKey => {
                let what = "The AWS Access Key Id you provided does not exist in our records.";
                Self::forbidden("InvalidAccessKeyId", what)
            }
            CredentialsError::WrongToken => {
                let what = "The provided token is malformed or otherwise invalid.";
                Self::bad_request("InvalidToken", what)
            }
            CredentialsError::Expired => {
                Self::bad_request("ExpiredToken", "The provided token has expired.")
            }
        }
    }

    fn chunks(error: ChunkError) -> Self {
        match error {
            ChunkError::Incomplete => incomplete_body(),
            ChunkError::Small => {
                let what = "Only the last chunk is allowed to have a size less than 8192 bytes";
                Self::forbidden("InvalidChunkSizeError", what)
            }
            ChunkError::Signature => Self::forbidden("SignatureDoesNotMatch", MISMATCH),
            ChunkError::Trailer => malformed_trailer(),
        }
    }
}

fn incomplete_body() -> Refusal {
    let what =
        "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    Refusal::bad_request("IncompleteBody", what)
}

fn malformed_trailer() -> Refusal {
    let what = "The request contained trailing data that was not well-formed or did not conform to our published \
                schema.";
    Refusal::bad_request("MalformedTrailerError", what)
}

/// An extension of a request whose signature was checked here.
#[derive(Clone, Copy)]
pub(super) struct Admitted;

/// What a request says of its body.
enum Payload {
    /// Its hash, in hexadecimal.
    Whole(String),
    Unsigned,
    Chunks(Form),
}

impl Payload {
    fn read(text: &str) -> Result<Self, Refusal> {
        let (mut signed, mut trailer) = (true, true);
        match text {
            UNSIGNED => return Ok(Self::Unsigned),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => trailer = false,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {}
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => signed = false,
            hash if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                return Ok(Self::Whole(hash.to_owned()));
            }
            _ => {
                let what = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                            STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a \
                            valid sha256 value.";
                return Err(Refusal::bad_request("InvalidArgument", what));
            }
        }
        Ok(Self::Chunks(Form { signed, trailer }))
    }
}

/// Checks the signature of a request to the endpoint of its Region, and of its body; hands it on without either.
pub(super) async fn admit(
    state: &LabState,
    request: Request,
    now: SystemTime,
) -> Result<http::Request<Body>, Refusal> {
    let Request { head, body, region } = request;
    if has_other_signature(&head) {
        return Ok(http::Request::from_parts(head, unread(body)));
    }
    let hash = payload_hash(&head)?;
    let payload = Payload::read(&hash)?;
    let (key, seed) = signer(state, &head, &region, &hash, now)?;
    let chain = Chain {
        key: &key,
        seed: &seed,
    };
    let mut plain = plain(head);
    let body = match payload {
        Payload::Unsigned => return Ok(http::Request::from_parts(plain, unread(body))),
        Payload::Whole(hash) => {
            let bytes = read(body).await?;
            if !hash.eq_ignore_ascii_case(&hex::encode(Sha256::digest(&bytes))) {
                let what =
                    "The provided 'x-amz-content-sha256' header does not match what was computed.";
                return Err(Refusal::bad_request("XAmzContentSHA256Mismatch", what));
            }
            bytes
        }
        Payload::Chunks(form) => dechunked(&mut plain.headers, body, form, &chain).await?,
    };
    Ok(http::Request::from_parts(plain, Body::from(body)))
}

/// Whether a request has one of the signatures that are left to `s3s`: version 2 in the query, as botocore presigns
/// for an endpoint that it does not know, or that of a form.
fn has_other_signature(head: &Parts) -> bool {
    if head.headers.contains_key(AUTHORIZATION) || sigv4::is_presigned(head) {
        return false;
    }
    let query = head.uri.query().unwrap_or_default();
    let kind = head.headers.get(CONTENT_TYPE);
    let form = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"));
    sigv4::parameter(query, "Signature").is_some() || (head.method == Method::POST && form)
}

/// The last part of what was signed.
fn payload_hash(head: &Parts) -> Result<String, Refusal> {
    let query = head.uri.query().unwrap_or_default();
    let header = head
        .headers
        .get(CONTENT_SHA256)
        .and_then(|value| value.to_str().ok());
    match header {
        Some(hash) => Ok(hash.to_owned()),
        None if sigv4::is_presigned(head) => {
            let named = sigv4::parameter(query, "X-Amz-Content-Sha256");
            Ok(named.map_or_else(|| UNSIGNED.to_owned(), Into::into))
        }
        None if head.headers.contains_key(AUTHORIZATION) => {
            let what = "Missing required header for this request: x-amz-content-sha256";
            Err(Refusal::bad_request("InvalidRequest", what))
        }
        None => Ok(UNSIGNED.to_owned()),
    }
}

/// The key that a request's head was signed with, and the signature, if everything about them is right.
fn signer(
    state: &LabState,
    head: &Parts,
    region: &str,
    hash: &str,
    now: SystemTime,
) -> Result<(SigningKey, String), Refusal> {
    let (issuer, dialect) = (&state.issuer, Dialect::S3);
    let presigned = sigv4::is_presigned(head) && !head.headers.contains_key(AUTHORIZATION);
    let refused = |error| Refusal::signature(error, presigned);
    let authorization = Authorization::read(head, dialect).map_err(refused)?;
    authorization.check_scope(region, "s3").map_err(refused)?;
    authorization.check_time(now, dialect).map_err(refused)?;
    let id = &authorization.access_key_id;
    let secret = issuer.secret_of(id);
    let secret = secret.ok_or_else(|| Refusal::credentials(CredentialsError::UnknownKey))?;
    authorization.check_signed_headers(head).map_err(refused)?;
    let key = authorization.check_signature(head, hash, &secret, dialect);
    let key = key.map_err(refused)?;
    let header = head
        .headers
        .get(TOKEN)
        .and_then(|token| token.to_str().ok());
    let token = authorization.session_token.as_deref().or(header);
    issuer.check(id, token, now).map_err(Refusal::credentials)?;
    Ok((key, authorization.signature.into_owned()))
}

/// The head without what signs it, and known to have been signed.
fn plain(mut head: Parts) -> Parts {
    const PARAMETERS: [&str; 8] = [
        "X-Amz-Algorithm",
        "X-Amz-Content-Sha256",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    ];
    for name in [AUTHORIZATION, CONTENT_SHA256, TOKEN] {
        head.headers.remove(name);
    }
    head.extensions.insert(Admitted);
    let query = head.uri.query().unwrap_or_default().split('&');
    let kept =
        query.filter(|pair| !PARAMETERS.contains(&pair.split('=').next().unwrap_or_default()));
    let query = kept.collect::<Vec<_>>().join("&");
    let path = match query.as_str() {
        "" => head.uri.path().to_owned(),
        query => format!("{}?{query}", head.uri.path()),
    };
    // It is made of what was one.
    if let Ok(path) = PathAndQuery::try_from(path) {
        head.uri = Uri::from(path);
    }
    head
}

fn unread(body: RequestBody) -> Body {
    match body {
        RequestBody::Read(bytes) => Body::from(bytes),
        RequestBody::Unread(incoming) => Body::from(incoming),
    }
}

/// A body as it came over the wire, whose framing may take a sixteenth of it.
async fn read(body: RequestBody) -> Result<Bytes, Refusal> {
    let limit = LARGEST_OBJECT + LARGEST_OBJECT / 16;
    let read = Limited::new(unread(body), limit).collect().await;
    read.map(Collected::to_bytes).map_err(|error| {
        if error.is::<LengthLimitError>() {
            Refusal::bad_request("EntityTooLarge", "The lab takes up to 256 MiB")
        } else {
            incomplete_body()
        }
    })
}

/// The data in a body of chunks; its trailers are headers from here on.
async fn dechunked(
    headers: &mut HeaderMap,
    body: RequestBody,
    form: Form,
    chain: &Chain<'_>,
) -> Result<Bytes, Refusal> {
    let length = headers.remove(DECODED_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let Some(length) = length else {
        let (status, what) = (
            StatusCode::LENGTH_REQUIRED,
            "You must provide the Content-Length HTTP header.",
        );
        return Err(Refusal::new(status, "MissingContentLength", what));
    };
    let announced = announced(headers);
    let decoded = chunks::decode(&read(body).await?, form, chain).map_err(Refusal::chunks)?;
    if decoded.data.len() != length {
        return Err(incomplete_body());
    }
    let is_there = |name: &String| decoded.trailers.contains_key(name);
    if announced.len() != decoded.trailers.len() || !announced.iter().all(is_there) {
        return Err(malformed_trailer());
    }
    headers.extend(decoded.trailers);
    headers.insert(CONTENT_LENGTH, length.into());
    drop_chunked(headers);
    Ok(decoded.data.into())
}

/// The names of the trailers that are to come.
fn announced(headers: &mut HeaderMap) -> Vec<String> {
    let values = headers
        .get_all(TRAILER)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).map(str::trim);
    let names = names.map(str::to_owned).collect();
    headers.remove(TRAILER);
    names
}

/// The encoding of the object alone: that of the transfer is over.
fn drop_chunked(headers: &mut HeaderMap) {
    let encodings = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let Some(encodings) = encodings else {
        return;
    };
    let own = encodings.split(',').map(str::trim);
    let own: Vec<&str> = own.filter(|encoding| *encoding != "aws-chunked").collect();
    match HeaderValue::from_str(&own.join(",")) {
        Ok(own) if !own.is_empty() => drop(headers.insert(CONTENT_ENCODING, own)),
        _ => drop(headers.remove(CONTENT_ENCODING)),
    }
}
