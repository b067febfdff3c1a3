//! Objects whose bodies take their time, or are long: the time limit holds for them, and nobody keeps them.

use std::time::Duration;

use serde_json::Value;

use super::machine::beside_others;
use super::server::{Request, Step, answer, head};
use super::target::{Answer, Target};
use super::tool::mean;

/// The objects of the first call and of the warm-up are short; those after them are long.
fn then_long(request: &Request, body: Vec<Step>) -> Vec<Step> {
    if request.earlier < 2 {
        return vec![Step::Send(answer(200, "", "short"))];
    }
    let begun = Step::Send(head(200, "", LONG));
    [vec![begun], body].concat()
}

const LONG: usize = 2 << 30;

fn stalling(request: &Request) -> Vec<Step> {
    then_long(request, vec![Step::Send(vec![0; 1000]), Step::Hang])
}

fn trickling(request: &Request) -> Vec<Step> {
    let trickle = Step::Repeat {
        piece: vec![0],
        times: LONG,
        pause: Duration::from_millis(100),
    };
    then_long(request, vec![trickle])
}

fn pouring(request: &Request) -> Vec<Step> {
    let piece = vec![0; 8 << 20];
    let times = LONG / piece.len();
    let pour = Step::Repeat {
        piece,
        times,
        pause: Duration::ZERO,
    };
    then_long(request, vec![pour])
}

const OBJECT: &str = "s3 --bucket b --key k --warmup 1";

#[test]
fn the_time_limit_ends_a_body_that_stalls_or_trickles() {
    let _machine = beside_others();
    let limit = Duration::from_secs(1);
    let cases: [(Answer, &str); 3] = [
        (stalling, "-n 1"),
        (trickling, "-n 1"),
        (trickling, "--duration 1s"),
    ];
    let assert_ended = |server: Answer, load: &str| {
        let document = Target::plain(server)
            .run(&format!("{OBJECT} {load} --timeout 1s"))
            .measured();
        let arm = &document["arms"][0];
        assert_eq!(arm["outcomes"]["timeout"], arm["requests"], "{arm:#}");
        let (body, total) = (mean(arm, "deserialize"), mean(arm, "total"));
        assert!(total >= limit && total < 4 * limit, "{total:?}");
        assert!(body.as_secs_f64() >= 0.6 * total.as_secs_f64(), "{body:?}");
    };
    std::thread::scope(|side_by_side| {
        for (server, load) in cases {
            side_by_side.spawn(move || assert_ended(server, load));
        }
    });
}

#[test]
fn an_object_that_is_longer_than_the_memory_is_read_to_its_end() {
    let _machine = beside_others();
    let target = Target::plain(pouring);
    let run = target.run(&format!("{OBJECT} -n 1 --timeout 2m"));
    let arm = run.within_kilobytes(LONG / 1024 / 2).arm();
    assert_eq!(arm["outcomes"]["ok"], 1, "{arm:#}");
}

/// An answer without an end, which the SDK would read to its end before looking at it.
fn endless(_: &Request) -> Vec<Step> {
    let piece = [b"100000\r\n", vec![b' '; 1 << 20].as_slice(), b"\r\n"].concat();
    let begun = Step::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec());
    let more = Step::Repeat {
        piece,
        times: usize::MAX,
        pause: Duration::ZERO,
    };
    vec![begun, more]
}

#[test]
fn an_answer_without_an_end_is_an_error_before_the_time_is_up() {
    let _machine = beside_others();
    let run = Target::plain(endless);
    let run = run.run("sts -n 1 --warmup 0 --timeout 5m");
    let arm: Value = run.with("AWS_MAX_ATTEMPTS", "1").arm();
    assert_eq!(arm["outcomes"]["other"], 1, "{arm:#}");
}
