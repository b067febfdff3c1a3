//! `imds` under pressure: where it begins, what it is called, and a token that changes meanwhile.

use crate::support::{alone, beside_others, findings, measured, run, scenario};

#[test]
fn the_ecs_agents_limit_is_found_and_called_throttling() {
    let _machine = alone();
    let document = measured(&[
        "imds",
        "--concurrency",
        "--endpoint",
        "container",
        "--lab",
        "ecs-agent",
    ]);
    let throttled: u64 = document["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| arm["outcomes"]["throttled"].as_u64().unwrap())
        .sum();
    assert!(throttled > 0, "{}", document["arms"][0]["outcomes"]);
    let found = findings(&document);
    assert!(
        found.contains(&"container-throttled") && found.contains(&"imds-knee"),
        "{found:?}"
    );
    let knee = &document["knee"];
    assert_eq!(knee["kind"], "refusing", "{knee:#}");
    let rate = knee["rate_per_s"].as_f64().unwrap();
    assert!((rate / 40.0 - 1.0).abs() < 0.15, "{rate}: {knee:#}");
    assert_eq!(knee["tcp_connected"], true);
}

#[test]
fn a_packet_budget_in_the_lab_has_its_knee_where_its_packets_say() {
    let _machine = alone();
    let document = measured(&["imds", "--concurrency", "--lab", "imds-packets"]);
    let knee = &document["knee"];
    assert_eq!(knee["kind"], "dropping", "{knee:#}");
    // A connection with three requests is ten packets.
    let rate = knee["rate_per_s"].as_f64().unwrap();
    assert!((rate / 102.4 - 1.0).abs() < 0.15, "{rate}: {knee:#}");
}

#[test]
fn a_slow_endpoint_is_not_taken_for_one_that_drops() {
    let _machine = beside_others();
    let slow = scenario("[imds]\ndelay = '120ms'\n");
    let path = slow.path().to_str().unwrap();
    let document = measured(&["imds", "--concurrency", "--lab", path, "-n", "20"]);
    let found = findings(&document);
    assert!(
        !found.contains(&"imds-throttled") && !found.contains(&"imds-knee"),
        "{found:?}"
    );
}

#[test]
fn a_token_that_is_rotated_in_mid_run_is_picked_up() {
    let _machine = beside_others();
    let rotating = scenario("[container]\nrotate = '200ms'\n");
    let path = rotating.path().to_str().unwrap();
    let document = measured(&[
        "imds",
        "--concurrency",
        "2",
        "--endpoint",
        "container",
        "--lab",
        path,
        "--duration",
        "2s",
    ]);
    let arm = &document["arms"][0];
    assert_eq!(arm["outcomes"]["ok"], arm["requests"], "{}", arm["errors"]);
    assert!(arm["requests"].as_u64().unwrap() > 0);
}

#[test]
fn an_endpoint_that_gives_nothing_is_diagnosed() {
    let _machine = beside_others();
    for (arguments, words) in [
        (&["--lab", "imds-hop-limit"][..], "hop limit"),
        (&["--lab", "imds-no-role"], "no role"),
        (&["--lab", "imds-black-hole"], "nothing answers"),
        (
            &["--endpoint", "container", "--lab", "container-wrong-token"],
            "does not accept the token",
        ),
    ] {
        let output = run(&[&["imds", "--concurrency", "1"], arguments].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains(words) && errors.contains("\ndo: "),
            "{words}: {errors}"
        );
    }
}
