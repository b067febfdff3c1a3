//! What can be timed: whole signatures, their steps, and payloads.

use std::sync::Arc;
use std::time::Duration;

use aws_sigv4::SignatureVersion;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_checksums::ChecksumAlgorithm;
use bytes::Bytes;

use super::bench::Arm;
use super::checksum;
use super::example::{SESSION_TOKEN, get, put};
use super::payload::{Payloads, Size};
use super::request::{ACCESS_KEY_ID, Payload, Request, RequestError, SECRET_ACCESS_KEY};
use super::steps::{self, StepError};

/// Calls per sample of [`Case::BareLoop`].
const BARE_LOOP: u32 = 32;

/// Something to be timed; each is one arm or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Case {
    /// The signature in the headers of a GET
    Header,
    /// The same with a session token of some 700 bytes
    SessionToken,
    /// The same in the URL
    Presign,
    /// The same with `SigV4a`: whole, its key derived, and its ECDSA with a kept key
    Sigv4a,
    /// The steps of header signing: derived key, canonical request, string to sign, HMAC
    Steps,
    /// Header signing by this program's own steps, with a derived and with a kept key
    CachedKey,
    /// Header signing of a PUT by size of its payload, and with an unsigned payload
    Payload,
    /// CRC32, CRC64NVME and SHA-256 of a payload in memory
    Checksum,
    /// A streamed PUT with a checksum trailer: signature, checksum and aws-chunked encoding
    Trailer,
    /// A bare loop over the aws-sigv4 crate, to hold `header` against; only when asked for
    BareLoop,
}

impl Case {
    /// What is timed unless something else is asked for.
    pub const DEFAULT: [Self; 9] = [
        Self::Header,
        Self::SessionToken,
        Self::Presign,
        Self::Sigv4a,
        Self::Steps,
        Self::CachedKey,
        Self::Payload,
        Self::Checksum,
        Self::Trailer,
    ];

    /// The arms of this case.
    pub fn arms(self, payloads: &Payloads) -> Result<Vec<Arm>, CaseError> {
        match self {
            Self::Header => Ok(vec![signing("header", get(None), 0)?]),
            Self::SessionToken => {
                let request = get(Some(SESSION_TOKEN));
                Ok(vec![signing("header-session-token", request, 0)?])
            }
            Self::Presign => {
                let request = Request {
                    expires_in: Some(Duration::from_hours(1)),
                    payload: Payload::Unsigned,
                    ..get(None)
                };
                Ok(vec![signing("presign", request, 0)?])
            }
            Self::Sigv4a => sigv4a(),
            Self::Steps => step_arms(),
            Self::CachedKey => cached_key(),
            Self::Payload => payload_arms(payloads),
            Self::Checksum => Ok(checksum_arms(payloads)),
            Self::Trailer => trailer_arms(payloads),
            Self::BareLoop => Ok(vec![bare_loop()]),
        }
    }
}

/// Why a case cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Step(#[from] StepError),
}

const CHECKSUMS: [ChecksumAlgorithm; 3] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha256,
];

/// Signs `request` over and over.
fn signing(name: impl Into<String>, request: Request, bytes: usize) -> Result<Arm, CaseError> {
    request.sign().map_err(RequestError::from)?;
    let arm = Arm::new(name, move || request.sign());
    Ok(if bytes > 0 {
        arm.over(bytes as u64)
    } else {
        arm
    })
}

fn sigv4a() -> Result<Vec<Arm>, CaseError> {
    let request = Request {
        version: SignatureVersion::V4a,
        region: "*".to_owned(),
        ..get(None)
    };
    let text = steps::string_to_sign(&request, &steps::canonical_request(&request)?);
    let key = v4a::generate_signing_key(ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    let key = key.as_ref().to_vec();
    Ok(vec![
        signing("sigv4a", request, 0)?,
        Arm::new("sigv4a-derive-key", || {
            v4a::generate_signing_key(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
        }),
        Arm::new("sigv4a-ecdsa", move || {
            v4a::calculate_signature(&key, text.as_bytes())
        }),
    ])
}

fn step_arms() -> Result<Vec<Arm>, CaseError> {
    let request = Arc::new(get(None));
    let canonical = steps::canonical_request(&request)?;
    let text = steps::string_to_sign(&request, &canonical);
    let key = steps::signing_key(&request)?.as_ref().to_vec();
    let (first, second, third) = (Arc::clone(&request), Arc::clone(&request), request);
    Ok(vec![
        Arm::new("derive-key", move || {
            v4::generate_signing_key(SECRET_ACCESS_KEY, first.time, &first.region, &first.service)
        }),
        Arm::new("canonical-request-own", move || {
            steps::canonical_request(&second)
        }),
        Arm::new("string-to-sign-own", move || {
            steps::string_to_sign(&third, &canonical)
        }),
        Arm::new("hmac", move || {
            v4::calculate_signature(&key, text.as_bytes())
        }),
    ])
}

fn cached_key() -> Result<Vec<Arm>, CaseError> {
    let request = Arc::new(get(None));
    let key = steps::signing_key(&request)?.as_ref().to_vec();
    steps::authorization(&request, &key)?;
    let again = Arc::clone(&request);
    Ok(vec![
        Arm::new("derived-key-own", move || {
            steps::signing_key(&request).and_then(|key| steps::authorization(&request, key))
        }),
        Arm::new("cached-key-own", move || steps::authorization(&again, &key)),
    ])
}

fn payload_arms(payloads: &Payloads) -> Result<Vec<Arm>, CaseError> {
    let checksum = ("x-amz-checksum-crc32", "y/Q5Jg==");
    let unsigned = put(Payload::Unsigned, 1 << 20, &[checksum]);
    let mut arms = vec![signing("payload-unsigned", unsigned, 0)?];
    for payload in &payloads.signed {
        let size = payload.len();
        let request = put(Payload::Signed(payload.clone()), size, &[checksum]);
        arms.push(signing(
            format!("payload-{}", Size(size as u64)),
            request,
            size,
        )?);
    }
    Ok(arms)
}

fn checksum_arms(payloads: &Payloads) -> Vec<Arm> {
    each_checked(payloads, |algorithm, payload, size| {
        let name = format!("checksum-{}-{size}", algorithm.as_str());
        Arm::new(name, move || checksum::of(algorithm, &payload)).over(size.0)
    })
}

fn trailer_arms(payloads: &Payloads) -> Result<Vec<Arm>, CaseError> {
    let request = |algorithm: ChecksumAlgorithm, size: Size| {
        let length = size.0.to_string();
        let trailer = format!("x-amz-checksum-{}", algorithm.as_str());
        let sent = checksum::encoded_length(algorithm, size.0) as usize;
        let more = [
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", length.as_str()),
            ("x-amz-trailer", trailer.as_str()),
        ];
        put(Payload::Trailer, sent, &more)
    };
    request(ChecksumAlgorithm::Crc32, Size(0))
        .sign()
        .map_err(RequestError::from)?;
    Ok(each_checked(payloads, |algorithm, payload, size| {
        let request = request(algorithm, size);
        let name = format!("trailer-{}-{size}", algorithm.as_str());
        let operation = move || {
            (
                request.sign(),
                checksum::send_with_trailer(algorithm, &payload),
            )
        };
        Arm::new(name, operation).over(size.0)
    }))
}

fn each_checked(
    payloads: &Payloads,
    arm: impl Fn(ChecksumAlgorithm, Bytes, Size) -> Arm,
) -> Vec<Arm> {
    let of_payload = |payload: &Bytes| {
        CHECKSUMS.map(|algorithm| arm(algorithm, payload.clone(), Size(payload.len() as u64)))
    };
    payloads.checked.iter().flat_map(of_payload).collect()
}

/// What [`Case::Header`] does, written down as a user of `aws-sigv4` would, with nothing in between.
fn bare_loop() -> Arm {
    let request = get(None);
    let operation = move || {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&request.identity)
            .region("us-east-1")
            .name("s3")
            .time(request.time)
            .settings(settings)
            .build()
            .expect("every parameter is set")
            .into();
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(
            "GET",
            request.url.as_str(),
            headers,
            SignableBody::Bytes(&[]),
        )?;
        sign(signable, &params)
    };
    Arm::new("bare-loop", operation).in_batches_of(BARE_LOOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_steps_lead_to_the_signature_of_the_crate() {
        let payload = Bytes::from_static(b"payload");
        for request in [
            get(None),
            get(Some(SESSION_TOKEN)),
            put(Payload::Signed(payload), 7, &[]),
            put(Payload::Unsigned, 7, &[]),
            put(
                Payload::Trailer,
                7,
                &[("x-amz-trailer", "x-amz-checksum-crc32")],
            ),
        ] {
            let signed = request.signed().unwrap();
            let (_, theirs) = signed
                .headers
                .iter()
                .find(|(name, _)| name == "authorization")
                .unwrap();
            let key = steps::signing_key(&request).unwrap();
            assert_eq!(&steps::authorization(&request, key).unwrap(), theirs);
        }
    }

    #[test]
    fn every_case_has_arms_and_no_two_share_a_name() {
        let payloads = Payloads::new(&[Size(0), Size(1024)], &[Size(1024)]);
        let all = Case::DEFAULT.into_iter().chain([Case::BareLoop]);
        let arms: Vec<Arm> = all.flat_map(|case| case.arms(&payloads).unwrap()).collect();
        let names: std::collections::BTreeSet<_> = arms.iter().map(|arm| &arm.name).collect();
        assert_eq!(names.len(), arms.len());
    }
}
