//! The pause before a second attempt is `backoff`, whoever asks for it, and nothing else is.

use std::time::Duration;

use super::machine::beside_others;
use super::server::{Request, Step};
use super::service::{caller_identity, refusal};
use super::target::{Answer, Target};
use super::tool::{Run, mean};

/// Every other request is refused.
fn refused_first(request: &Request, headers: &str) -> Vec<Step> {
    let refused = request.earlier.is_multiple_of(2);
    vec![Step::Send(if refused {
        refusal(503, headers, "ServiceUnavailable")
    } else {
        caller_identity()
    })]
}

fn by_itself(request: &Request) -> Vec<Step> {
    refused_first(request, "")
}

const ASKED: Duration = Duration::from_millis(1500);

fn as_asked(request: &Request) -> Vec<Step> {
    refused_first(request, "x-amz-retry-after: 1500\r\n")
}

const CALLS: u32 = 4;

/// The mean back-off that the tool saw, and the mean time between the two requests of a call by the server's books.
fn pauses(server: Answer) -> (Duration, Duration) {
    let target = Target::plain(server);
    let run: Run = target.run(&format!("sts -n {CALLS} --warmup 0"));
    let arm = run.arm();
    assert_eq!(arm["outcomes"]["ok"], CALLS, "{arm:#}");
    assert_eq!(arm["attempts"], 2 * CALLS, "{arm:#}");
    // Before them came the two requests of the first call.
    let books = target.server.served().split_off(2);
    let pairs = books.chunks(2).take(CALLS as usize);
    let between = pairs.map(|pair| pair[1].begun - pair[0].begun);
    (mean(&arm, "backoff"), between.sum::<Duration>() / CALLS)
}

#[test]
fn the_pause_before_a_retry_is_backoff() {
    let _machine = beside_others();
    std::thread::scope(|side_by_side| {
        let servers: [(Answer, Duration); 2] = [(by_itself, Duration::ZERO), (as_asked, ASKED)];
        for (server, asked) in servers {
            side_by_side.spawn(move || {
                let (booked, between) = pauses(server);
                assert!(booked >= asked, "{booked:?}");
                assert!(booked <= between, "{booked:?} of {between:?}");
                // The pauses that the SDK chooses are random, and the mean of so many half a second.
                let share = booked.as_secs_f64() / between.as_secs_f64();
                assert!(share >= 0.6, "{booked:?} of {between:?}");
            });
        }
    });
}
