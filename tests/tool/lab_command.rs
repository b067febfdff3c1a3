//! `lab`: the environment it exports, the program it runs, and what it counts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Running, beside_others, get, home, run, signal, tool, wait_for};

/// A lab in the foreground, and the variables that it told.
struct Lab {
    child: Running,
    exports: BTreeMap<String, String>,
}

impl Lab {
    fn start(arguments: &[&str]) -> Self {
        let mut child = tool()
            .arg("lab")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Ready is said on stderr after the last export.
        wait_for(&mut child, "ready");
        let exports = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut map = BTreeMap::new();
        for line in exports.map(Result::unwrap) {
            let (name, value) = line
                .strip_prefix("export ")
                .expect("an export line")
                .split_once('=')
                .unwrap();
            map.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            if map.len() == Self::lines(&map) {
                break;
            }
        }
        Self {
            child: Running(child),
            exports: map,
        }
    }

    /// The endpoint variables are all there once the metadata endpoint is.
    fn lines(map: &BTreeMap<String, String>) -> usize {
        if map.contains_key("AWS_ENDPOINT_URL_STS")
            && map.contains_key("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        {
            map.len()
        } else {
            usize::MAX
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        signal(&self.child.0, Signal::INT);
        self.child.0.wait().unwrap().code()
    }
}

#[test]
fn the_foreground_lab_exports_answers_its_counts_and_stops_when_interrupted() {
    let _machine = beside_others();
    let lab = Lab::start(&[]);
    let sts = lab.exports["AWS_ENDPOINT_URL_STS"]
        .trim_end_matches('/')
        .to_owned();
    let imds = lab.exports["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        .trim_end_matches('/')
        .to_owned();
    get(&format!(
        "{imds}/latest/meta-data/iam/security-credentials/"
    ));
    for listener in [&sts, &imds] {
        let answer = get(&format!("{listener}/_lab/requests"));
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let counts: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            counts["imds:role"]["failed"], 1,
            "v1 is refused, and counted: {counts}"
        );
    }
    assert_eq!(lab.interrupt(), Some(0));
}

#[test]
fn a_program_in_the_lab_gives_its_exit_status_and_its_requests() {
    let _machine = beside_others();
    let path = home().join("requests.json");
    let output = tool()
        .args(["lab", "--format", "json", "--output"])
        .arg(&path)
        .args([
            "--",
            "sh",
            "-c",
            "\"$0\" sts --regional -n 7 --warmup 0 --format json; exit 5",
        ])
        .arg(env!("CARGO_BIN_EXE_awscreds-bench"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let arms = document["arms"].as_array().unwrap().iter();
    let made = arms.map(|arm| {
        let first = arm["first_call"]["clients"].as_u64().unwrap();
        first + arm["attempts"].as_u64().unwrap()
    });
    let attempts: u64 = made.sum();
    assert_eq!(attempts, 2 * (1 + 7));
    let counted: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(counted["command"], "lab");
    assert_eq!(
        counted["requests"]["sts:GetCallerIdentity"]["count"],
        attempts
    );
    assert_eq!(
        counted["requests"]["imds:credentials"]["ok"], 4,
        "one load per client"
    );
}

#[test]
fn without_a_file_the_requests_are_a_table_on_stderr() {
    let _machine = beside_others();
    let output = tool()
        .args([
            "lab",
            "--",
            env!("CARGO_BIN_EXE_awscreds-bench"),
            "imds",
            "--concurrency",
            "1",
            "-n",
            "2",
            "--quiet",
        ])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("imds:token") && errors.contains("imds:credentials"),
        "{errors}"
    );
}

#[test]
fn a_program_killed_by_a_signal_is_reported_as_a_shell_would() {
    let _machine = beside_others();
    let output = tool()
        .args(["lab", "--quiet", "--", "sh", "-c", "kill -TERM $$"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(128 + 15));
}

#[test]
fn the_callers_own_aws_settings_do_not_reach_the_program() {
    let _machine = beside_others();
    let output = tool()
        .env("AWS_PROFILE", "production")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .args(["lab", "--quiet", "--", "env"])
        .output()
        .unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert!(
        !seen.contains("production") && !seen.contains("AKIAIOSFODNN7EXAMPLE"),
        "{seen}"
    );
}

#[test]
fn counts_do_not_go_into_formats_of_latencies() {
    let _machine = beside_others();
    for format in ["svg", "hlog", "hgrm"] {
        let output = run(&["lab", "--format", format, "--", "true"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains("no latencies") && errors.contains("hint: "),
            "{errors}"
        );
    }
    let page = run(&[
        "lab",
        "--scenario",
        "fast",
        "--format",
        "html",
        "--",
        "true",
    ]);
    assert!(String::from_utf8_lossy(&page.stderr).contains("<!DOCTYPE html>"));
}
