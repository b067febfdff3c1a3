//! Instance metadata with a limit, and what it does beyond it.

use std::time::Duration;

use super::capacity::{Bucket, Queue};
use super::server::{Request, Server, Step, answer};

/// What becomes of a request beyond the limit.
#[derive(Clone, Copy, Debug)]
pub enum Beyond {
    /// It is refused with this status.
    Refuse(u16),
    /// It gets no answer.
    Drop,
    /// It waits for its turn.
    Queue,
}

const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n";

const CREDENTIALS: &str = r#"{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC",
    "AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"token","Expiration":"2099-01-01T00:00:00Z"}"#;

/// Metadata that serves `fetches_per_s` cold fetches (of three requests each), and `burst` of them at once.
pub fn limited(fetches_per_s: f64, burst: f64, beyond: Beyond) -> Server {
    const REQUESTS: f64 = 3.0;
    let bucket = Bucket::new(REQUESTS * fetches_per_s, REQUESTS * burst);
    let queue = Queue::default();
    let service = Duration::from_secs_f64(1.0 / (REQUESTS * fetches_per_s));
    Server::answering(move |request| match beyond {
        Beyond::Queue => vec![
            Step::Wait(queue.sojourn(service)),
            Step::Send(granted(request)),
        ],
        _ if bucket.admits() => vec![Step::Send(granted(request))],
        Beyond::Refuse(status) => vec![Step::Send(answer(status, TTL, "Slow down."))],
        Beyond::Drop => vec![Step::Hang],
    })
}

/// The answer of metadata that has nothing against it.
pub fn granted(request: &Request) -> Vec<u8> {
    if request.starts_with("PUT /latest/api/token") {
        answer(200, TTL, "dG9rZW4=")
    } else if request.starts_with("GET /latest/meta-data/iam/security-credentials/ ") {
        answer(200, "", "role")
    } else {
        answer(200, "", CREDENTIALS)
    }
}
