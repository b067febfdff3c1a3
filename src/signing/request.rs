//! A request and its signature, by the crate that the SDK signs with.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningError, SigningInstructions, SigningParams, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::{v4, v4a};
use aws_sigv4::{SignatureVersion, SigningOutput};
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;

/// The keys of AWS's documentation, which open nothing.
pub const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
/// See [`ACCESS_KEY_ID`].
pub const SECRET_ACCESS_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// What is signed of a request's payload.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Its SHA-256.
    Signed(Bytes),
    /// Nothing: `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// Nothing, but a checksum follows it: `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    Trailer,
}

/// A request with all that its signature depends on.
#[derive(Clone, Debug)]
pub struct UnsignedRequest {
    pub method: String,
    /// Percent-encoded.
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub payload: Payload,
    pub service: String,
    /// For `SigV4a` the set of Regions.
    pub region: String,
    pub time: SystemTime,
    pub version: SignatureVersion,
    /// Presigned for so long; signed in its headers if `None`.
    pub expires_in: Option<Duration>,
    /// Of the documentation, from [`example_identity`].
    pub identity: Identity,
}

/// A signed request.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SignedRequest {
    pub signature: String,
    /// `None` where the signature is in the URL.
    pub authorization: Option<String>,
    pub url: String,
    pub headers: BTreeMap<String, String>,
}

/// Why a request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("the request cannot be signed")]
    Signing(#[from] SigningError),
    #[error("the request is not valid HTTP")]
    Http(#[from] http::Error),
}

/// The documentation's credentials, with a session token if one is wanted.
pub fn example_identity(session_token: Option<&str>) -> Identity {
    Credentials::new(
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        session_token.map(str::to_owned),
        None,
        "documentation example",
    )
    .into()
}

impl UnsignedRequest {
    /// Signs the request: what the SDK does in its signing phase between taking the request apart and
    /// applying the result.
    ///
    /// # Errors
    ///
    /// When the request cannot be signed.
    pub fn sign(&self) -> Result<SigningOutput<SigningInstructions>, SigningError> {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&self.method, &self.url, headers, self.body())?;
        sign(signable, &self.params())
    }

    /// Signs the request and applies the signature to it.
    ///
    /// # Errors
    ///
    /// When the request cannot be signed or is not valid HTTP.
    pub fn signed(&self) -> Result<SignedRequest, RequestError> {
        let (instructions, signature) = self.sign()?.into_parts();
        let mut request = self.http()?;
        instructions.apply_to_request_http1x(&mut request);
        let headers = request.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        });
        let headers: BTreeMap<_, _> = headers.collect();
        Ok(SignedRequest {
            signature,
            authorization: headers.get("authorization").cloned(),
            url: request.uri().to_string(),
            headers,
        })
    }

    /// The request as it is before it is signed, without its payload.
    pub(super) fn http(&self) -> Result<http::Request<()>, http::Error> {
        let request = http::Request::builder().method(self.method.as_str());
        let mut request = request.uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(())
    }

    fn body(&self) -> SignableBody<'_> {
        match &self.payload {
            Payload::Signed(bytes) => SignableBody::Bytes(bytes),
            Payload::Unsigned => SignableBody::UnsignedPayload,
            Payload::Trailer => SignableBody::StreamingUnsignedPayloadTrailer,
        }
    }

    fn params(&self) -> SigningParams<'_> {
        let set = "every parameter is set";
        if self.version == SignatureVersion::V4a {
            let params = v4a::SigningParams::builder()
                .identity(&self.identity)
                .region_set(&self.region)
                .name(&self.service)
                .time(self.time)
                .settings(self.settings());
            return params.build().expect(set).into();
        }
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name(&self.service)
            .time(self.time)
            .settings(self.settings());
        params.build().expect(set).into()
    }

    /// As the SDK's endpoint rules set them: S3 encodes the path once, leaves it as it is and sends the
    /// payload's hash; every other service does the opposite.
    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if self.expires_in.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = self.expires_in;
        }
        settings
    }
}
