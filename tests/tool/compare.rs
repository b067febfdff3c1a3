//! `compare` and `report`: stored runs say again what the live run said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{alone, arm, beside_others, document, home, run, scenario, text, tool};

/// Measures, and keeps the document.
fn stored(name: &str, arguments: &[&str]) -> PathBuf {
    let path = home().join(name);
    let mut all = arguments.to_vec();
    all.extend(["--format", "json", "--output", text(&path)]);
    let output = run(&all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    path
}

fn compared(base: &Path, new: &Path) -> Value {
    document(&run(&[
        "compare",
        text(base),
        text(new),
        "--format",
        "json",
    ]))
}

fn comparison<'a>(document: &'a Value, phase: &str, statistic: &str) -> &'a Value {
    let comparisons = document["comparisons"].as_array().unwrap();
    let found = comparisons
        .iter()
        .find(|c| c["phase"] == phase && c["statistic"] == statistic);
    found.expect("the comparison")
}

fn verdict<'a>(document: &'a Value, phase: &str, statistic: &str) -> &'a str {
    let verdict = &comparison(document, phase, statistic)["verdict"];
    verdict.as_str().unwrap()
}

/// The regional arm of a lab whose Region answers after a lognormal delay around `ms`.
fn delayed(ms: u32) -> tempfile::NamedTempFile {
    scenario(&format!(
        "[sts.regional]\ndelay = {{ p50 = '{ms}ms', p99 = '{}ms' }}\n",
        ms * 3 / 2
    ))
}

#[test]
fn two_stored_runs_reach_the_verdict_of_the_live_run() {
    let _machine = alone();
    stored_as_live(12, 8, "faster");
    stored_as_live(8, 12, "slower");
}

fn stored_as_live(global: u32, regional: u32, expected: &str) {
    let both = scenario(&format!(
        "[sts.global]\ndelay = {{ p50 = '{global}ms', p99 = '{}ms' }}\n\
         [sts.regional]\ndelay = {{ p50 = '{regional}ms', p99 = '{}ms' }}\n",
        global * 3 / 2,
        regional * 3 / 2
    ));
    let live = stored(
        "live.json",
        &["sts", "--regional", "--lab", text(both.path())],
    );
    let live: Value = serde_json::from_slice(&std::fs::read(live).unwrap()).unwrap();
    let [base, new] = [("base.json", global), ("new.json", regional)].map(|(name, ms)| {
        let lab = delayed(ms);
        stored(name, &["sts", "--lab", text(lab.path())])
    });
    let document = compared(&base, &new);
    for statistic in ["p50", "p90", "mean"] {
        assert_eq!(
            verdict(&live, "total", statistic),
            expected,
            "{statistic}, live"
        );
        assert_eq!(
            verdict(&document, "total", statistic),
            expected,
            "{statistic}, stored"
        );
    }
    assert_eq!(verdict(&document, "transmit", "p50"), expected);
    // Two runs at different times, on a machine that may have been busier in one: signing hardly differs.
    let [total, signing] = ["total", "signing"].map(|phase| {
        let compared = comparison(&document, phase, "p50");
        compared["difference_us"].as_f64().unwrap().abs()
    });
    assert!(signing < total / 10.0, "{signing} of {total}");
    assert_eq!(document["comparisons"][0]["baseline"], "regional (base)");
    assert_eq!(
        document["findings"][0]["id"], "not-the-same-thing",
        "the scenarios differ"
    );
}

#[test]
fn a_stored_run_cut_into_its_arms_reaches_its_own_verdicts() {
    let _machine = alone();
    let same = scenario("[sts.global]\ndelay = '4ms'\n[sts.regional]\ndelay = '4ms'\n");
    // Random delays, as of any service: among constant ones every noise of the machine would stand out.
    let far = scenario(
        "[sts.global]\ndelay = { p50 = '40ms', p99 = '80ms' }\n\
         [sts.regional]\ndelay = { p50 = '4ms', p99 = '8ms' }\n",
    );
    for (lab, differs) in [(&far, true), (&same, false)] {
        let lab = text(lab.path());
        let live = stored(
            "live.json",
            &["sts", "--regional", "--lab", lab, "-n", "100"],
        );
        let live: Value = serde_json::from_slice(&std::fs::read(live).unwrap()).unwrap();
        let [base, new] = ["global", "regional"].map(|name| {
            let mut one = live.clone();
            one["arms"] = Value::Array(vec![arm(&live, name).clone()]);
            let path = home().join(name);
            std::fs::write(&path, one.to_string()).unwrap();
            path
        });
        let document = compared(&base, &new);
        if differs {
            for verdict in [&live, &document].map(|document| verdict(document, "total", "p50")) {
                assert_eq!(verdict, "faster");
            }
        } else {
            // Blocks are paired in a run and not across runs, so whether the calls suffice to rule a
            // difference out may come out differently on a busy machine; that there is one may not.
            for statistic in ["p50", "p90", "p99", "mean"] {
                let verdict = verdict(&document, "total", statistic);
                assert!(
                    !["faster", "slower"].contains(&verdict),
                    "{statistic} is {verdict}"
                );
            }
        }
        let figures = |document: &Value| {
            let comparison = &document["comparisons"][0];
            ["baseline_us", "candidate_us"].map(|name| comparison[name].as_f64().unwrap())
        };
        for (is, was) in figures(&document).iter().zip(figures(&live)) {
            assert!((is / was - 1.0).abs() < 0.004, "{is} and {was}");
        }
    }
}

#[test]
fn a_run_against_itself_differs_nowhere_and_is_the_same_thing() {
    let _machine = beside_others();
    let path = stored(
        "run.json",
        &["s3", "--compare-cache", "--lab", "fast", "-n", "40"],
    );
    let document = compared(&path, &path);
    assert_eq!(document["findings"], Value::Array(vec![]));
    assert_eq!(document["compared"]["pairs"].as_array().unwrap().len(), 4);
    for comparison in document["comparisons"].as_array().unwrap() {
        let verdict = comparison["verdict"].as_str().unwrap();
        assert!(
            verdict == "no difference" || verdict == "inconclusive",
            "{comparison}"
        );
    }
    for format in ["table", "markdown", "csv"] {
        let output = run(&["compare", text(&path), text(&path), "--format", format]);
        assert_eq!(output.status.code(), Some(0));
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(shown.contains("warm-creds/warm-conn"), "{shown}");
    }
}

#[test]
fn a_stored_run_is_rendered_as_the_live_one_was() {
    let _machine = beside_others();
    let path = home().join("run.json");
    let live = run(&[
        "sts",
        "--regional",
        "--lab",
        "fast",
        "-n",
        "30",
        "--fail-if",
        "failed > 0",
        "--format",
        "json",
    ]);
    std::fs::write(&path, &live.stdout).unwrap();
    let again = run(&["report", text(&path), "--format", "json"]);
    assert_eq!(again.stdout, live.stdout);
    for format in ["table", "csv", "markdown"] {
        let from_file = run(&["report", text(&path), "--details", "--format", format]);
        assert_eq!(from_file.status.code(), Some(0));
        let shown = String::from_utf8(from_file.stdout.clone()).unwrap();
        assert!(
            shown.contains("regional") && shown.contains("global"),
            "{shown}"
        );
        let mut child = tool()
            .args(["report", "-", "--details", "--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&live.stdout).unwrap();
        assert_eq!(
            child.wait_with_output().unwrap().stdout,
            from_file.stdout,
            "{format}"
        );
    }
}

#[test]
fn files_that_are_no_documents_are_told_apart() {
    let _machine = beside_others();
    let good = stored("good.json", &["sts", "--lab", "fast", "-n", "20"]);
    let bytes = std::fs::read_to_string(&good).unwrap();
    let file = |name: &str, contents: &[u8]| {
        let path = home().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    };
    let noise: Vec<u8> = (0..4096u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let bad = [
        (
            file(
                "newer.json",
                bytes
                    .replace("awscreds-bench/1", "awscreds-bench/2")
                    .as_bytes(),
            ),
            "awscreds-bench/2",
        ),
        (
            file("cut.json", &bytes.as_bytes()[..bytes.len() / 2]),
            "cut off",
        ),
        (file("noise.json", &noise), "not JSON"),
        (file("empty.json", b""), "empty"),
        (file("other.json", b"{\"results\": []}"), "no `schema`"),
        (
            file(
                "changed.json",
                bytes.replace("\"arms\"", "\"legs\"").as_bytes(),
            ),
            "arms",
        ),
        (home(), "directory"),
        (home().join("missing.json"), "No such file"),
    ];
    for (path, word) in &bad {
        let path = text(path);
        for arguments in [
            &["report", path][..],
            &["compare", path, text(&good)],
            &["compare", text(&good), path],
        ] {
            let output = run(arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{errors}");
            for word in [path, word, "error: ", "caused by: ", "hint: "] {
                assert!(errors.contains(word), "`{word}` is missing from: {errors}");
            }
            assert!(
                output.stdout.is_empty() && !errors.contains("panicked"),
                "{errors}"
            );
        }
    }
}

#[test]
fn runs_without_an_arm_in_common_are_not_compared() {
    let _machine = beside_others();
    let sts = stored(
        "sts.json",
        &["sts", "--regional", "--lab", "fast", "-n", "10"],
    );
    let s3 = stored(
        "s3.json",
        &["s3", "--compare-cache", "--lab", "fast", "-n", "10"],
    );
    let output = run(&["compare", text(&sts), text(&s3)]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("global, regional") && errors.contains("cold-creds/warm-conn"),
        "{errors}"
    );
}
