//! Open loop: latency counts from the planned start, and a stall cannot hide behind a waiting worker.

use std::time::Duration;

use awscreds_bench::document::codec::decode_histogram;
use serde_json::Value;

use crate::support::{alone, arm, assert_phases_add_up, beside_others, measured, scenario};

fn quantile_ms(quantiles: &Value, quantile: f64) -> f64 {
    let histogram = decode_histogram(quantiles["histogram"].as_str().unwrap()).unwrap();
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

/// One call in ten meets the stall, and its wait is uniform up to a second: P(wait > x) = 0.1 (1 − x).
#[test]
fn quantiles_under_a_stall_are_those_that_arithmetic_predicts() {
    let _machine = alone();
    let stalled = scenario("[sts.regional]\nstall = { every = '10s', for = '1s' }\n");
    let path = stalled.path().to_str().unwrap();
    let run = |more: &[&str]| {
        let mut arguments = vec!["sts", "--duration", "20s", "--lab", path];
        arguments.extend(more);
        measured(&arguments)
    };
    // One after the other: a closed loop takes all the CPU that it gets.
    let open = run(&["--rate", "200"]);
    let closed = run(&["--concurrency", "1"]);
    let total = &arm(&open, "regional")["phases"]["total"];
    for (quantile, predicted) in [(0.95, 500.0), (0.99, 900.0), (0.999, 990.0)] {
        let seen = quantile_ms(total, quantile);
        assert!(
            (seen / predicted - 1.0).abs() <= 0.03,
            "p{quantile}: {seen} ms, not {predicted} ms"
        );
    }
    assert_eq!(open["load"]["mode"], "open");
    assert_eq!(open["load"]["missed"], 0);
    assert_phases_add_up(&open);
    // A worker that waits for its answer meets each stall once, however long the stall is.
    let closed = &arm(&closed, "regional")["phases"]["total"];
    assert!(
        quantile_ms(closed, 0.99) * 10.0 < quantile_ms(total, 0.99),
        "the closed loop hides the stall"
    );
    let lag = open["load"]["generator_lag"]["p99_us"].as_f64().unwrap();
    let told = open["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|f| f["id"] == "generator-late");
    assert_eq!(
        lag > 2_000.0,
        told,
        "a generator that is late says so, and only then ({lag} µs)"
    );
}

#[test]
fn a_target_slower_than_the_rate_is_said_to_be_overloaded() {
    let _machine = beside_others();
    let slow = scenario("[sts.regional]\ndelay = '100ms'\n");
    let document = measured(&[
        "sts",
        "--rate",
        "100",
        "--concurrency",
        "2",
        "--duration",
        "2s",
        "--warmup",
        "1",
        "--lab",
        slow.path().to_str().unwrap(),
    ]);
    assert!(
        document["load"]["missed"].as_u64().unwrap() > 0,
        "{}",
        document["load"]
    );
    assert!(
        document["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["id"] == "load-not-sustained")
    );
    let phases = &arm(&document, "regional")["phases"];
    assert!(phases["queue"]["max_us"].as_f64() > phases["service"]["p50_us"].as_f64());
}

#[test]
fn both_kinds_of_arrivals_make_the_calls_that_were_asked_for() {
    let _machine = beside_others();
    for arrivals in ["constant", "poisson"] {
        let document = measured(&[
            "sts",
            "--regional",
            "--lab",
            "fast",
            "-n",
            "50",
            "--rate",
            "500",
            "--arrivals",
            arrivals,
        ]);
        assert_eq!(document["load"]["arrivals"], arrivals);
        for arm in document["arms"].as_array().unwrap() {
            assert_eq!(arm["outcomes"]["ok"], 50);
        }
        let elapsed = Duration::from_secs_f64(document["elapsed_s"].as_f64().unwrap());
        assert!(
            elapsed >= Duration::from_millis(50),
            "50 calls per arm at 500/s take a tenth of a second"
        );
    }
}
