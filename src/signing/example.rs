//! The requests that are timed: what the SDK's S3 client signs for a GET without a body and a PUT with
//! one, to the documentation's example bucket, with the documentation's keys.

use std::time::{Duration, SystemTime};

use aws_sigv4::SignatureVersion;
use bytes::Bytes;

use super::request::{Payload, UnsignedRequest, example_identity};

/// Three times the session token of the STS documentation: as long as today's tokens are.
pub(super) fn session_token() -> String {
    const DOCUMENTED: &str = concat!(
        "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
        "/IvU1dYUg2RVAJBanLiHb4IgRmpRV3zrkuWJOgQs8IZZaIv2BXIa2R4OlgkBN9bkUDNCJiBeb/AXlzBBko7b15fjrBs2+cTQtpZ3CYWFXG8C5zqx37wnOE49mRl/+OtkIKGO7fAE",
    );
    DOCUMENTED.repeat(3)
}

/// A GET as the SDK's S3 client signs it.
pub(super) fn get(session_token: Option<&str>) -> UnsignedRequest {
    UnsignedRequest {
        method: "GET".to_owned(),
        url: "https://examplebucket.s3.us-east-1.amazonaws.com/photos/2013/May%2024/sample.jpg?x-id=GetObject"
            .to_owned(),
        headers: headers(&[("x-amz-checksum-mode", "ENABLED")]),
        payload: Payload::Signed(Bytes::new()),
        service: "s3".to_owned(),
        region: "us-east-1".to_owned(),
        // 2013-05-24T00:00:00Z, as in the documentation.
        time: SystemTime::UNIX_EPOCH + Duration::from_hours(380_376),
        version: SignatureVersion::V4,
        expires_in: None,
        identity: example_identity(session_token),
    }
}

/// A PUT as the SDK's S3 client signs it.
pub(super) fn put(payload: Payload, size: u64, more: &[(&str, &str)]) -> UnsignedRequest {
    let length = size.to_string();
    let mut all = vec![
        ("content-type", "application/octet-stream"),
        ("content-length", &length),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
    ];
    all.extend(more);
    UnsignedRequest {
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
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
