//! `doctor`: what it finds, what it says of the chain, and that nothing makes it hang, panic or tell secrets.

mod bad_configuration;
mod catalogue;
mod command;
mod winners;

use std::process::Output;

use serde_json::Value;

use crate::support::tool;

/// Runs `doctor --format json` as a program of a lab, after `setup` in a shell.
pub fn examined(scenario: &str, source: &str, setup: &str) -> Value {
    let output = in_lab(scenario, source, setup, "doctor --format json");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

/// Runs the binary with these arguments as a program of a lab, after `setup` in a shell.
pub fn in_lab(scenario: &str, source: &str, setup: &str, arguments: &str) -> Output {
    let script = format!("{setup}\nexec \"$0\" {arguments}");
    tool()
        .args([
            "lab",
            "--quiet",
            "--scenario",
            scenario,
            "--source",
            source,
            "--",
            "sh",
            "-c",
            &script,
        ])
        .arg(env!("CARGO_BIN_EXE_awscreds-bench"))
        .output()
        .unwrap()
}

/// The ids of the findings at level `error`.
pub fn broken(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().unwrap().iter();
    let errors = findings.filter(|found| found["severity"] == "error");
    errors.map(|found| found["id"].as_str().unwrap()).collect()
}

/// The link of this name.
pub fn link<'a>(document: &'a Value, name: &str) -> &'a Value {
    let links = document["links"].as_array().unwrap();
    links.iter().find(|link| link["name"] == name).unwrap()
}
