//! What a source of credentials may say.

use crate::honest::{FAR, KEY_ID, SECRET, TOKEN, credentials, http, token, with_headers};
use crate::server::{Act, Lie};

fn lie(name: &'static str, answer: Vec<u8>) -> Lie {
    let acts = vec![Act::Send(answer)];
    Lie { name, acts }
}

pub fn tokens() -> Vec<Lie> {
    let good = b"AQAEAHOSTILE==";
    let ttls = [
        ("a lifetime of 2^63", "9223372036854775808"),
        ("a lifetime of 2^64 - 1", "18446744073709551615"),
        ("a lifetime of 2^64", "18446744073709551616"),
        ("a negative lifetime", "-1"),
        ("a lifetime of nothing", "0"),
        ("a lifetime in words", "soon"),
        ("an empty lifetime", ""),
    ];
    let mut lies: Vec<Lie> = ttls.map(|(name, ttl)| lie(name, token(ttl, good))).into();
    let long = vec![b't'; 70_000];
    lies.extend([
        lie("a token without a lifetime", http("200 OK", good)),
        lie("a token that is not UTF-8", token("21600", b"caf\xe9\xff")),
        lie("a token with a newline", token("21600", b"a\r\nHost: evil")),
        lie("a token with an escape", token("21600", b"\x1b[2Jtoken")),
        lie("an empty token", token("21600", b"")),
        lie("a token over 64 KiB", token("21600", &long)),
        lie(
            "a page for a token",
            token("21600", b"<html><body>Sign in</body></html>"),
        ),
    ]);
    lies
}

pub fn roles() -> Vec<Lie> {
    let page = b"<!DOCTYPE html>\n<html><body>Please \"sign in\"</body></html>\n";
    let name = |name, body: &[u8]| lie(name, http("200 OK", body));
    vec![
        name("a role with a space", b"my role"),
        name("a role with a newline", b"role\nother"),
        name("a role with a newline at its end", b"role\n"),
        name("a page for a role", page),
        name("a role over 64 KiB", &[b'r'; 70_000]),
        name("an empty role", b""),
        name("a role that is not UTF-8", b"r\xf6le\xff"),
        name(
            "a role with an escape",
            "\u{1b}]0;owned\u{7}role\u{202e}".as_bytes(),
        ),
        name("a role with a zero", b"role\0"),
        name("a role that climbs", b"../../../latest/user-data"),
        name("a role with a query", b"role?x=%00#y"),
        name("a role that is a URL", b"http://evil.example/"),
    ]
}

/// Documents, for metadata and the container endpoint alike.
pub fn documents() -> Vec<Lie> {
    let times = [
        (
            "an expiration beyond the calendar",
            "9999-12-31T23:59:59-23:59",
        ),
        ("an expiration at its end", "9999-12-31T23:59:59.999999999Z"),
        ("an expiration in the year 0", "0000-01-01T00:00:00Z"),
        ("an expiration in the past", "2001-01-01T00:00:00Z"),
        ("an expiration in 1900", "1900-01-01T00:00:00Z"),
        ("an expiration in the year 20000", "20000-01-01T00:00:00Z"),
        ("an expiration on no day", "2026-02-30T25:61:61Z"),
        ("an expiration in words", "soon\u{1b}[2J"),
        ("an empty expiration", ""),
    ];
    let mut bodies: Vec<(&str, Vec<u8>)> = Vec::new();
    for (name, time) in times {
        bodies.push((name, credentials(KEY_ID, time).into()));
    }
    let keys = [
        ("an empty key", ""),
        ("a key with an escape in it", r"AS\u001b[2JIA"),
        ("a key with a newline", r"ASIA\nX-Evil: 1"),
        ("a key with a zero", r"ASIA\u0000"),
        ("a key that is turned round", "ASIA\u{202e}AIDA"),
        ("a key with half a character", r"ASIA\ud800"),
    ];
    for (name, key) in keys {
        bodies.push((name, credentials(key, FAR).into()));
    }
    let good = credentials(KEY_ID, FAR);
    let deep = |depth: usize| format!("{{\"x\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    let many = r#""AccessKeyId":"ASIADUPLICATE","#.repeat(1000);
    bodies.extend([
        ("a key that is a number", good.replace(&format!("\"{KEY_ID}\""), "7").into()),
        ("a key that is null", good.replace(&format!("\"{KEY_ID}\""), "null").into()),
        ("a secret that is a list", good.replace(&format!("\"{SECRET}\""), "[1]").into()),
        ("a session token that is an object", good.replace(&format!("\"{TOKEN}\""), "{}").into()),
        ("a session token with a newline", good.replace(TOKEN, r"t\r\nHost: evil").into()),
        ("a session token of 900 KB", good.replace(TOKEN, &"t".repeat(900_000)).into()),
        ("keys a thousand times", good.replacen('{', &format!("{{{many}"), 1).into()),
        ("brackets 100 deep", deep(100).into()),
        ("brackets 100,000 deep", deep(100_000).into()),
        ("brackets that never close", "[".repeat(500_000).into()),
        ("an empty body", Vec::new()),
        ("an empty object", b"{}".to_vec()),
        ("null", b"null".to_vec()),
        ("a page", b"<html><body>Sign in</body></html>".to_vec()),
        ("half of it", good.as_bytes()[..good.len() / 2].to_vec()),
        ("two of them", format!("{good}{good}").into()),
        ("not UTF-8", [good.as_bytes(), b"\xff\xfe"].concat()),
        ("a byte order mark", format!("\u{feff}{good}").into()),
        ("a refusal with escapes", "{\"Code\":\"\\u001b[2JDenied\u{202e}\",\"Message\":\"\\u001b]0;owned\\u0007\u{9b}2J\"}".into()),
        ("a refusal that tells the secret", format!(r#"{{"Code":"Denied","Message":"key {SECRET} token {TOKEN}"}}"#).into()),
    ]);
    let mut lies: Vec<Lie> = bodies
        .into_iter()
        .map(|(name, body)| lie(name, http("200 OK", &body)))
        .collect();
    let html = [("Content-Type", "text/html; charset=utf-16")];
    lies.push(lie(
        "another content type",
        with_headers("200 OK", &html, good.as_bytes()),
    ));
    lies
}
