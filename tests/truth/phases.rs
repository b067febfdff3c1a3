//! Time that a server takes is booked to the phase in which it takes it.

use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::machine::beside_others;
use super::server::{Behaviour, Request, Server, Step, head};
use super::service::{CALLER, caller_identity};
use super::tls::acceptor;
use super::tool::{Run, mean};

const DELAY: Duration = Duration::from_millis(300);

/// A server, and what a client needs to trust it.
struct Target {
    server: Server,
    bundle: Option<NamedTempFile>,
}

impl Target {
    fn plain(answer: fn(&Request) -> Vec<Step>) -> Self {
        Self {
            server: Server::answering(answer),
            bundle: None,
        }
    }

    /// Over TLS, after a greeting.
    fn secured(greeting: Vec<Step>, answer: fn(&Request) -> Vec<Step>) -> Self {
        let (tls, bundle) = acceptor();
        Self {
            server: Server::start(Behaviour {
                greeting,
                tls: Some(tls),
                answer: Box::new(answer),
            }),
            bundle: Some(bundle),
        }
    }

    /// The arm that a run of `sts` against it measured.
    fn arm(&self, options: &str) -> Value {
        let url = match self.bundle {
            Some(_) => self.server.url().replace("http:", "https:"),
            None => self.server.url(),
        };
        let mut run = Run::sent_to(&url, &format!("sts {options}"));
        if let Some(bundle) = &self.bundle {
            run = run.with("AWS_CA_BUNDLE", bundle.path().to_str().unwrap());
        }
        run.measured()["arms"][0].take()
    }
}

fn at_once(_: &Request) -> Vec<Step> {
    vec![Step::Send(caller_identity())]
}

fn slow_head(_: &Request) -> Vec<Step> {
    vec![Step::Wait(DELAY), Step::Send(caller_identity())]
}

fn slow_body(_: &Request) -> Vec<Step> {
    let (begin, rest) = CALLER.as_bytes().split_at(CALLER.len() / 2);
    let head = head(200, "content-type: text/xml\r\n", CALLER.len());
    vec![
        Step::Send([&head, begin].concat()),
        Step::Wait(DELAY),
        Step::Send(rest.to_vec()),
    ]
}

/// Asserts that a phase took the delay, and hardly anything else took any time.
fn assert_booked(arm: &Value, phase: &str) {
    assert_eq!(arm["outcomes"]["ok"], arm["requests"], "{phase}: {arm:#}");
    let (booked, total) = (mean(arm, phase), mean(arm, "total"));
    assert!(booked >= DELAY, "{phase} is {booked:?} of {total:?}");
    let share = booked.as_secs_f64() / total.as_secs_f64();
    assert!(share >= 0.7, "{phase} is {share} of {total:?}");
}

#[test]
fn a_delay_is_in_the_phase_that_it_was_made_in() {
    let _machine = beside_others();
    let one = "-n 1 --warmup 0";
    let reused = "-n 4 --warmup 1";
    let greeting = || vec![Step::Wait(DELAY)];
    let cases = [
        ("connect", Target::secured(greeting(), at_once), one),
        ("transmit", Target::plain(slow_head), one),
        ("transmit", Target::plain(slow_head), reused),
        ("transmit", Target::secured(Vec::new(), slow_head), reused),
        ("deserialize", Target::plain(slow_body), one),
        ("deserialize", Target::plain(slow_body), reused),
    ];
    std::thread::scope(|side_by_side| {
        for (phase, target, options) in &cases {
            side_by_side.spawn(|| assert_booked(&target.arm(options), phase));
        }
    });
}
