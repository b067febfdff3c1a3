//! Lies below what is said: in how an answer is sent.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use crate::honest::{http, with_headers};
use crate::server::{Act, Lie};

/// A hundred megabytes of zeros, packed.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut gzip = Command::new("gzip")
        .arg("-9")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    let mut input = gzip.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        for _ in 0..100 {
            let _ = input.write_all(&[0; 1 << 20]);
        }
    });
    let packed = gzip.wait_with_output().expect("gzip ends").stdout;
    let _ = writer.join();
    packed
});

fn send(bytes: impl AsRef<[u8]>) -> Act {
    Act::Send(bytes.as_ref().to_vec())
}

/// All of them, for whatever is asked.
pub fn lies() -> Vec<Lie> {
    let of = |lies: Vec<(&'static str, Vec<Act>)>| {
        lies.into_iter().map(|(name, acts)| Lie { name, acts })
    };
    of(framing())
        .chain(of(statuses()))
        .chain(of(heads()))
        .chain(of(ends()))
        .collect()
}

/// How long a body is.
fn framing() -> Vec<(&'static str, Vec<Act>)> {
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    let long = format!("{head}Content-Length: 100000000000\r\n\r\n");
    let refused = "HTTP/1.1 500 Oops\r\n\r\n";
    let piece = vec![b'x'; 65_536];
    let chunk = [b"10000\r\n", &piece[..], b"\r\n"].concat();
    let bomb = with_headers("200 OK", &[("Content-Encoding", "gzip")], &BOMB);
    vec![
        (
            "a length that is too long",
            vec![
                send(format!("{head}Content-Length: 99\r\n\r\nshort")),
                Act::Close,
            ],
        ),
        (
            "a length that is too short",
            vec![send(format!("{head}Content-Length: 2\r\n\r\nlonger"))],
        ),
        (
            "a negative length",
            vec![send(format!("{head}Content-Length: -1\r\n\r\n"))],
        ),
        (
            "a length beyond all numbers",
            vec![send(format!(
                "{head}Content-Length: 99999999999999999999999\r\n\r\n"
            ))],
        ),
        (
            "two lengths",
            vec![send(format!(
                "{head}Content-Length: 1\r\nContent-Length: 5\r\n\r\nhello"
            ))],
        ),
        (
            "chunks of garbage",
            vec![send(format!("{chunked}zz\r\nnonsense\r\n"))],
        ),
        (
            "a chunk of 2^64 - 1",
            vec![send(format!("{chunked}FFFFFFFFFFFFFFFF\r\nx"))],
        ),
        (
            "a chunk's length without end",
            vec![send(&chunked), Act::Pace(vec![b'0'; 100])],
        ),
        (
            "a chunk's extension without end",
            vec![send(format!("{chunked}1;")), Act::Pace(vec![b'e'; 100])],
        ),
        (
            "trailers without end",
            vec![
                send(format!("{chunked}0\r\n")),
                Act::Flood(b"x-trailer: 1\r\n".repeat(500)),
            ],
        ),
        (
            "chunks without end",
            vec![send(&chunked), Act::Flood(chunk)],
        ),
        (
            "a body until the end, without end",
            vec![send(format!("{head}\r\n")), Act::Flood(piece.clone())],
        ),
        (
            "a hundred gigabytes",
            vec![send(&long), Act::Flood(piece.clone())],
        ),
        (
            "an error without end",
            vec![send(refused), Act::Flood(piece)],
        ),
        (
            "a body that trickles",
            vec![send(&long), Act::Drip(b"{\"Code\" ".to_vec())],
        ),
        (
            "chunks that trickle",
            vec![send(&chunked), Act::Drip(b"1\r\nx\r\n".to_vec())],
        ),
        ("a gzip bomb", vec![Act::Send(bomb)]),
        (
            "two codings",
            vec![send(format!(
                "{head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
            ))],
        ),
    ]
}

/// What stands in the first line.
fn statuses() -> Vec<(&'static str, Vec<Act>)> {
    vec![
        (
            "a redirect to itself",
            vec![Act::Send(with_headers(
                "302 Found",
                &[("Location", "/")],
                b"",
            ))],
        ),
        (
            "a redirect to a file",
            vec![Act::Send(with_headers(
                "301 Moved",
                &[("Location", "file:///etc/passwd")],
                b"",
            ))],
        ),
        (
            "100 for ever",
            vec![Act::Pace(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())],
        ),
        (
            "103 for ever",
            vec![Act::Pace(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".to_vec(),
            )],
        ),
        (
            "101",
            vec![send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            )],
        ),
        (
            "204 with a body",
            vec![send(
                "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody",
            )],
        ),
        ("401 always", vec![Act::Send(http("401 Unauthorized", b""))]),
        (
            "403 with an escape",
            vec![Act::Send(http(
                "403 \u{1b}]0;owned\u{7}",
                "\u{1b}[2J\u{202e}".as_bytes(),
            ))],
        ),
        ("429", vec![Act::Send(http("429 Slow Down", b""))]),
        ("500", vec![Act::Send(http("500 Oops", b"<html>"))]),
        ("999", vec![Act::Send(http("999 What", b""))]),
        ("a status of letters", vec![send("HTTP/1.1 abc OK\r\n\r\n")]),
    ]
}

/// What stands before the body.
fn heads() -> Vec<(&'static str, Vec<Act>)> {
    let status = "HTTP/1.1 200 OK\r\n";
    vec![
        (
            "headers without end",
            vec![send(status), Act::Flood(b"x-more: 1\r\n".repeat(500))],
        ),
        (
            "a header without end",
            vec![
                send(format!("{status}x-long: ")),
                Act::Flood(vec![b'h'; 65_536]),
            ],
        ),
        (
            "a status without end",
            vec![send("HTTP/1.1 200 "), Act::Flood(vec![b'O'; 65_536])],
        ),
        (
            "a header with an escape",
            vec![send(format!(
                "{status}x-amzn-errortype: \u{1b}[2J\r\nContent-Length: 0\r\n\r\n"
            ))],
        ),
        (
            "a header that is no text",
            vec![send(
                [
                    status.as_bytes(),
                    b"x-amzn-requestid: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
                ]
                .concat(),
            )],
        ),
        (
            "a header with a zero",
            vec![send(format!("{status}x-a: a\0b\r\n\r\n"))],
        ),
        (
            "a header in folds",
            vec![send(format!("{status}x-a: a\r\n b\r\n\r\n"))],
        ),
        ("HTTP/0.9", vec![send("hello"), Act::Close]),
        (
            "HTTP/2",
            vec![
                send(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
                Act::Silence,
            ],
        ),
        ("TLS", vec![send(b"\x15\x03\x01\0\x02\x02\x28"), Act::Close]),
        ("SSH", vec![send("SSH-2.0-OpenSSH_9.2\r\n"), Act::Silence]),
    ]
}

/// Where it stops.
fn ends() -> Vec<(&'static str, Vec<Act>)> {
    let (line, head) = (
        "HTTP/1.1 200 OK\r\nContent-",
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Code\"",
    );
    vec![
        ("a reset before the answer", vec![Act::Reset]),
        ("a reset in the head", vec![send(line), Act::Reset]),
        ("a reset in the body", vec![send(head), Act::Reset]),
        ("an end before the answer", vec![Act::Close]),
        ("an end in the head", vec![send(line), Act::Close]),
        ("silence before the answer", vec![Act::Silence]),
        ("silence in the head", vec![send(line), Act::Silence]),
        ("silence in the body", vec![send(head), Act::Silence]),
        (
            "a head that trickles",
            vec![Act::Drip(b"HTTP/1.1 200 OK\r\nx: y\r\n".to_vec())],
        ),
    ]
}
