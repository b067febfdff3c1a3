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
use clap::ValueEnum;

use super::bench::Arm;
use super::checksum;
use super::example::{get, put, session_token};
use super::payload::{Payloads, Size};
use super::request::{ACCESS_KEY_ID, Payload, RequestError, SECRET_ACCESS_KEY, UnsignedRequest};
use super::steps;

/// Calls per sample of [`Case::BareLoop`].
const BARE_LOOP: u32 = 32;

/// Something to be timed; each is one arm or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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
    pub fn defaults() -> Vec<Self> {
        let all = Self::value_variants().iter().copied();
        all.filter(|case| *case != Self::BareLoop).collect()
    }

    /// The arms of this case.
    ///
    /// # Errors
    ///
    /// When one of the requests that are built into the program cannot be signed.
    pub fn arms(self, payloads: &Payloads) -> Result<Vec<Arm>, RequestError> {
        let one = |arm| Ok(vec![arm]);
        match self {
            Self::Header => one(signing("header", get(None))?),
            Self::SessionToken => one(signing(
                "header-session-token",
                get(Some(&session_token())),
            )?),
            Self::Presign => {
                let request = UnsignedRequest {
                    expires_in: Some(Duration::from_hours(1)),
                    payload: Payload::Unsigned,
                    ..get(None)
                };
                one(signing("presign", request)?)
            }
            Self::Sigv4a => sigv4a(),
            Self::Steps => step_arms(),
            Self::CachedKey => cached_key(),
            Self::Payload => payload_arms(payloads),
            Self::Checksum => Ok(checksum_arms(payloads)),
            Self::Trailer => trailer_arms(payloads),
            Self::BareLoop => one(bare_loop()),
        }
    }
}

/// Signs `request` over and over.
fn signing(name: impl Into<String>, request: UnsignedRequest) -> Result<Arm, RequestError> {
    request.sign()?;
    Ok(Arm::new(name, move || request.sign()))
}

fn sigv4a() -> Result<Vec<Arm>, RequestError> {
    let request = UnsignedRequest {
        version: SignatureVersion::V4a,
        region: "*".to_owned(),
        ..get(None)
    };
    let text = steps::string_to_sign(&request, &steps::canonical_request(&request)?);
    let derived_key = || v4a::generate_signing_key(ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    let key = derived_key().as_ref().to_vec();
    Ok(vec![
        signing("sigv4a", request)?,
        Arm::new("sigv4a-derive-key", derived_key),
        Arm::new("sigv4a-ecdsa", move || {
            v4a::calculate_signature(&key, text.as_bytes())
        }),
    ])
}

fn step_arms() -> Result<Vec<Arm>, RequestError> {
    let request = Arc::new(get(None));
    let canonical = steps::canonical_request(&request)?;
    let text = steps::string_to_sign(&request, &canonical);
    let key = steps::signing_key(&request).as_ref().to_vec();
    let (first, second, third) = (Arc::clone(&request), Arc::clone(&request), request);
    Ok(vec![
        Arm::new("derive-key", move || steps::signing_key(&first)),
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

fn cached_key() -> Result<Vec<Arm>, RequestError> {
    let request = Arc::new(get(None));
    let key = steps::signing_key(&request).as_ref().to_vec();
    steps::authorization(&request, &key)?;
    let again = Arc::clone(&request);
    Ok(vec![
        Arm::new("derived-key-own", move || {
            steps::authorization(&request, steps::signing_key(&request))
        }),
        Arm::new("cached-key-own", move || steps::authorization(&again, &key)),
    ])
}

fn payload_arms(payloads: &Payloads) -> Result<Vec<Arm>, RequestError> {
    let checksum = ("x-amz-checksum-crc32", "y/Q5Jg==");
    let unsigned = put(Payload::Unsigned, 1 << 20, &[checksum]);
    let mut arms = vec![signing("payload-unsigned", unsigned)?];
    for payload in &payloads.signed {
        let size = Size(payload.len() as u64);
        let request = put(Payload::Signed(payload.clone()), size.0, &[checksum]);
        let arm = signing(format!("payload-{size}"), request)?;
        arms.push(if size.0 > 0 { arm.over(size.0) } else { arm });
    }
    Ok(arms)
}

fn checksum_arms(payloads: &Payloads) -> Vec<Arm> {
    each_checked(payloads, |algorithm, payload, size| {
        let name = format!("checksum-{}-{size}", algorithm.as_str());
        Arm::new(name, move || checksum::of(algorithm, &payload)).over(size.0)
    })
}

fn trailer_arms(payloads: &Payloads) -> Result<Vec<Arm>, RequestError> {
    let request = |algorithm: ChecksumAlgorithm, size: Size| {
        let length = size.0.to_string();
        let trailer = format!("x-amz-checksum-{}", algorithm.as_str());
        let sent = checksum::encoded_length(algorithm, size.0);
        let more = [
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", length.as_str()),
            ("x-amz-trailer", trailer.as_str()),
        ];
        put(Payload::Trailer, sent, &more)
    };
    request(ChecksumAlgorithm::Crc32, Size(0)).sign()?;
    Ok(each_checked(payloads, |algorithm, payload, size| {
        let request = request(algorithm, size);
        let name = format!("trailer-{}-{size}", algorithm.as_str());
        let send = move || checksum::send_with_trailer(algorithm, &payload);
        Arm::new(name, move || (request.sign(), send())).over(size.0)
    }))
}

fn each_checked(
    payloads: &Payloads,
    arm: impl Fn(ChecksumAlgorithm, Bytes, Size) -> Arm,
) -> Vec<Arm> {
    let of_payload = |payload: &Bytes| {
        checksum::ALGORITHMS
            .map(|algorithm| arm(algorithm, payload.clone(), Size(payload.len() as u64)))
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
    let mut arm = Arm::new("bare-loop", operation);
    arm.batch = Some(BARE_LOOP);
    arm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_steps_lead_to_the_signature_of_the_crate() {
        let payload = Bytes::from_static(b"payload");
        let trailer = ("x-amz-trailer", "x-amz-checksum-crc32");
        for request in [
            get(None),
            get(Some(&session_token())),
            put(Payload::Signed(payload), 7, &[]),
            put(Payload::Unsigned, 7, &[]),
            put(Payload::Trailer, 7, &[trailer]),
        ] {
            let signed = request.signed().unwrap();
            let key = steps::signing_key(&request);
            let own = steps::authorization(&request, key).unwrap();
            assert_eq!(signed.headers["authorization"], own);
        }
    }

    #[test]
    fn every_case_has_arms_and_no_two_share_a_name() {
        let payloads = Payloads::new(&[Size(0), Size(1024)], &[Size(1024)]);
        let all = Case::value_variants().iter();
        let arms: Vec<Arm> = all.flat_map(|case| case.arms(&payloads).unwrap()).collect();
        let names: std::collections::BTreeSet<_> = arms.iter().map(|arm| &arm.name).collect();
        assert_eq!(names.len(), arms.len());
    }
}
