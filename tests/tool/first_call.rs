//! First calls: what a process pays once, timed apart from the calls that follow.

use std::path::Path;

use serde_json::Value;

use crate::support::{
    alone, arm, beside_others, errors, file, findings, lab_counts, measured, phase_sum_us, printed,
    run, scenario, text, tool,
};

/// The steps of a fetch from instance metadata.
const STEPS: [&str; 3] = ["imds:token", "imds:role", "imds:credentials"];

fn first<'a>(document: &'a Value, name: &str) -> &'a Value {
    let first = &arm(document, name)["first_call"];
    assert!(first.is_object(), "{name} has no first call");
    first
}

/// A figure of a phase of an arm's first calls, in milliseconds.
fn ms(document: &Value, name: &str, phase: &str, figure: &str) -> f64 {
    let value = &first(document, name)["phases"][phase][figure];
    let us = value.as_f64();
    us.unwrap_or_else(|| panic!("{name} {phase}.{figure} is {value}")) / 1e3
}

fn finding<'a>(document: &'a Value, id: &str) -> &'a Value {
    let mut findings = document["findings"].as_array().expect("findings").iter();
    let found = findings.find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("no finding {id}"))
}

fn assert_one_fetch_each(document: &Value, name: &str, clients: u64) {
    let first = first(document, name);
    assert_eq!(first["clients"], clients, "{name}");
    assert_eq!(first["outcomes"]["ok"], clients, "{name}");
    for step in STEPS {
        assert_eq!(
            first["source_requests"][step]["count"], clients,
            "{name} {step}"
        );
    }
}

#[test]
fn the_first_call_waits_for_the_three_steps_of_a_slow_source_and_the_finding_says_so() {
    let _machine = alone();
    let document = measured(&["sts", "--regional", "--lab", "imds-slow", "-n", "10"]);
    let steps = 3.0 * 600.0;
    for name in ["global", "regional"] {
        assert_one_fetch_each(&document, name, 1);
        let identity = ms(&document, name, "identity", "mean_us");
        assert!(
            (identity / steps - 1.0).abs() < 0.05,
            "{name}: {identity} ms instead of {steps} ms"
        );
        let first = first(&document, name);
        let total = first["phases"]["total"]["sum_us"].as_f64().unwrap();
        let sum = phase_sum_us(first);
        assert!((sum / total - 1.0).abs() < 1e-6, "{name}: {sum} of {total}");
        let warm = arm(&document, name);
        assert_eq!(
            (&warm["requests"], &warm["identity"]["load"]),
            (&10.into(), &0.into())
        );
    }
    let ids = findings(&document);
    let slow: Vec<_> = ids.iter().filter(|id| **id == "slow-first-call").collect();
    assert_eq!(slow.len(), 1, "both arms share it: {ids:?}");
    let finding = finding(&document, "slow-first-call");
    assert_eq!(finding["severity"], "warning");
    let told = |field: &str| finding[field].as_str().unwrap().replace('\u{a0}', " ");
    let summary = told("summary");
    assert!(summary.starts_with("global and regional: "), "{summary}");
    assert!(
        summary.contains("credentials from the instance metadata service"),
        "{summary}"
    );
    let evidence = told("evidence");
    for step in ["token 6", "role list 6", "role credentials 6"] {
        assert!(evidence.contains(step), "{evidence}");
    }
    assert!(told("remedy").contains("credential_process = awscreds-bench credential-process"));
}

#[test]
fn a_first_call_starts_from_nothing_in_every_arm_and_is_none_of_the_measured_calls() {
    let _machine = beside_others();
    let document = measured(&[
        "s3",
        "--compare-cache",
        "--lab",
        "fast",
        "-n",
        "5",
        "--first",
        "5",
    ]);
    for part in ["cold-creds", "warm-creds"] {
        for connection in ["cold-conn", "warm-conn"] {
            let name = format!("{part}/{connection}");
            assert_one_fetch_each(&document, &name, 5);
            let phases = &first(&document, &name)["phases"];
            for phase in ["total", "identity", "connect"] {
                assert_eq!(phases[phase]["count"], 5, "{name} {phase}");
            }
            // A connection that is there already takes microseconds to acquire.
            assert!(ms(&document, &name, "connect", "min_us") > 0.1, "{name}");
            assert_eq!(arm(&document, &name)["requests"], 5, "{name}");
        }
    }
    let counts = lab_counts(&document);
    assert_eq!(
        counts["s3:GetObject"], 20,
        "the lab counts the measured calls alone"
    );
    assert_eq!(counts["imds:token"], 10);
}

#[test]
fn the_first_call_is_timed_without_a_warm_up_too() {
    let _machine = beside_others();
    let document = measured(&["sts", "--lab", "fast", "-n", "3", "--warmup", "0"]);
    assert_one_fetch_each(&document, "regional", 1);
    let regional = arm(&document, "regional");
    assert_eq!(
        regional["identity"]["load"], 1,
        "the arm's own client is as new as ever"
    );
    assert_eq!(regional["requests"], 3);
}

#[test]
fn every_measuring_command_has_first_calls() {
    let _machine = beside_others();
    let imds = measured(&[
        "imds",
        "--lab",
        "fast",
        "--concurrency",
        "2,4",
        "-n",
        "8",
        "--first",
        "3",
    ]);
    assert_one_fetch_each(&imds, "2 workers", 3);
    assert!(
        arm(&imds, "4 workers").get("first_call").is_none(),
        "every fetch is a first call"
    );
    let workers = [
        "--workers",
        "2",
        "--every",
        "50ms",
        "-n",
        "4",
        "--first",
        "2",
    ];
    let workers = [&["imds", "--compare-cache", "--lab", "fast"][..], &workers].concat();
    let processes = measured(&workers);
    for name in ["no cache", "memory", "file"] {
        assert_one_fetch_each(&processes, name, 2);
    }
    let cloudmap = measured(&["cloudmap", "--lab", "fast", "-n", "5"]);
    for name in ["discover", "revision", "cached", "random", "prefer-az"] {
        assert_one_fetch_each(&cloudmap, name, 1);
    }
    assert_eq!(first(&cloudmap, "dns")["outcomes"]["ok"], 1);
}

#[test]
fn the_first_call_of_every_strategy_waits_for_its_first_credentials() {
    let _machine = beside_others();
    let arguments = [
        "refresh",
        "--lab",
        "--source-delay",
        "300ms",
        "--duration",
        "1s",
    ];
    let document = measured(&[&arguments[..], &["--rate", "10", "--warmup", "1"]].concat());
    for name in ["lazy", "advisory", "refresher", "swapper", "file-cache"] {
        assert_one_fetch_each(&document, name, 1);
        assert!(ms(&document, name, "identity", "min_us") >= 299.0, "{name}");
        assert_eq!(arm(&document, name)["identity"]["load"], 0, "{name}");
    }
}

#[test]
fn a_first_call_that_fails_is_told_and_the_run_goes_on() {
    let _machine = beside_others();
    let fault = "fault = { probability = 1.0, kind = 'status:400', until = '5s' }";
    let failing = scenario(&format!("[sts.regional]\n{fault}\n"));
    let load = ["--rate", "5", "--duration", "8s", "--warmup", "0"];
    let arguments = [&["sts", "--lab", text(failing.path())][..], &load].concat();
    let document = measured(&arguments);
    let first = first(&document, "regional");
    assert_eq!(
        (&first["clients"], &first["outcomes"]["ok"]),
        (&1.into(), &0.into())
    );
    assert_eq!(first["failed_phases"]["total"]["count"], 1);
    assert_eq!(first["errors"][0]["count"], 1);
    let regional = arm(&document, "regional");
    assert_ne!(regional["outcomes"]["ok"], 0, "the fault has an end");
    let finding = finding(&document, "first-call-failed");
    let error = first["errors"][0]["message"].as_str().unwrap();
    assert!(
        finding["evidence"].as_str().unwrap().contains(error),
        "{finding}"
    );
}

#[test]
fn a_run_whose_first_calls_all_fail_is_given_up() {
    let _machine = beside_others();
    let failing = scenario("[sts.regional]\nfault = { probability = 1.0, kind = 'status:400' }\n");
    let output = run(&[
        "sts",
        "--lab",
        text(failing.path()),
        "--first",
        "100",
        "-n",
        "5",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let said = errors(&output);
    assert!(said.contains("every call failed (3 of 3)"), "{said}");
}

#[test]
fn other_forms_have_first_calls_under_their_own_name() {
    let _machine = beside_others();
    let stored = measured(&["sts", "--lab", "fast", "-n", "3", "--first", "2"]);
    let stored = file(".json", stored.to_string());
    let report = |format: &str| {
        let stored = ["report", text(stored.path()), "--details"];
        printed(tool().args(stored).args(["--format", format]))
    };
    let row = report("csv")
        .lines()
        .find(|row| row.contains(",first,identity,"))
        .map(str::to_owned);
    assert!(row.is_some_and(|row| row.starts_with("sts,regional,,first,identity,2,")));
    assert!(report("hlog").contains("Tag=regional.first.total,"));
    assert!(report("table").contains("First call"));
    let checked = |limit: &str| {
        let file = text(stored.path());
        run(&["report", file, "--fail-if", limit]).status.code()
    };
    assert_eq!(checked("first.p50 > 1h"), Some(0));
    assert_eq!(checked("regional.first.p50 > 1ns"), Some(1));
}

#[test]
fn a_document_of_before_has_no_first_calls_and_is_read() {
    let _machine = beside_others();
    let before = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/sts.json");
    assert!(
        !std::fs::read_to_string(&before)
            .unwrap()
            .contains("first_call")
    );
    let read = measured(&["report", text(&before)]);
    assert!(arm(&read, "global").get("first_call").is_none());
}

#[test]
fn more_first_calls_than_a_source_should_bear_are_refused() {
    let _machine = beside_others();
    for wrong in ["0", "101", "some"] {
        let output = run(&["sts", "--lab", "fast", "--first", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(errors(&output).contains("--first"), "{wrong}");
    }
}
