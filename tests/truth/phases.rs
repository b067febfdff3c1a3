//! Time that a server takes is booked to the phase in which it takes it, and a fault has its name.

use std::time::Duration;

use serde_json::Value;

use super::machine::beside_others;
use super::server::{Request, Step, Unreachable, head};
use super::service::{CALLER, caller_identity, refusal};
use super::target::{Answer, Target};
use super::tool::{Run, mean};

/// Long beside the work of a debug build on a busy machine, so that shares of the time tell.
const DELAY: Duration = Duration::from_secs(1);

fn at_once(_: &Request) -> Vec<Step> {
    vec![Step::Send(caller_identity())]
}

fn slow_head(_: &Request) -> Vec<Step> {
    vec![Step::Wait(DELAY), Step::Send(caller_identity())]
}

/// A well-formed answer of which the second half comes after `between`.
fn in_halves(between: Step) -> Vec<Step> {
    let (begin, rest) = CALLER.as_bytes().split_at(CALLER.len() / 2);
    let head = head(200, "content-type: text/xml\r\n", CALLER.len());
    vec![
        Step::Send([&head, begin].concat()),
        between,
        Step::Send(rest.to_vec()),
    ]
}

fn slow_body(_: &Request) -> Vec<Step> {
    in_halves(Step::Wait(DELAY))
}

fn silent(_: &Request) -> Vec<Step> {
    vec![Step::Hang]
}

fn silent_in_the_body(_: &Request) -> Vec<Step> {
    in_halves(Step::Hang)
}

/// A head that grows by a byte at a time, and never ends.
fn trickling_head(_: &Request) -> Vec<Step> {
    let begin = Step::Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec());
    let more = Step::Repeat {
        piece: b"x".to_vec(),
        times: usize::MAX,
        pause: Duration::from_millis(50),
    };
    vec![begin, more]
}

fn resetting(_: &Request) -> Vec<Step> {
    vec![Step::Reset]
}

fn closing(_: &Request) -> Vec<Step> {
    vec![Step::Close]
}

fn resetting_in_the_body(_: &Request) -> Vec<Step> {
    in_halves(Step::Reset)
}

fn closing_in_the_body(_: &Request) -> Vec<Step> {
    in_halves(Step::Close)
}

/// The first request of a connection is answered, so that those after it are sent on one that is known to work.
fn then(request: &Request, answer: Answer) -> Vec<Step> {
    if request.earlier_here == 0 {
        at_once(request)
    } else {
        answer(request)
    }
}

fn then_silent(request: &Request) -> Vec<Step> {
    then(request, silent)
}

fn then_resetting(request: &Request) -> Vec<Step> {
    then(request, resetting)
}

fn then_closing(request: &Request) -> Vec<Step> {
    then(request, closing)
}

fn always_busy(_: &Request) -> Vec<Step> {
    vec![Step::Send(refusal(503, "", "ServiceUnavailable"))]
}

/// One call, which is the first of its connection.
const FRESH: &str = "-n 1 --warmup 0";

/// One call on a connection that has carried one.
const REUSED: &str = "-n 1 --warmup 1";

/// What a call shows that meets a server.
struct Case {
    name: &'static str,
    run: Run,
    outcome: &'static str,
    phase: &'static str,
}

/// Asserts that every call ended so, and that a phase took most of the time.
fn assert_seen(case: Case) {
    let Case {
        name,
        run,
        outcome,
        phase,
    } = case;
    let arm = run.arm();
    assert_eq!(arm["outcomes"][outcome], arm["requests"], "{name}: {arm:#}");
    let is_reached = outcome == "ok" || phase != "connect";
    let addresses = arm["remote_addresses"].as_array().unwrap();
    assert_eq!(!addresses.is_empty(), is_reached, "{name}: {addresses:?}");
    let (booked, total) = (mean(&arm, phase), mean(&arm, "total"));
    if outcome == "ok" {
        // Of a body, what comes before the client looks is no wait of the client.
        assert!(booked >= DELAY * 8 / 10, "{name}: {phase} is {booked:?}");
    }
    let share = booked.as_secs_f64() / total.as_secs_f64();
    assert!(share >= 0.6, "{name}: {phase} is {share} of {total:?}");
}

fn assert_all_seen(cases: impl IntoIterator<Item = Case>) {
    std::thread::scope(|side_by_side| {
        for case in cases {
            side_by_side.spawn(|| assert_seen(case));
        }
    });
}

#[test]
fn a_delay_is_in_the_phase_that_it_was_made_in() {
    let _machine = beside_others();
    let greeting = || vec![Step::Wait(DELAY)];
    let secured = |answer| Target::secured(Vec::new(), answer);
    let targets = [
        ("connect", Target::secured(greeting(), at_once), FRESH),
        ("transmit", Target::plain(slow_head), FRESH),
        ("transmit", Target::plain(slow_head), REUSED),
        ("transmit", secured(slow_head), REUSED),
        ("deserialize", Target::plain(slow_body), FRESH),
        ("deserialize", Target::plain(slow_body), REUSED),
        ("deserialize", secured(slow_body), REUSED),
    ];
    assert_all_seen(targets.iter().map(|(phase, target, load)| Case {
        name: load,
        run: target.run(&format!("sts {load}")),
        outcome: "ok",
        phase,
    }));
}

#[test]
fn a_call_that_times_out_was_in_the_phase_that_its_server_left_it_in() {
    let _machine = beside_others();
    let limited = |load: &str| format!("sts {load} --timeout 2s");
    let hanging = || vec![Step::Hang];
    let secured = |answer| Target::secured(Vec::new(), answer);
    let unreachable = Unreachable::new();
    let targets = [
        (
            "no handshake",
            "connect",
            Target::secured(hanging(), at_once),
            FRESH,
        ),
        ("no answer", "transmit", Target::plain(silent), FRESH),
        (
            "no answer any more",
            "transmit",
            Target::plain(then_silent),
            REUSED,
        ),
        ("no answer over TLS", "transmit", secured(silent), FRESH),
        (
            "none any more over TLS",
            "transmit",
            secured(then_silent),
            REUSED,
        ),
        (
            "a head without end",
            "transmit",
            Target::plain(trickling_head),
            FRESH,
        ),
        (
            "half a body",
            "deserialize",
            Target::plain(silent_in_the_body),
            FRESH,
        ),
        ("back-off", "backoff", Target::plain(always_busy), FRESH),
    ];
    let cases = targets.iter().map(|(name, phase, target, load)| Case {
        name,
        run: target.run(&limited(load)).with("AWS_MAX_ATTEMPTS", "20"),
        outcome: "timeout",
        phase,
    });
    let url = format!("http://{}", unreachable.address);
    assert_all_seen(cases.chain([Case {
        name: "a lost SYN",
        run: Run::calling(&url, &limited(FRESH)),
        outcome: "timeout",
        phase: "connect",
    }]));
}

/// The outcome of one attempt.
fn outcome_of(target: &Target, load: &str) -> Value {
    let run = target.run(&format!("sts {load}"));
    run.with("AWS_MAX_ATTEMPTS", "1").arm()["outcomes"].take()
}

#[test]
fn a_connection_that_is_lost_with_the_request_is_told_from_one_that_never_was() {
    let _machine = beside_others();
    let secured = |answer| Target::secured(Vec::new(), answer);
    let greeting = || vec![Step::Reset];
    let cases = [
        ("reset", Target::plain(resetting), FRESH),
        ("reset", Target::plain(closing), FRESH),
        ("reset", Target::plain(then_resetting), REUSED),
        ("reset", Target::plain(then_closing), REUSED),
        ("reset", secured(then_resetting), REUSED),
        ("reset", secured(closing), FRESH),
        ("reset", Target::plain(resetting_in_the_body), FRESH),
        ("reset", Target::plain(closing_in_the_body), FRESH),
        ("reset", secured(closing_in_the_body), FRESH),
        ("connect", Target::secured(greeting(), at_once), FRESH),
    ];
    std::thread::scope(|side_by_side| {
        for (number, (outcome, target, load)) in cases.iter().enumerate() {
            side_by_side.spawn(move || {
                let outcomes = outcome_of(target, load);
                assert_eq!(outcomes[outcome], 1, "{number}: {outcomes}");
            });
        }
    });
    let nobody = Run::calling("http://127.0.0.1:1", "sts -n 1 --warmup 0");
    let outcomes = nobody.with("AWS_MAX_ATTEMPTS", "1").arm()["outcomes"].take();
    assert_eq!(outcomes["connect"], 1, "{outcomes}");
}
