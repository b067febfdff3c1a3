//! `--fail-if`: limits that a run is held to.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{beside_others, errors, home, run, scenario, text};

/// A lab whose global endpoint is 20 ms away and whose regional one is near.
const FAR: &str = "[sts.global]\ndelay = '20ms'\n[sts.regional]\ndelay = '2ms'\n";

fn judged(lab: &Path, expressions: &[&str], format: &str) -> Output {
    let mut arguments = vec![
        "sts",
        "--regional",
        "--lab",
        lab.to_str().unwrap(),
        "-n",
        "30",
        "--details",
        "--format",
        format,
    ];
    for expression in expressions {
        arguments.extend(["--fail-if", expression]);
    }
    run(&arguments)
}

/// The first and the last are not kept.
const FIVE: [&str; 5] = [
    "global.total.p50 > 5ms",
    "regional.total.min < 1ms",
    "failed > 1%",
    "regional.total.p50 > -10%",
    "regional.ok < 31",
];

#[test]
fn of_five_limits_the_two_that_are_not_kept_are_named_with_what_was_seen() {
    let _machine = beside_others();
    let lab = scenario(FAR);
    let output = judged(lab.path(), &FIVE, "json");
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 2, "{errors}");
    assert!(
        lines[0].starts_with(
            "--fail-if 'global.total.p50 > 5ms': global: expected at most 5.00 ms, seen 2"
        ),
        "{errors}"
    );
    assert_eq!(
        lines[1],
        "--fail-if 'regional.ok < 31': regional: expected at least 31, seen 30"
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let of = |expression: &str| {
        checks
            .iter()
            .filter(|c| c["expression"] == expression)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("failed > 1%").len(), 2, "any arm is every arm");
    assert_eq!(of("global.total.p50 > 5ms")[0]["passed"], false);
    assert_eq!(of("regional.total.p50 > -10%")[0]["passed"], true);
    assert!(of("regional.total.p50 > -10%")[0]["seen"].as_f64().unwrap() < -0.5);
}

#[test]
fn limits_that_are_kept_leave_the_exit_code_alone() {
    let _machine = beside_others();
    let lab = scenario(FAR);
    let output = judged(
        lab.path(),
        &["p99 > 9s", "total.p50 > 900%", "identity.load > 30"],
        "table",
    );
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(errors(&output), "");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("5 checks passed"), "{shown}");
}

#[test]
fn what_was_not_measured_is_a_breach_that_says_so() {
    let _machine = beside_others();
    let lab = scenario(FAR);
    let output = judged(lab.path(), &["regional.rate < 1"], "json");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output)
            .contains("regional: expected at least 1.00/s, seen nothing: it was not measured")
    );
}

#[test]
fn a_bad_expression_is_pointed_at_before_anything_is_measured() {
    let _machine = beside_others();
    let lab = scenario(FAR);
    for (expression, carets, hint) in [
        (
            "regional.identiy.p99 > 5%",
            "           ^^^^^^^\n",
            "did you mean `identity`?",
        ),
        (
            "regional.total.p99 = 5ms",
            "                     ^\n",
            "write ==",
        ),
        (
            "regionl.total.p99 > 5ms",
            "  ^^^^^^^\n",
            "did you mean `regional`? the arms are global, regional",
        ),
        ("global.total.p99 > 5%", "  ^^^^^^\n", "against its first"),
        ("p99 > 250", "        ^^^\n", "250ms"),
    ] {
        let output = judged(lab.path(), &[expression], "json");
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(output.stdout.is_empty());
        let pointed = format!("  {expression}\n{carets}");
        assert!(
            errors.contains(&pointed) && errors.contains(hint),
            "{errors}"
        );
        assert!(
            errors.contains("error: ") && errors.contains("--fail-if"),
            "{errors}"
        );
    }
}

#[test]
fn every_command_that_measures_and_those_that_read_take_limits() {
    let _machine = beside_others();
    let path = home().join("run.json");
    let path = text(&path);
    let stored = run(&[
        "s3",
        "--compare-cache",
        "--lab",
        "fast",
        "-n",
        "10",
        "--format",
        "json",
        "--output",
        path,
    ]);
    assert_eq!(stored.status.code(), Some(0));
    for (arguments, breach) in [
        (
            &["s3", "--compare-cache", "--lab", "fast", "-n", "10"][..],
            "cold-creds/warm-conn.ok > 0",
        ),
        (
            &["imds", "--concurrency", "1,2", "--lab", "fast", "-n", "10"],
            "2 workers.rate > 1/s",
        ),
        (&["report", path], "warm-creds/warm-conn.total.max > 1ns"),
        (
            &["compare", path, path],
            "warm-creds/warm-conn.total.p50 >= 0%",
        ),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--fail-if", breach]);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        assert!(errors(&output).contains(breach), "{}", errors(&output));
    }
    let unknown = run(&["compare", path, path, "--fail-if", "regional.failed > 0"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        errors(&unknown).contains("warm-creds/warm-conn"),
        "{}",
        errors(&unknown)
    );
}

#[test]
fn a_run_that_could_not_measure_stays_one() {
    let _machine = beside_others();
    let broken = scenario("[sts.regional]\nfault = { probability = 1.0, kind = 'status:500' }\n");
    let lab = broken.path().to_str().unwrap();
    let output = run(&[
        "sts",
        "--lab",
        lab,
        "--warmup",
        "0",
        "-n",
        "3",
        "--fail-if",
        "failed > 0",
        "--fail-if",
        "p99 > 1h",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert!(errors.contains("expected at most 0, seen 3"), "{errors}");
    assert!(errors.contains("seen nothing"), "{errors}");
}
