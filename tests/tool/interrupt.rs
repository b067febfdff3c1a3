//! Ctrl-C half-way: what was measured is printed, and said to be incomplete.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{beside_others, scenario, tool};

#[test]
fn an_interrupted_run_prints_a_partial_document_and_ends_with_130() {
    let _machine = beside_others();
    let slow = scenario("[sts.regional]\ndelay = '5ms'\n[sts.global]\ndelay = '5ms'\n");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("result.json");
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
    wait_for_measuring(&mut child);
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let document: Value = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(document["complete"], false);
    assert!(document["arms"][0]["requests"].as_u64().unwrap() < 100_000);
}

/// Waits until the tool says that it has begun to measure.
pub fn wait_for_measuring(child: &mut std::process::Child) {
    use std::io::{BufRead, BufReader};
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let deadline = Instant::now() + Duration::from_mins(1);
    while Instant::now() < deadline {
        let line = lines.next().expect("the tool still runs").unwrap();
        if line.contains("measuring") {
            // Keep the pipe open and drained, so that the tool never writes into a closed one.
            std::thread::spawn(move || lines.for_each(drop));
            return;
        }
    }
    panic!("the tool never began to measure");
}
