//! The checker against AWS's own published signatures.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderValue, Method, Request};

use super::{Authorization, SignatureError, canonical_query, scope, stamp};

/// Requests from the public AWS Signature Version 4 test suite, signed with [`SECRET`].
const SIGNED: [(&str, &str); 8] = [
    (
        "get-vanilla",
        "GET / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\nAuthorization:\
         AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n\n",
    ),
    (
        "get-vanilla-query-order-encoded",
        "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1 HTTP/1.1\nHost:example.amazonaws.com\n\
         X-Amz-Date:20150830T123600Z\nAuthorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac\n\n",
    ),
    (
        "get-utf8",
        "GET /\u{1234} HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\n\
         Authorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85\n\n",
    ),
    (
        "get-header-key-duplicate",
        "GET / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1:value2\nMy-Header1:value2\n\
         My-Header1:value1\nX-Amz-Date:20150830T123600Z\nAuthorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;my-header1;x-amz-date, \
         Signature=c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea\n\n",
    ),
    (
        "get-header-value-trim",
        "GET / HTTP/1.1\nHost:example.amazonaws.com\nMy-Header1: value1\nMy-Header2: \"a   b   c\"\n\
         X-Amz-Date:20150830T123600Z\nAuthorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;my-header1;my-header2;x-amz-date, \
         Signature=acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736\n\n",
    ),
    (
        "get-vanilla-with-session-token",
        "GET / HTTP/1.1\nHost:example.amazonaws.com\n\
         X-Amz-Security-Token:6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267\n\
         X-Amz-Date:20150830T123600Z\nAuthorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-security-token, \
         Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8\n\n",
    ),
    (
        "post-x-www-form-urlencoded",
        "POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded\n\
         Host:example.amazonaws.com\nContent-Length:13\nX-Amz-Date:20150830T123600Z\n\
         x-amz-content-sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n\
         Authorization:AWS4-HMAC-SHA256 \
         Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=content-length;content-type;host;x-amz-content-sha256;x-amz-date, \
         Signature=d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b\n\n\
         Param1=value1",
    ),
    (
        "get-vanilla-query-order-key-case, presigned",
        "GET /?Param2=value2&Param1=value1&X-Amz-Algorithm=AWS4-HMAC-SHA256&\
         X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&\
         X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600&\
         X-Amz-Signature=86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5 \
         HTTP/1.1\nHost:example.amazonaws.com\n\n",
    ),
];

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn parsed(text: &str) -> Request<Vec<u8>> {
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let request = Request::builder().method(words.next().unwrap());
    let request = request.uri(words.next().unwrap().as_bytes());
    let headers = lines.map(|line| line.split_once(':').unwrap());
    let request = headers.fold(request, |request, (name, value)| {
        request.header(name, value.trim())
    });
    request.body(body.into()).unwrap()
}

/// The head of a request.
fn head(text: &str) -> Parts {
    parsed(text).into_parts().0
}

fn authorization(head: &Parts) -> Authorization<'_> {
    let read = Authorization::read(head);
    read.unwrap_or_else(|refused| panic!("{refused}"))
}

#[test]
fn published_signatures_are_accepted() {
    for (name, text) in SIGNED {
        let (head, body) = parsed(text).into_parts();
        let authorization = authorization(&head);
        let checked = authorization.check_signature(&head, &body, SECRET);
        assert_eq!(checked, Ok(()), "{name}");
        let checked = authorization.check_scope("us-east-1", "service");
        assert_eq!(checked, Ok(()), "{name}");
        assert_eq!(authorization.check_time(signed_at()), Ok(()), "{name}");
        assert_eq!(authorization.access_key_id, "AKIDEXAMPLE", "{name}");
        let expected = ("us-east-1".to_owned(), "service".to_owned());
        assert_eq!(scope(&head), Some(expected), "{name}");
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
    for (name, text) in SIGNED {
        let (original, body) = parsed(text).into_parts();
        let authorization = authorization(&original);
        let wrong = authorization.check_signature(&original, &body, "another secret");
        assert_eq!(wrong, Err(SignatureError::Mismatch), "{name}");
        for change in changes {
            let mut request = parsed(text);
            change(&mut request);
            let (head, body) = request.into_parts();
            let checked = authorization.check_signature(&head, &body, SECRET);
            assert_eq!(checked, Err(SignatureError::Mismatch), "{name}");
        }
    }
}

#[test]
fn a_signed_header_that_is_gone_breaks_them() {
    let mut head = head(SIGNED[4].1);
    head.headers.remove("my-header1");
    let checked = authorization(&head).check_signature(&head, b"", SECRET);
    assert_eq!(checked, Err(SignatureError::Mismatch));
}

#[test]
fn what_is_too_old_or_from_the_future_is_refused() {
    let head = head(SIGNED[0].1);
    let authorization = authorization(&head);
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    assert_eq!(authorization.check_time(signed_at() + minutes(15)), Ok(()));
    assert_eq!(authorization.check_time(signed_at() - minutes(5)), Ok(()));
    let late = authorization.check_time(signed_at() + minutes(60));
    let expired = "Signature expired: 20150830T123600Z is now earlier than 20150830T132100Z \
                   (20150830T133600Z - 15 min.)";
    assert_eq!(late.unwrap_err().to_string(), expired);
    let early = authorization.check_time(signed_at() - minutes(10));
    assert!(
        matches!(early, Err(SignatureError::NotYetCurrent(_))),
        "{early:?}"
    );
}

#[test]
fn a_presigned_request_is_good_for_as_long_as_it_says() {
    let head = head(SIGNED[7].1);
    let authorization = authorization(&head);
    let after = |seconds| authorization.check_time(signed_at() + Duration::from_secs(seconds));
    assert_eq!(after(3600), Ok(()));
    assert!(after(3601).is_err());
}

#[test]
fn another_region_service_or_day_is_out_of_scope() {
    let head = head(SIGNED[0].1);
    let authorization = authorization(&head);
    for (region, service) in [("eu-west-1", "service"), ("us-east-1", "sts")] {
        let checked = authorization.check_scope(region, service);
        assert!(matches!(checked, Err(SignatureError::Scope(_))));
    }
    let (_, text) = SIGNED[0];
    let head = self::head(&text.replace("X-Amz-Date:20150830", "X-Amz-Date:20150831"));
    let checked = self::authorization(&head).check_scope("us-east-1", "service");
    assert!(checked.is_err());
}

#[test]
fn half_a_signature_is_incomplete_and_none_is_missing() {
    let whole = SIGNED[0].1;
    let refused = |text: &str| Authorization::read(&head(text)).err();
    for cut in [
        "SignedHeaders=host;x-amz-date, ",
        "X-Amz-Date:20150830T123600Z\n",
        "/aws4_request",
    ] {
        let refused = refused(&whole.replace(cut, ""));
        assert!(
            matches!(refused, Some(SignatureError::Incomplete(_))),
            "{cut}"
        );
    }
    let none = refused("GET / HTTP/1.1\nHost:example.amazonaws.com\n\n");
    assert_eq!(none, Some(SignatureError::Missing));
    let basic = refused("GET / HTTP/1.1\nHost:h\nAuthorization:Basic abc\n\n");
    assert!(matches!(basic, Some(SignatureError::Incomplete(_))));
}

#[test]
fn queries_are_sorted_by_what_they_mean() {
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
