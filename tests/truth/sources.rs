//! A source of credentials beyond its limit: what its exchanges met is told, whatever became of the fetches.

use std::time::Duration;

use serde_json::Value;

use super::machine::beside_others;
use super::metadata::{Beyond, limited};
use super::tool::{Run, mean};

/// Three cold fetches from metadata that has enough for the first call and for two of them, and next to nothing later.
fn beyond_two(beyond: Beyond) -> Value {
    fetched(0.001, beyond)
}

fn fetched(fetches_per_s: f64, beyond: Beyond) -> Value {
    let server = limited(fetches_per_s, 3.0, beyond);
    let run = Run::of("imds --concurrency 1 -n 3 --warmup 0 --timeout 20s");
    let arm = run
        .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &server.url())
        .arm();
    // The search for the knee comes after, and adds to the server's books.
    assert!(exchanges(&arm, "count") as usize <= server.requests());
    arm
}

/// Exchanges of an arm that ended so.
fn exchanges(arm: &Value, ended: &str) -> u64 {
    let steps = arm["source_requests"].as_object().unwrap().values();
    steps.map(|step| step[ended].as_u64().unwrap()).sum()
}

fn assert_told(beyond: Beyond, ended: &str) {
    let arm = beyond_two(beyond);
    assert_eq!(arm["outcomes"]["ok"], 2, "{beyond:?}: {arm:#}");
    assert_eq!(arm["outcomes"][ended], 1, "{beyond:?}: {arm:#}");
    assert!(exchanges(&arm, ended) >= 1, "{beyond:?}: {arm:#}");
    assert_eq!(exchanges(&arm, "ok"), 6, "{beyond:?}: {arm:#}");
}

#[test]
fn what_a_source_did_beyond_its_limit_is_told() {
    let _machine = beside_others();
    std::thread::scope(|side_by_side| {
        side_by_side.spawn(|| assert_told(Beyond::Refuse(429), "throttled"));
        side_by_side.spawn(|| assert_told(Beyond::Refuse(503), "throttled"));
        side_by_side.spawn(|| assert_told(Beyond::Drop, "timeout"));
        side_by_side.spawn(|| {
            let arm = fetched(2.0, Beyond::Queue);
            assert_eq!(arm["outcomes"]["ok"], 3, "{arm:#}");
            let waited = mean(&arm, "identity");
            assert!(waited >= Duration::from_millis(490), "{waited:?}");
        });
    });
}
