//! Faults that were found by use, each held by the test that was missing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::renderings::{OTHERS, has_row, rows};
use crate::support::{
    beside_others, ended, ended_by, errors, home, run, scenario, signal, text, tool, wait_for,
};

/// Bytes that are no text in any encoding that the tool knows.
fn no_text() -> OsString {
    OsStr::from_bytes(b"r\xffsult").to_owned()
}

const QUICK: [&[&str]; 4] = [
    &["sts", "--lab", "fast", "-n", "3"],
    &["imds", "--concurrency", "1", "--lab", "fast", "-n", "3"],
    &["sign", "--case", "header", "-n", "3"],
    &["refresh", "--simulate", "1h"],
];

#[test]
fn an_argument_that_is_no_text_costs_no_result() {
    let _machine = beside_others();
    for arguments in QUICK {
        let path = home().join(no_text());
        let mut command = tool();
        command
            .args(arguments)
            .args(["--format", "json", "--output"])
            .arg(&path);
        let output = command.output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            errors(&output)
        );
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let last = document["arguments"].as_array().unwrap().last().unwrap();
        assert!(last.as_str().unwrap().ends_with("r\u{fffd}sult"), "{last}");
    }
    let mut lab = tool();
    let output = lab
        .args(["lab", "--quiet", "--", "printf", "%s"])
        .arg(no_text())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(output.stdout, no_text().as_bytes());
}

#[test]
fn a_variable_that_is_no_text_is_nobodys_business() {
    let _machine = beside_others();
    let lab: &[&str] = &["lab", "--quiet", "--", "true"];
    let doctor: &[&str] = &[
        "doctor",
        "--lab",
        "fast",
        "--source",
        "static",
        "--fail-on",
        "never",
    ];
    for arguments in QUICK.into_iter().chain([lab, doctor]) {
        let output = tool()
            .args(arguments)
            .env("ODD", no_text())
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            errors(&output)
        );
    }
}

#[test]
fn limits_are_refused_where_nothing_is_measured() {
    let _machine = beside_others();
    let vectors = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/tool/peers/sign_vectors.json"
    );
    for arguments in [
        &["cloudmap", "--simulate", "500"][..],
        &["sign", "--vectors", vectors],
        &["refresh", "--simulate", "1h"],
    ] {
        let output = run(&[arguments, &["--fail-if", "total.p99 > 1ns"]].concat());
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            errors.starts_with("error: ") && errors.contains("--fail-if"),
            "{errors}"
        );
    }
}

/// A lab with a shell as its program, which says that it is there by making a file.
fn lab_with(script: &str) -> (Child, PathBuf) {
    let there = home().join("there");
    let mut command = tool();
    command
        .args(["lab", "--quiet", "--", "sh", "-c", script])
        .arg(&there);
    let child = command.spawn().unwrap();
    // The program makes the file when its traps are set.
    while !there.exists() {
        std::thread::yield_now();
    }
    (child, there)
}

/// Waits, but not for ever if nobody ends it.
const WAIT: &str = "touch \"$0\"; n=0; while [ $n -lt 1200 ]; do sleep 0.05; n=$((n+1)); done";

#[test]
fn a_lab_hands_termination_on_to_its_program() {
    let _machine = beside_others();
    let (lab, there) = lab_with(&format!("trap 'echo heard >\"$0\"; exit 7' TERM; {WAIT}"));
    signal(&lab, Signal::TERM);
    assert_eq!(ended(lab), Some(7));
    assert_eq!(std::fs::read_to_string(there).unwrap(), "heard\n");
}

#[test]
fn a_program_that_termination_ends_is_reported_as_a_shell_would() {
    let _machine = beside_others();
    let (lab, _) = lab_with(WAIT);
    signal(&lab, Signal::TERM);
    assert_eq!(ended(lab), Some(128 + 15));
}

/// As often as somebody presses Ctrl-C who wants it to end.
fn interrupted_again_and_again(child: Child) -> Option<i32> {
    let interrupt = |pid| {
        // Fails when it has ended meanwhile.
        let _ = kill_process(pid, Signal::INT);
    };
    ended_by(child, interrupt)
}

#[test]
fn a_second_interrupt_ends_a_lab_whose_program_does_not_listen() {
    let _machine = beside_others();
    let (lab, _) = lab_with(&format!("trap '' INT; {WAIT}"));
    // The program is killed, and its status is the lab's.
    assert_eq!(interrupted_again_and_again(lab), Some(128 + 9));
}

/// A tool that has said these words.
fn once_it_said(words: &str, arguments: &[&str]) -> Child {
    let mut command = tool();
    command
        .args(arguments)
        .arg("--verbose")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    wait_for(&mut child, words);
    child
}

#[test]
fn interrupts_end_every_command_whatever_it_waits_for() {
    let _machine = beside_others();
    let stuck = scenario(
        "[sts.regional]\nfault = { probability = 1, kind = 'hang' }\n[imds]\nfault = { probability = 1, kind = 'hang' }\n\
         [cloudmap]\nfault = { probability = 1, kind = 'hang' }\n",
    );
    let stuck = text(stuck.path());
    let patient = ["--lab", stuck, "--timeout", "1h"];
    let cases: [(&[&str], &str); 6] = [
        (&["sts", "--source", "static"], "Region"),
        (&["sts", "--source", "imds"], "Region"),
        (&["imds", "--concurrency", "1"], "Region"),
        (&["s3", "--compare-cache", "--source", "imds"], "Region"),
        (&["cloudmap", "--part", "discovery"], "lab"),
        (&["refresh", "--source", "imds"], "Region"),
    ];
    for (arguments, words) in cases {
        let child = once_it_said(words, &[arguments, &patient].concat());
        // Where nothing was measured until then, it says that instead.
        let code = interrupted_again_and_again(child);
        assert!(matches!(code, Some(130 | 2)), "{arguments:?}: {code:?}");
    }
}

#[test]
fn the_first_interrupt_is_heard_while_refresh_sets_up() {
    let _machine = beside_others();
    let arguments = [
        "refresh",
        "--lab",
        "fast",
        "--lifetime",
        "1h",
        "--source-delay",
        "2s",
        "--duration",
        "1h",
    ];
    let child = once_it_said("Region", &arguments);
    signal(&child, Signal::INT);
    let code = ended(child);
    assert!(matches!(code, Some(130 | 2)), "{code:?}");
}

#[test]
fn what_has_no_latencies_is_rendered_again_as_its_command_did() {
    let _machine = beside_others();
    for other in OTHERS {
        let printed = other.printed("json");
        let path = home().join("json");
        let report = |format: &str| {
            let output = run(&["report", text(&path), "--details", "--format", format]);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{:?}: {}",
                other.arguments,
                errors(&output)
            );
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(report("json"), printed);
        let again = report("table");
        let rows = rows("table", &again);
        assert!(has_row(&rows, other.columns[0]), "{again}");
        if other.arguments[0] != "doctor" {
            // Under the command as typed, which differs by its format, all is the same every time.
            let body = |text: &str| -> Vec<String> {
                let tables = text.lines().skip_while(|line| !line.contains("  "));
                tables
                    .filter(|line| !line.contains("--format"))
                    .map(str::to_owned)
                    .collect()
            };
            assert_eq!(body(&again), body(&other.printed("table")));
        }
    }
}

#[test]
fn what_has_no_latencies_is_said_to_have_nothing_to_compare() {
    let _machine = beside_others();
    for other in OTHERS {
        other.printed("json");
        let path = home().join("json");
        let output = run(&["compare", text(&path), text(&path)]);
        let errors = errors(&output);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{:?}: {errors}",
            other.arguments
        );
        assert!(output.stdout.is_empty());
        assert!(errors.contains("nothing to compare"), "{errors}");
        assert!(
            !errors.contains("changed after") && !errors.contains("missing field"),
            "{errors}"
        );
    }
}
