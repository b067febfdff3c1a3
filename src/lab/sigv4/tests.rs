//! The checker against AWS's own published signatures.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderValue, Method, Request};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::authorization::stamp;
use super::canonical;
use super::{Authorization, Dialect, SignatureError, scope};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Deserialize)]
struct Suite {
    case: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[serde(default = "yes")]
    normalised: bool,
    #[serde(default)]
    token_unsigned: bool,
    header: String,
    query: String,
}

fn yes() -> bool {
    true
}

fn suite() -> Vec<Vector> {
    let suite: Suite = toml::from_str(include_str!("suite.toml")).unwrap();
    suite.case
}

/// One signed request of the suite.
fn vector(name: &str) -> Vector {
    suite()
        .into_iter()
        .find(|vector| vector.name == name)
        .unwrap()
}

impl Vector {
    /// Only S3 signs paths as they are.
    fn dialect(&self) -> Dialect {
        if self.normalised {
            Dialect::General
        } else {
            Dialect::S3
        }
    }

    /// What was signed, without a token that was added afterwards.
    fn signed(&self) -> [Request<Vec<u8>>; 2] {
        let mut requests = [&self.header, &self.query].map(|text| parsed(text));
        if self.token_unsigned {
            let uri = requests[1].uri().to_string();
            let pairs = uri
                .split('&')
                .filter(|pair| !pair.starts_with("X-Amz-Security-Token="));
            let uri = pairs.collect::<Vec<_>>().join("&");
            *requests[1].uri_mut() = uri.parse().unwrap();
        }
        requests
    }
}

fn parsed(text: &str) -> Request<Vec<u8>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    // A value may go on in the next line.
    let head = head.replace("\n ", " ");
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let request = Request::builder().method(words.next().unwrap());
    let request = request.uri(words.next().unwrap().as_bytes());
    let headers = lines.map(|line| line.split_once(':').unwrap());
    let request = headers.fold(request, |request, (name, value)| {
        request.header(name, value.trim())
    });
    request.body(body.trim_end().into()).unwrap()
}

/// The head of a request.
fn head(text: &str) -> Parts {
    parsed(text).into_parts().0
}

fn authorization(head: &Parts) -> Authorization<'_> {
    let read = Authorization::read(head, Dialect::General);
    read.unwrap_or_else(|refused| panic!("{refused}"))
}

fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Whether the signature is that of this head, of this body and of this secret.
fn checked(
    authorization: &Authorization<'_>,
    (head, body): (&Parts, &[u8]),
    secret: &str,
    dialect: Dialect,
) -> Result<(), SignatureError> {
    let key = authorization.check_signature(head, &digest(body), secret, dialect);
    key.map(drop)
}

#[test]
fn published_signatures_are_accepted() {
    for vector in suite() {
        let name = &vector.name;
        for request in vector.signed() {
            let (head, body) = request.into_parts();
            let authorization = authorization(&head);
            let good = checked(&authorization, (&head, &body), SECRET, vector.dialect());
            assert_eq!(good, Ok(()), "{name}: {}", head.uri);
            let good = authorization.check_scope("us-east-1", "service");
            assert_eq!(good, Ok(()), "{name}");
            let now = authorization.check_time(signed_at(), Dialect::General);
            assert_eq!(now, Ok(()), "{name}");
            assert_eq!(authorization.access_key_id, "AKIDEXAMPLE", "{name}");
            let expected = ("us-east-1".to_owned(), "service".to_owned());
            assert_eq!(scope(&head), Some(expected), "{name}");
            let all = authorization.check_signed_headers(&head);
            let token = || vec!["x-amz-security-token".to_owned()];
            let unsigned = vector.token_unsigned && head.uri.query().is_none();
            let wanted = unsigned.then(|| SignatureError::Unsigned(token()));
            assert_eq!(all.err(), wanted, "{name}");
        }
    }
}

#[test]
fn any_change_breaks_them() {
    let changes: [fn(&mut Request<Vec<u8>>); 5] = [
        |request| *request.method_mut() = Method::DELETE,
        |request| {
            let query = request.uri().query().unwrap_or_default();
            *request.uri_mut() = format!("/elsewhere?{query}").parse().unwrap();
        },
        |request| *request.body_mut() = b"Param1=value2".to_vec(),
        |request| {
            let query = request.uri().query().unwrap_or_default();
            let changed = format!("{}?{query}&Added=1", request.uri().path());
            *request.uri_mut() = changed.parse().unwrap();
        },
        |request| {
            let host = HeaderValue::from_static("example.org");
            request.headers_mut().insert("host", host);
        },
    ];
    for vector in suite() {
        let (name, dialect) = (&vector.name, vector.dialect());
        for (form, request) in vector.signed().into_iter().enumerate() {
            let (original, body) = request.into_parts();
            let authorization = authorization(&original);
            let wrong = checked(
                &authorization,
                (&original, &body),
                "another secret",
                dialect,
            );
            assert_eq!(wrong, Err(SignatureError::Mismatch), "{name}");
            for change in changes {
                let mut request = vector.signed()[form].clone();
                change(&mut request);
                let (head, body) = request.into_parts();
                let broken = checked(&authorization, (&head, &body), SECRET, dialect);
                assert_eq!(broken, Err(SignatureError::Mismatch), "{name}");
            }
        }
    }
}

#[test]
fn a_signed_header_that_is_gone_breaks_them() {
    let mut head = head(&vector("get-header-value-trim").header);
    head.headers.remove("my-header1");
    let gone = checked(
        &authorization(&head),
        (&head, b""),
        SECRET,
        Dialect::General,
    );
    assert_eq!(gone, Err(SignatureError::Mismatch));
}

#[test]
fn what_is_too_old_or_from_the_future_is_refused() {
    let head = head(&vector("get-vanilla").header);
    let authorization = authorization(&head);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let at = |now| authorization.check_time(now, Dialect::General);
    assert_eq!(at(signed_at() + minutes(15)), Ok(()));
    assert_eq!(at(signed_at() - minutes(5)), Ok(()));
    let expired = "Signature expired: 20150830T123600Z is now earlier than 20150830T132100Z \
                   (20150830T133600Z - 15 min.)";
    let late = at(signed_at() + minutes(60));
    assert_eq!(late.unwrap_err().to_string(), expired);
    let early = at(signed_at() - minutes(10));
    assert!(
        matches!(early, Err(SignatureError::NotYetCurrent(_))),
        "{early:?}"
    );
}

#[test]
fn only_s3_goes_by_what_a_presigned_request_says_of_its_life() {
    let head = head(&vector("get-vanilla").query);
    let authorization = authorization(&head);
    let after = |seconds, dialect| {
        let now = signed_at() + Duration::from_secs(seconds);
        authorization.check_time(now, dialect).is_ok()
    };
    assert!(after(3600, Dialect::S3) && !after(3601, Dialect::S3));
    assert!(after(900, Dialect::General) && !after(901, Dialect::General));
}

#[test]
fn another_region_service_or_day_is_out_of_scope() {
    let text = vector("get-vanilla").header;
    let head = head(&text);
    let authorization = authorization(&head);
    for (region, service) in [("eu-west-1", "service"), ("us-east-1", "sts")] {
        let checked = authorization.check_scope(region, service);
        assert!(matches!(checked, Err(SignatureError::Scope(_))));
    }
    let head = self::head(&text.replace("X-Amz-Date:20150830", "X-Amz-Date:20150831"));
    let checked = self::authorization(&head).check_scope("us-east-1", "service");
    assert!(checked.is_err());
}

#[test]
fn half_a_signature_is_incomplete_and_none_is_missing() {
    let whole = vector("get-vanilla").header;
    let refused = |text: &str| Authorization::read(&head(text), Dialect::General).err();
    for cut in ["SignedHeaders=host;x-amz-date, ", "/aws4_request"] {
        let refused = refused(&whole.replace(cut, ""));
        assert!(
            matches!(refused, Some(SignatureError::Incomplete(_))),
            "{cut}"
        );
    }
    let undated = refused(&whole.replace("X-Amz-Date:20150830T123600Z\n", ""));
    assert!(matches!(undated, Some(SignatureError::Undated(_))));
    let none = refused("GET / HTTP/1.1\nHost:example.amazonaws.com\n\n");
    assert_eq!(none, Some(SignatureError::Missing));
    let basic = refused("GET / HTTP/1.1\nHost:h\nAuthorization:Basic abc\n\n");
    assert_eq!(basic, Some(SignatureError::Unsupported));
}

#[test]
fn a_date_may_be_written_as_http_writes_it() {
    let whole = vector("get-vanilla").header;
    let date = "Date:Sun, 30 Aug 2015 12:36:00 GMT";
    let head = head(&whole.replace("X-Amz-Date:20150830T123600Z", date));
    let read = authorization(&head);
    assert_eq!(read.check_time(signed_at(), Dialect::General), Ok(()));
}

#[test]
fn queries_are_sorted_by_what_they_mean() {
    let canonical_query = canonical::query;
    assert_eq!(canonical_query("b=2&a=%7e&a="), "a=&a=~&b=2");
    assert_eq!(canonical_query("flag"), "flag=");
    assert_eq!(canonical_query("k=a%20b&k=a+b"), "k=a%20b&k=a%2Bb");
}

/// When they were signed.
fn signed_at() -> SystemTime {
    let at = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
    assert_eq!(stamp(at), "20150830T123600Z");
    at
}
