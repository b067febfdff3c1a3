//! `s3`: what of a cold start is credentials, and what is the connection.

use serde_json::Value;

use crate::support::{arm, assert_phases_add_up, beside_others, lab_counts, measured, ms};

const COLD_CREDS: [&str; 2] = ["cold-creds/cold-conn", "cold-creds/warm-conn"];
const WARM_CREDS: [&str; 2] = ["warm-creds/cold-conn", "warm-creds/warm-conn"];

fn loads(document: &Value, name: &str) -> u64 {
    arm(document, name)["identity"]["load"].as_u64().unwrap()
}

#[test]
fn only_cold_credentials_are_loaded_and_only_cold_connections_are_fresh() {
    let _machine = beside_others();
    let document = measured(&["s3", "--compare-cache", "--lab", "-n", "20"]);
    assert_phases_add_up(&document);
    for name in COLD_CREDS {
        assert_eq!(loads(&document, name), 20, "{name}");
        for step in ["imds:token", "imds:role", "imds:credentials"] {
            assert_eq!(
                arm(&document, name)["source_requests"][step]["count"],
                20,
                "{name} {step}"
            );
        }
    }
    for name in WARM_CREDS {
        assert_eq!(loads(&document, name), 0, "{name}");
        assert_eq!(arm(&document, name)["identity"]["hit"], 20, "{name}");
        assert!(
            arm(&document, name)["source_requests"]
                .as_object()
                .unwrap()
                .is_empty(),
            "{name}"
        );
    }
    for (name, fresh) in [
        ("cold-creds/cold-conn", 20),
        ("cold-creds/warm-conn", 0),
        ("warm-creds/cold-conn", 20),
        ("warm-creds/warm-conn", 0),
    ] {
        assert_eq!(
            arm(&document, name)["connections"]["fresh"],
            fresh,
            "{name}"
        );
    }
    let counts = lab_counts(&document);
    assert_eq!(counts["s3:GetObject"], 80);
    assert_eq!(
        counts["imds:token"] + counts["imds:role"] + counts["imds:credentials"],
        3 * 40
    );
}

#[test]
fn a_cold_start_names_what_dominates_it() {
    let _machine = beside_others();
    let slow =
        crate::support::scenario("[imds.credentials]\ndelay = '60ms'\n[s3]\ndelay = '5ms'\n");
    let document = measured(&[
        "s3",
        "--compare-cache",
        "-n",
        "10",
        "--lab",
        slow.path().to_str().unwrap(),
    ]);
    assert_eq!(
        document["findings"][0]["id"], "cold-start-credentials",
        "{}",
        document["findings"]
    );
    let cold = ms(arm(&document, "cold-creds/warm-conn"), "identity", "p50_us");
    let warm = ms(arm(&document, "warm-creds/warm-conn"), "identity", "p50_us");
    assert!(
        cold >= 60.0 && warm * 10.0 < cold,
        "{cold} ms cold, {warm} ms warm"
    );
}

#[test]
fn every_operation_and_every_source_works_on_the_lab() {
    let _machine = beside_others();
    for operation in ["get-object", "head-bucket", "put-object"] {
        let document = measured(&[
            "s3",
            "--compare-cache",
            "--lab",
            "fast",
            "-n",
            "5",
            "--operation",
            operation,
        ]);
        for arm in document["arms"].as_array().unwrap() {
            assert_eq!(arm["outcomes"]["ok"], 5, "{operation}: {}", arm["errors"]);
        }
    }
    for source in [
        "static",
        "env",
        "profile",
        "web-identity",
        "assume-role",
        "container",
        "imds",
        "chain",
    ] {
        let document = measured(&[
            "s3",
            "--compare-cache",
            "--lab",
            "fast",
            "-n",
            "5",
            "--source",
            source,
        ]);
        for arm in document["arms"].as_array().unwrap() {
            assert_eq!(arm["outcomes"]["ok"], 5, "{source}: {}", arm["errors"]);
        }
        for name in WARM_CREDS {
            assert_eq!(loads(&document, name), 0, "{source} {name}");
        }
    }
}

#[test]
fn a_large_payload_is_sent_whole() {
    let _machine = beside_others();
    let document = measured(&[
        "s3",
        "--lab",
        "fast",
        "-n",
        "5",
        "--operation",
        "put-object",
        "--size",
        "3000000",
    ]);
    assert_eq!(
        document["arms"][0]["outcomes"]["ok"], 5,
        "{}",
        document["arms"][0]["errors"]
    );
}
