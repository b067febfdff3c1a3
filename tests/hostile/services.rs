//! What STS, S3 and Cloud Map may say.

use crate::honest::{FAR, INSTANCES, KEY_ID, SECRET, TOKEN, assumed, http, with_headers};
use crate::server::{Act, Lie};

const XML: [(&str, &str); 1] = [("Content-Type", "text/xml")];
const BOLD: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}2J";

fn lie(name: &'static str, status: &str, body: impl AsRef<[u8]>) -> Lie {
    let answer = with_headers(status, &XML, body.as_ref());
    let acts = vec![Act::Send(answer)];
    Lie { name, acts }
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

/// XML, whatever was asked.
pub fn xml() -> Vec<Lie> {
    let entities: Vec<String> = (1..10)
        .map(|n| {
            let ten = format!("&l{};", n - 1).repeat(10);
            format!("<!ENTITY l{n} \"{ten}\">")
        })
        .collect();
    let laughs = entities.concat();
    let laughs =
        format!("<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY l0 \"ha\">{laughs}]><r>&l9;</r>");
    let file =
        "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><r>&x;</r>";
    let wide = format!("<r>{}</r>", "<a b=\"c\"/>".repeat(400_000));
    let attributes: Vec<String> = (0..50_000).map(|n| format!(" a{n}=\"1\"")).collect();
    let attributes = attributes.concat();
    let refused = "400 Bad Request";
    let mut lies = vec![
        lie("no XML", "200 OK", "nonsense"),
        lie("an empty body", "200 OK", ""),
        lie("another root", "200 OK", "<Other/>"),
        lie(
            "half of it",
            "200 OK",
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Ar",
        ),
        lie("a billion laughs", "200 OK", laughs.clone()),
        lie("a billion laughs in an error", refused, laughs),
        lie("an entity that is a file", "200 OK", file),
        lie("elements 100,000 deep", "200 OK", "<a>".repeat(100_000)),
        lie(
            "elements 100,000 deep in an error",
            refused,
            "<Error>".repeat(100_000),
        ),
        lie("elements without number", "200 OK", wide),
        lie(
            "attributes without number",
            "200 OK",
            format!("<r{attributes}/>"),
        ),
        lie("not UTF-8", "200 OK", b"<a>\xff\xfe</a>"),
        lie(
            "a page",
            "200 OK",
            "<!DOCTYPE html><html><body>Sign in<br></body></html>",
        ),
        lie("JSON", "200 OK", "{}"),
    ];
    lies.extend(errors());
    lies
}

/// Refusals in XML.
fn errors() -> Vec<Lie> {
    let refused = "400 Bad Request";
    let echo = |before: &str, after: &str| vec![Act::Echo(before.into(), after.into())];
    vec![
        lie("an error code with escapes", refused, error(BOLD, "x")),
        lie(
            "an error message with escapes",
            refused,
            error("Denied", BOLD),
        ),
        lie(
            "an error message as references",
            refused,
            error("Denied", "&#27;[2J&#x202e;&#x9b;"),
        ),
        lie(
            "an error code over 4 MB",
            refused,
            error(&"C".repeat(4_000_000), "x"),
        ),
        lie(
            "an error message over 4 MB",
            refused,
            error("Denied", &"m ".repeat(2_000_000)),
        ),
        lie("an empty error", refused, ""),
        lie(
            "an error in JSON",
            refused,
            "{\"__type\":\"x\",\"message\":\"y\"}",
        ),
        lie("a throttle for ever", refused, error("Throttling", "slow")),
        lie(
            "an expired token",
            refused,
            error("ExpiredTokenException", "expired"),
        ),
        lie(
            "an error that tells the secret",
            refused,
            error("Denied", &format!("{SECRET} {TOKEN}")),
        ),
        lie(
            "an error with a formula",
            refused,
            error("=cmd|' /C calc'!A0", "+1|2"),
        ),
        lie(
            "an error with a page in it",
            refused,
            error("Denied", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ),
        Lie {
            name: "an echo of the request in an error",
            acts: echo(
                "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>",
                "</Message></Error></ErrorResponse>",
            ),
        },
        Lie {
            name: "an echo of the request in an error of S3",
            acts: echo(
                "<Error><Code>SignatureDoesNotMatch</Code><Message>",
                "</Message></Error>",
            ),
        },
        Lie {
            name: "an echo of the request alone",
            acts: echo("", ""),
        },
    ]
}

/// Credentials of a role, as STS has them.
pub fn roles(action: &'static str) -> Vec<Lie> {
    let of = |name, key_id: &str, expiration: &str| {
        lie(name, "200 OK", assumed(action, key_id, expiration))
    };
    let good = assumed(action, KEY_ID, FAR);
    vec![
        of(
            "an expiration beyond the calendar",
            KEY_ID,
            "9999-12-31T23:59:59-23:59",
        ),
        of(
            "an expiration at its end",
            KEY_ID,
            "9999-12-31T23:59:59.999999999Z",
        ),
        of(
            "an expiration in the year 0",
            KEY_ID,
            "0000-01-01T00:00:00Z",
        ),
        of("an expiration in the past", KEY_ID, "2001-01-01T00:00:00Z"),
        of("an expiration in words", KEY_ID, "soon"),
        of("an empty key", "", FAR),
        of("a key with a newline", "ASIA&#13;&#10;X-Evil: 1", FAR),
        of("a key that is turned round", "ASIA\u{202e}AIDA", FAR),
        of("a key over 1 MB", &"K".repeat(1_000_000), FAR),
        lie(
            "no credentials",
            "200 OK",
            format!("<{action}Response><{action}Result/></{action}Response>"),
        ),
        lie(
            "a session token with a newline",
            "200 OK",
            good.replace(TOKEN, "t&#10;Host: evil"),
        ),
        lie(
            "no session token",
            "200 OK",
            good.replace(&format!("<SessionToken>{TOKEN}</SessionToken>"), ""),
        ),
        lie(
            "no expiration",
            "200 OK",
            good.replace(&format!("<Expiration>{FAR}</Expiration>"), ""),
        ),
    ]
}

/// Answers of Cloud Map.
pub fn cloudmap() -> Vec<Lie> {
    let ok = |name, body: &str| Lie {
        name,
        acts: vec![Act::Send(http("200 OK", body.as_bytes()))],
    };
    let instance = |from: &str, to: &str| INSTANCES.replace(from, to);
    let one = INSTANCES
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(one, _)| one);
    let many = vec![one.expect("an instance"); 20_000].join(",");
    vec![
        ok("no JSON", "nonsense"),
        ok("an empty body", ""),
        ok("null", "null"),
        ok("a list", "[]"),
        ok("no instances", "{\"Instances\":[],\"InstancesRevision\":1}"),
        ok(
            "instances that are null",
            "{\"Instances\":[null,null],\"InstancesRevision\":1}",
        ),
        ok("instances that are a number", "{\"Instances\":7}"),
        ok(
            "a revision of 1e400",
            "{\"Instances\":[],\"InstancesRevision\":1e400}",
        ),
        ok(
            "a revision of 2^63",
            &instance(":7}", ":9223372036854775808}"),
        ),
        ok(
            "a revision that is negative",
            &instance(":7}", ":-9223372036854775808}"),
        ),
        ok("a revision in words", &instance(":7}", ":\"seven\"}")),
        ok(
            "an instance with escapes",
            &instance("i-1", r"\u001b[2J\u001b]0;owned\u0007"),
        ),
        ok(
            "an instance that is turned round",
            &instance("i-1", "i\u{202e}1\u{9b}2J"),
        ),
        ok(
            "an instance with half a character",
            &instance("i-1", r"\ud800"),
        ),
        ok(
            "an address that is a name",
            &instance("127.0.0.1", "evil.example/\\u000a"),
        ),
        ok(
            "an address with escapes",
            &instance("127.0.0.1", r"\u001b[2J"),
        ),
        ok("a port of 65536", &instance("\"9\"", "\"65536\"")),
        ok("a negative port", &instance("\"9\"", "\"-1\"")),
        ok(
            "20,000 instances",
            &instance(one.expect("an instance"), &many),
        ),
        ok(
            "brackets 100,000 deep",
            &format!("{{\"x\":{}", "[".repeat(100_000)),
        ),
        ok("objects 100,000 deep", &"{\"Instances\":".repeat(100_000)),
    ]
}

/// Refusals of Cloud Map.
pub fn refusals() -> Vec<Lie> {
    let refused = |name, body: String| Lie {
        name,
        acts: vec![Act::Send(http("400 Bad Request", body.as_bytes()))],
    };
    vec![
        refused(
            "an error type with escapes",
            format!("{{\"__type\":\"{}\",\"Message\":\"x\"}}", r"\u001b[2JX"),
        ),
        refused(
            "an error message with escapes",
            format!(
                "{{\"__type\":\"X\",\"Message\":\"{}\u{202e}\"}}",
                r"\u001b]0;owned\u0007"
            ),
        ),
        refused(
            "an error that tells the secret",
            format!("{{\"__type\":\"X\",\"Message\":\"{SECRET} {TOKEN}\"}}"),
        ),
        refused(
            "an error message over 4 MB",
            format!(
                "{{\"__type\":\"X\",\"Message\":\"{}\"}}",
                "m ".repeat(2_000_000)
            ),
        ),
        refused(
            "an unknown operation",
            "{\"__type\":\"UnknownOperationException\"}".to_owned(),
        ),
        refused(
            "a throttle for ever",
            "{\"__type\":\"RequestLimitExceeded\"}".to_owned(),
        ),
        refused(
            "not there",
            "{\"__type\":\"NamespaceNotFound\",\"Message\":\"\\u001b[31m\"}".to_owned(),
        ),
        Lie {
            name: "an echo of the request in an error",
            acts: vec![Act::Echo(
                b"{\"__type\":\"InvalidSignatureException\",\"Message\":\"The Canonical String is "
                    .to_vec(),
                b"\"}".to_vec(),
            )],
        },
        Lie {
            name: "an echo of the request in other words",
            acts: vec![Act::Echo(
                b"{\"__type\":\"X\",\"Message\":\"you sent ".to_vec(),
                b"\"}".to_vec(),
            )],
        },
    ]
}
