//! Ctrl-C half-way: what was measured is printed, and said to be incomplete.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{beside_others, home, scenario, signal, tool, wait_for};

#[test]
fn an_interrupted_run_prints_a_partial_document_and_ends_with_130() {
    let _machine = beside_others();
    let slow = scenario("[sts.regional]\ndelay = '5ms'\n[sts.global]\ndelay = '5ms'\n");
    let output = home().join("result.json");
    let mut child = tool()
        .args([
            "sts",
            "--regional",
            "-n",
            "100000",
            "--verbose",
            "--format",
            "json",
        ])
        .arg("--output")
        .arg(&output)
        .arg("--lab")
        .arg(slow.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut child, "measuring global");
    signal(&child, Signal::INT);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let document: Value = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(document["complete"], false);
    assert!(document["arms"][0]["requests"].as_u64().unwrap() < 100_000);
}
