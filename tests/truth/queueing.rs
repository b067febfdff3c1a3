//! An open loop against a queue: what the tool sees is what the server has in its books, and what theory says.

use std::time::Duration;

use super::capacity::Queue;
use super::machine::alone;
use super::server::{Server, Step};
use super::service::caller_identity;
use super::tool::{Run, mean};

const CALLS: usize = 500;
const WARMUP: usize = 2;

/// Arrivals and services, per second: the server is busy half of the time.
const ARRIVALS: f64 = 40.0;
const SERVICES: f64 = 80.0;

/// A draw from an exponential distribution; the same for the same number.
fn service(number: usize) -> Duration {
    // The fractional parts of a golden sequence are even; mixed, they follow no order.
    let mixed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11;
    let uniform = (mixed as f64 + 0.5) / (1_u64 << 53) as f64;
    Duration::from_secs_f64(-uniform.ln() / SERVICES)
}

#[test]
fn a_queue_is_seen_as_its_server_books_it() {
    let _machine = alone();
    let queue = Queue::default();
    let server = Server::answering(move |request| {
        vec![
            Step::Wait(queue.sojourn(service(request.earlier))),
            Step::Send(caller_identity()),
        ]
    });
    let load = format!("-n {CALLS} --warmup {WARMUP} --rate {ARRIVALS} --arrivals poisson");
    let arm = Run::calling(&server.url(), &format!("sts {load}")).arm();
    assert_eq!(arm["outcomes"]["ok"], CALLS, "{}", arm["errors"]);
    // After the first call and the warm-up.
    let books = &server.served()[1 + WARMUP..];
    let booked = books.iter().map(|exchange| exchange.took).sum::<Duration>() / CALLS as u32;
    let (transmit, total) = (mean(&arm, "transmit"), mean(&arm, "total"));
    assert!(transmit >= booked, "{transmit:?} of {booked:?}");
    assert!(total < booked * 3 / 2, "{total:?} of {booked:?}");
    let theory = 1.0 / (SERVICES - ARRIVALS);
    let ratio = total.as_secs_f64() / theory;
    assert!((0.5..2.0).contains(&ratio), "{ratio} of {theory} s");
}
