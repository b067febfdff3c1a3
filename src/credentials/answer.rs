//! What a source may answer: read whole but within a limit, and looked at before the SDK is, which would panic on some
//! of what a source can say.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use super::learning::learn_from_answer;

/// Bytes of one answer: a hundred times what the longest session token takes.
pub(super) const LARGEST: usize = 1024 * 1024;
/// From 1970 to the end of the year 9999, after which there is no calendar.
const CALENDAR: Duration = Duration::from_hours(70_389_528);
/// Seconds that an IMDS token is asked to last, or lasts.
pub(super) const TOKEN_TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// What is wrong with a source's answer. It quotes nothing of it, which may be secret, and may be anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} gave a bad answer: {what}")]
pub(crate) struct BadAnswer {
    operation: String,
    what: String,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum Unread {
    Bad(BadAnswer),
    /// The connection ended before the answer did.
    Broken(Box<dyn Error + Send + Sync>),
}

/// Reads the body of `response` to its end, and checks what `operation` was answered.
pub(super) async fn read(
    operation: &str,
    mut response: HttpResponse,
) -> Result<HttpResponse, Unread> {
    let bad = |what| {
        Unread::Bad(BadAnswer {
            operation: operation.to_owned(),
            what,
        })
    };
    let body = Limited::new(response.take_body(), LARGEST).collect().await;
    let body = match body {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(bad(format!("it has more than {LARGEST} bytes")));
        }
        Err(error) => return Err(Unread::Broken(error)),
    };
    if ["imds:credentials", "container:credentials"].contains(&operation) {
        learn_from_answer(&String::from_utf8_lossy(&body));
    }
    if response.status().is_success() {
        let ttl = response.headers().get(TOKEN_TTL);
        match operation {
            "imds:token" => token(&body, ttl),
            "imds:role" => role(&body),
            "imds:credentials" | "container:credentials" => document(&body),
            _ => Ok(()),
        }
        .map_err(bad)?;
    }
    *response.body_mut() = SdkBody::from(body);
    Ok(response)
}

/// A token goes into a header of every request, and how long it lasts is added to the time.
fn token(body: &Bytes, ttl: Option<&str>) -> Result<(), String> {
    let text = text(body, "the token")?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the token is empty, or has characters that no header can carry".to_owned());
    }
    let lasts = |ttl: &str| ttl.parse::<u32>().is_ok();
    match ttl {
        Some(ttl) if !lasts(ttl) => {
            Err("how long the token lasts is no number of seconds, or too large a one".to_owned())
        }
        _ => Ok(()),
    }
}

/// A role's name becomes the path of the next request.
fn role(body: &Bytes) -> Result<(), String> {
    let name = text(body, "the name of the role")?;
    if name.is_empty() {
        return Err("the name of the role is empty".to_owned());
    }
    let as_path = Uri::try_from(format!("/{name}"));
    if as_path.is_err() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "the name of the role has {} bytes, or characters that no role's name has",
            name.len()
        ));
    }
    Ok(())
}

/// Times that no calendar has in UTC cannot be computed with. What is no JSON at all is told by whoever wants it.
fn document(body: &Bytes) -> Result<(), String> {
    let text = text(body, "it")?;
    let fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    for (name, value) in &fields {
        let is_time = ["Expiration", "ExpiresAt"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known));
        let stated = value.as_str().filter(|_| is_time);
        let time = stated.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        if time.is_some_and(|time| time.checked_to_offset(UtcOffset::UTC).is_none()) {
            return Err(format!("`{name}` is beyond the calendar"));
        }
    }
    Ok(())
}

fn text<'a>(body: &'a Bytes, what: &str) -> Result<&'a str, String> {
    std::str::from_utf8(body).map_err(|_| format!("{what} is not text in UTF-8"))
}

/// Credentials that can be signed with, and whose end can be told: the ID of their key and their token become headers.
pub(super) fn usable(operation: &str, credentials: &Credentials) -> Result<(), BadAnswer> {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let key_id = credentials.access_key_id();
    let what = if key_id.is_empty() || credentials.secret_access_key().is_empty() {
        "the access key is empty"
    } else if !plain(key_id) {
        "the ID of the access key has characters that no key's ID has"
    } else if !credentials.session_token().is_none_or(plain) {
        "the session token has characters that no header can carry"
    } else if credentials.expiry().is_some_and(is_beyond_the_calendar) {
        "the credentials expire beyond the calendar"
    } else {
        return Ok(());
    };
    Err(BadAnswer {
        operation: operation.to_owned(),
        what: what.to_owned(),
    })
}

fn is_beyond_the_calendar(time: SystemTime) -> bool {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH);
    since_1970.is_ok_and(|since| since >= CALENDAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(key_id: &str, secret: &str, token: &str) -> Credentials {
        Credentials::new(key_id, secret, Some(token.to_owned()), None, "test")
    }

    #[test]
    fn a_token_is_a_header_that_lasts_for_some_seconds() {
        let token = |body: &[u8], ttl| token(&Bytes::copy_from_slice(body), ttl).is_ok();
        assert!(token(b"AQAEAB==", Some("21600")));
        assert!(token(b"AQAEAB==", None));
        for body in [&b"caf\xe9"[..], b"", b"a\nb", "caf\u{e9}".as_bytes()] {
            assert!(!token(body, Some("21600")), "{body:?}");
        }
        for ttl in ["9223372036854775808", "-1", "soon", "", "1e3"] {
            assert!(!token(b"AQAEAB==", Some(ttl)), "{ttl}");
        }
    }

    #[test]
    fn a_role_has_a_name_that_a_path_can_hold() {
        let role = |name: &str| role(&Bytes::from(name.to_owned())).is_ok();
        assert!(role("my-role_1=+,.@x"));
        for name in ["", "my role", "role\n", "<html>", "r\u{f6}le", "a\u{1b}[2J"] {
            assert!(!role(name), "{name:?}");
        }
        assert!(!role(&"r".repeat(70_000)));
    }

    #[test]
    fn an_expiration_beyond_the_calendar_is_refused() {
        let document = |time: &str| {
            let body = format!(r#"{{"Code":"Success","expiration":"{time}"}}"#);
            document(&Bytes::from(body)).is_ok()
        };
        assert!(document("9999-12-31T23:59:59Z"));
        assert!(document("2038-01-19T03:14:08Z"));
        assert!(document("no time"));
        assert!(!document("9999-12-31T23:59:59-23:59"));
        assert!(document("0000-01-01T00:00:00+23:59"));
    }

    #[test]
    fn credentials_are_what_headers_can_carry() {
        let usable = |key_id, secret, token| {
            let credentials = credentials(key_id, secret, token);
            usable("test", &credentials).is_ok()
        };
        assert!(usable("ASIAIOSFODNN7EXAMPLE", "s", "IQoJb3Jp//+=="));
        assert!(!usable("", "s", "t"));
        assert!(!usable("ASIA", "", "t"));
        assert!(!usable("ASIA\u{1b}[2J", "s", "t"));
        assert!(!usable("ASIA", "s", "t\r\nHost: evil"));
        let end = SystemTime::UNIX_EPOCH + CALENDAR;
        assert!(is_beyond_the_calendar(end));
        assert!(!is_beyond_the_calendar(end - Duration::from_secs(1)));
        assert!(!is_beyond_the_calendar(
            SystemTime::UNIX_EPOCH - Duration::from_secs(1)
        ));
    }
}
