//! The checker against AWS's own published signatures.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Claim, Refused, Request, canonical_query, scope, stamp};

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
/// A request taken apart.
struct Parsed {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Parsed {
    fn new(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                (name, HeaderValue::from_str(value.trim()).unwrap())
            })
            .collect();
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned(),
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }
}

fn claim<'a>(request: &Request<'a>) -> Claim<'a> {
    Claim::read(request)
        .map_err(|refused| refused.to_string())
        .unwrap()
}

#[test]
fn published_signatures_are_accepted() {
    for (name, text) in SIGNED {
        let parsed = Parsed::new(text);
        let request = parsed.request();
        let claim = claim(&request);
        assert_eq!(claim.check_signature(&request, SECRET), Ok(()), "{name}");
        assert_eq!(claim.check_scope("us-east-1", "service"), Ok(()), "{name}");
        assert_eq!(claim.check_time(signed_at()), Ok(()), "{name}");
        assert_eq!(claim.access_key_id, "AKIDEXAMPLE", "{name}");
        let scoped = scope(&parsed.headers, &parsed.query);
        let expected = ("us-east-1".to_owned(), "service".to_owned());
        assert_eq!(scoped, Some(expected), "{name}");
    }
}

#[test]
fn any_change_breaks_them() {
    for (name, text) in SIGNED {
        let parsed = Parsed::new(text);
        let request = parsed.request();
        let claim = claim(&request);
        let wrong = claim.check_signature(&request, "another secret");
        assert_eq!(wrong, Err(Refused::Mismatch), "{name}");
        let other_method = Request {
            method: "DELETE",
            ..parsed.request()
        };
        let other_path = Request {
            path: "/elsewhere",
            ..parsed.request()
        };
        let other_body = Request {
            body: b"Param1=value2",
            ..parsed.request()
        };
        let other_query = format!("{}&Added=1", parsed.query);
        let other_query = Request {
            query: &other_query,
            ..parsed.request()
        };
        let mut headers = parsed.headers.clone();
        headers.insert("host", HeaderValue::from_static("example.org"));
        let other_host = Request {
            headers: &headers,
            ..parsed.request()
        };
        for changed in [
            other_method,
            other_path,
            other_body,
            other_query,
            other_host,
        ] {
            let checked = claim.check_signature(&changed, SECRET);
            assert_eq!(checked, Err(Refused::Mismatch), "{name}");
        }
    }
}

#[test]
fn a_signed_header_that_is_gone_breaks_them() {
    let mut parsed = Parsed::new(SIGNED[4].1);
    parsed.headers.remove("my-header1");
    let request = parsed.request();
    let checked = claim(&request).check_signature(&request, SECRET);
    assert_eq!(checked, Err(Refused::Mismatch));
}

#[test]
fn what_is_too_old_or_from_the_future_is_refused() {
    let parsed = Parsed::new(SIGNED[0].1);
    let claim = claim(&parsed.request());
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    assert_eq!(claim.check_time(signed_at() + minutes(15)), Ok(()));
    assert_eq!(claim.check_time(signed_at() - minutes(5)), Ok(()));
    let late = claim.check_time(signed_at() + minutes(60)).unwrap_err();
    assert_eq!(
        late.to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T132100Z \
         (20150830T133600Z - 15 min.)"
    );
    let early = claim.check_time(signed_at() - minutes(10)).unwrap_err();
    assert!(matches!(early, Refused::NotYetCurrent { .. }), "{early}");
}

#[test]
fn a_presigned_request_is_good_for_as_long_as_it_says() {
    let parsed = Parsed::new(SIGNED[7].1);
    let claim = claim(&parsed.request());
    let seconds = Duration::from_secs;
    assert_eq!(claim.check_time(signed_at() + seconds(3600)), Ok(()));
    assert!(claim.check_time(signed_at() + seconds(3601)).is_err());
}

#[test]
fn another_region_service_or_day_is_out_of_scope() {
    let parsed = Parsed::new(SIGNED[0].1);
    let claim = claim(&parsed.request());
    for (region, service) in [("eu-west-1", "service"), ("us-east-1", "sts")] {
        assert!(matches!(
            claim.check_scope(region, service),
            Err(Refused::Scope(_))
        ));
    }
    let dated = SIGNED[0]
        .1
        .replace("X-Amz-Date:20150830", "X-Amz-Date:20150831");
    let parsed = Parsed::new(&dated);
    let claim = self::claim(&parsed.request());
    assert!(claim.check_scope("us-east-1", "service").is_err());
}

#[test]
fn half_a_signature_is_incomplete_and_none_is_missing() {
    let whole = SIGNED[0].1;
    for cut in [
        "SignedHeaders=host;x-amz-date, ",
        "X-Amz-Date:20150830T123600Z\n",
        "/aws4_request",
    ] {
        let parsed = Parsed::new(&whole.replace(cut, ""));
        let read = Claim::read(&parsed.request());
        assert!(matches!(read, Err(Refused::Incomplete(_))), "{cut}");
    }
    let parsed = Parsed::new("GET / HTTP/1.1\nHost:example.amazonaws.com\n\n");
    let read = Claim::read(&parsed.request());
    assert!(matches!(read, Err(Refused::Missing)));
    let parsed = Parsed::new("GET / HTTP/1.1\nHost:h\nAuthorization:Basic abc\n\n");
    let read = Claim::read(&parsed.request());
    assert!(matches!(read, Err(Refused::Incomplete(_))));
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
