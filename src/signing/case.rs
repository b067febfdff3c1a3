//! What can be timed: whole signatures, their steps, and payloads.
//!
//! The requests are what the SDK's S3 client signs: a GET without a body and a PUT with one, to the
//! documentation's example bucket, with the documentation's keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::SignatureVersion;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_checksums::ChecksumAlgorithm;
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use super::bench::Arm;
use super::checksum;
use super::request::{
    ACCESS_KEY_ID, Payload, Request, RequestError, SECRET_ACCESS_KEY, example_identity,
};
use super::steps::{self, StepError};

/// Calls per sample of [`Case::BareLoop`].
const BARE_LOOP: u32 = 32;

/// Three times the session token of the STS documentation: as long as today's tokens are.
const SESSION_TOKEN: &str = concat!(
    "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
    "/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE",
    "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
    "/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE",
    "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
    "/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE",
);

/// Something to be timed; each is one arm or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Case {
    /// The signature in the headers of a GET
    Header,
    /// The same with a session token of 720 bytes
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
                    expires_in: Some(Duration::from_secs(3600)),
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

/// A number of bytes, as `0B`, `512B`, `64KiB`, `1MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    const UNITS: [(&'static str, u64); 4] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ];
    /// Larger payloads would measure the machine's memory.
    const LARGEST: Self = Self(1 << 30);
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &(&str, u64)| self.0 >= *unit && self.0.is_multiple_of(*unit);
        let (name, unit) = Self::UNITS.into_iter().find(fits).unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::UNITS
            .into_iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
        let (number, unit) = known.unwrap_or((text, 1));
        number
            .trim()
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .map(Self)
            .filter(|size| *size <= Self::LARGEST)
            .ok_or_else(|| {
                format!(
                    "expected a size up to {}, such as 0B, 64KiB or 10MiB",
                    Self::LARGEST
                )
            })
    }
}

/// The payloads of the cases that have one.
#[derive(Clone, Debug)]
pub struct Payloads {
    signed: Vec<Bytes>,
    checked: Vec<Bytes>,
}

impl Payloads {
    /// Sizes of signed payloads unless others are asked for.
    pub const SIGNED: [Size; 6] = [
        Size(0),
        Size(1 << 10),
        Size(64 << 10),
        Size(1 << 20),
        Size(10 << 20),
        Size(100 << 20),
    ];
    /// Sizes of payloads that checksums are taken of, unless others are asked for.
    pub const CHECKED: [Size; 1] = [Size(1 << 20)];

    /// Payloads of these sizes. They share one buffer of noise: pages of zeros would all be the same
    /// page of memory, and stay in the cache.
    #[must_use]
    pub fn new(signed: &[Size], checked: &[Size]) -> Self {
        let largest = signed.iter().chain(checked).max().map_or(0, |size| size.0);
        let mut noise = vec![0; largest as usize];
        SmallRng::seed_from_u64(1).fill_bytes(&mut noise);
        let noise = Bytes::from(noise);
        let slices = |sizes: &[Size]| {
            let slice = |size: &Size| noise.slice(..size.0 as usize);
            sizes.iter().map(slice).collect()
        };
        Self {
            signed: slices(signed),
            checked: slices(checked),
        }
    }
}

const CHECKSUMS: [ChecksumAlgorithm; 3] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha256,
];

/// A GET as the SDK's S3 client signs it.
fn get(session_token: Option<&str>) -> Request {
    Request {
        method: "GET".to_owned(),
        url: "https://examplebucket.s3.us-east-1.amazonaws.com/photos/2013/May%2024/sample.jpg?x-id=GetObject"
            .to_owned(),
        headers: headers(&[("x-amz-checksum-mode", "ENABLED")]),
        payload: Payload::Signed(Bytes::new()),
        service: "s3".to_owned(),
        region: "us-east-1".to_owned(),
        // 2013-05-24T00:00:00Z, as in the documentation.
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600),
        version: SignatureVersion::V4,
        expires_in: None,
        identity: example_identity(session_token),
    }
}

/// A PUT as the SDK's S3 client signs it.
fn put(payload: Payload, size: usize, more: &[(&str, &str)]) -> Request {
    let length = size.to_string();
    let mut all = vec![
        ("content-type", "application/octet-stream"),
        ("content-length", &length),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
    ];
    all.extend(more);
    Request {
        method: "PUT".to_owned(),
        url: "https://examplebucket.s3.us-east-1.amazonaws.com/photos/2013/May%2024/sample.jpg?x-id=PutObject"
            .to_owned(),
        headers: headers(&all),
        payload,
        ..get(None)
    }
}

fn headers(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let agent = "aws-sdk-rust/1.3.9 ua/2.1 api/s3/1.157.0 os/linux lang/rust/1.94.0 m/E,b";
    let mut all = vec![("x-amz-user-agent", agent), ("user-agent", agent)];
    all.extend(more);
    let owned = all
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.collect()
}

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

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for text in ["0B", "1B", "1KiB", "1536B", "64KiB", "10MiB", "1GiB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        assert_eq!("2048".parse(), Ok(Size(2048)));
        for text in ["", "-1", "1kb", "2GiB", "99999999999999999999GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
