//! Requests as other programs write them, and their signatures as other programs read them.
//!
//! A file of these is signed by this program and by another signer; the signatures must be the same,
//! byte for byte. They are signed with the keys of AWS's documentation, never with anybody's own.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sigv4::SignatureVersion;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::request::{Payload, RequestError, SignedRequest, UnsignedRequest, example_identity};

/// A request to be signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    pub name: String,
    #[serde(default)]
    pub kind: Kind,
    pub method: String,
    /// Percent-encoded.
    pub url: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// UTF-8.
    #[serde(default)]
    pub payload: String,
    #[serde(default)]
    pub unsigned_payload: bool,
    pub service: String,
    pub region: String,
    /// RFC 3339.
    pub time: String,
    #[serde(default)]
    pub session_token: Option<String>,
    /// Lifetime of a presigned URL.
    #[serde(default = "an_hour")]
    pub expires_s: u64,
}

/// Where the signature goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Header,
    Presign,
}

/// A signed request, with the name that it came with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignedVector {
    pub name: String,
    pub kind: Kind,
    #[serde(flatten)]
    pub signed: SignedRequest,
}

/// Why a file of vectors could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    #[error("the requests are not a JSON array of requests to sign")]
    Json(#[from] serde_json::Error),
    #[error("request `{name}`: `{time}` is not a time")]
    Time {
        name: String,
        time: String,
        source: time::error::Parse,
    },
    #[error("request `{name}`")]
    Request { name: String, source: RequestError },
}

/// Signs every request of a JSON array.
///
/// # Errors
///
/// When `json` is no such array, or one of its requests cannot be signed.
pub fn sign_all(json: &[u8]) -> Result<Vec<SignedVector>, VectorError> {
    let vectors: Vec<Vector> = serde_json::from_slice(json)?;
    vectors.into_iter().map(Vector::sign).collect()
}

impl Vector {
    fn sign(self) -> Result<SignedVector, VectorError> {
        let (name, kind) = (self.name.clone(), self.kind);
        match self.request()?.signed() {
            Err(source) => Err(VectorError::Request { name, source }),
            Ok(signed) => Ok(SignedVector { name, kind, signed }),
        }
    }

    fn request(self) -> Result<UnsignedRequest, VectorError> {
        let time = OffsetDateTime::parse(&self.time, &Rfc3339);
        let time = time.map_err(|source| VectorError::Time {
            name: self.name,
            time: self.time,
            source,
        })?;
        Ok(UnsignedRequest {
            method: self.method,
            url: self.url,
            headers: self.headers.into_iter().collect(),
            payload: if self.unsigned_payload {
                Payload::Unsigned
            } else {
                Payload::Signed(Bytes::from(self.payload))
            },
            service: self.service,
            region: self.region,
            time: time.into(),
            version: SignatureVersion::V4,
            expires_in: (self.kind == Kind::Presign).then(|| Duration::from_secs(self.expires_s)),
            identity: example_identity(self.session_token.as_deref()),
        })
    }
}

fn an_hour() -> u64 {
    3600
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From "Signature calculations for the Authorization header" of the S3 documentation, GET Object.
    #[test]
    fn the_example_of_the_s3_documentation_comes_out_as_printed_there() {
        let json = r#"[{
            "name": "GET object", "method": "GET", "url": "https://examplebucket.s3.amazonaws.com/test.txt",
            "headers": {"range": "bytes=0-9"},
            "service": "s3", "region": "us-east-1", "time": "2013-05-24T00:00:00Z"
        }]"#;
        let signed = sign_all(json.as_bytes()).unwrap();
        assert_eq!(
            signed[0].signed.signature,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn what_is_wrong_with_a_request_is_said_with_its_name() {
        let json = r#"[{"name": "late", "method": "GET", "url": "https://a.example/", "service": "s3",
            "region": "us-east-1", "time": "yesterday"}]"#;
        let error = sign_all(json.as_bytes()).unwrap_err().to_string();
        assert!(
            error.contains("late") && error.contains("yesterday"),
            "{error}"
        );
    }
}
