//! The command: exit codes, formats, explanations.

use super::in_lab;
use crate::support::{beside_others, document, findings, run};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_code_follows_fail_on() {
    let _machine = beside_others();
    for (scenario, setup, level, code) in [
        ("imds-hop-limit", "", "error", 1),
        ("imds-hop-limit", "", "never", 0),
        ("fast", "export AWS_METADATA_SERVICE_TIMEOUT=5", "error", 0),
        (
            "fast",
            "export AWS_METADATA_SERVICE_TIMEOUT=5",
            "warning",
            1,
        ),
    ] {
        let arguments = format!("doctor --fail-on {level}");
        let output = in_lab(scenario, "imds", setup, &arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{scenario} {level}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn a_finding_says_because_so_do_and_see() {
    let _machine = beside_others();
    let output = in_lab("imds-hop-limit", "imds", "", "doctor --details");
    let table = text(&output.stdout);
    for words in [
        "because:",
        "so:",
        "do:",
        "see:",
        "[imds-hop-limit]",
        "What SDKs do here",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    for (format, words) in [
        ("markdown", "imds-hop-limit"),
        ("html", "<!DOCTYPE html>"),
        (
            "csv",
            "id,severity,summary,evidence,consequence,remedy,reference,change",
        ),
    ] {
        let output = in_lab(
            "imds-hop-limit",
            "imds",
            "",
            &format!("doctor --format {format}"),
        );
        assert!(text(&output.stdout).contains(words), "{format}");
    }
    let refused = run(&["doctor", "--format", "svg"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn every_finding_is_explained_and_a_misspelt_one_recognised() {
    let _machine = beside_others();
    for check in awscreds_bench::diagnosis::catalogue() {
        let output = run(&["doctor", "--explain", check.id]);
        assert_eq!(output.status.code(), Some(0));
        let explained = text(&output.stdout);
        for words in [check.id, "cause", "consequence", "remedy", check.reference] {
            assert!(explained.contains(words), "{words}: {explained}");
        }
    }
    let output = run(&["doctor", "--explain", "imds-hoplimit"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("did you mean `imds-hop-limit`") && errors.contains("hint: "),
        "{errors}"
    );
}

#[test]
fn a_symptom_leads_to_what_may_explain_it_and_to_the_commands_that_prove_it() {
    let _machine = beside_others();
    let asked = |symptom| {
        let arguments = [
            "doctor",
            "--lab",
            "imds-slow",
            "--format",
            "json",
            "--symptom",
        ];
        document(&run(&[&arguments[..], &[symptom]].concat()))
    };
    let slow = asked("sign");
    assert!(
        findings(&slow).contains(&"imds-slow"),
        "{}",
        slow["findings"]
    );
    assert_eq!(slow["symptom"]["name"], "sign");
    let proof = &slow["symptom"]["proofs"][0]["command"];
    assert_eq!(proof, "awscreds-bench sts --first 10 --lab imds-slow");
    let denied = asked("access-denied");
    assert_eq!(findings(&denied), Vec::<&str>::new());
    let arguments = ["doctor", "--lab", "imds-slow", "--symptom", "sign"];
    let screen = run(&arguments);
    let proof = proof.as_str().unwrap();
    assert!(text(&screen.stdout).contains(proof));
    let table = run(&[&arguments[..], &["--details"]].concat());
    let table = text(&table.stdout);
    for words in [
        "What proves it",
        "awscreds-bench sts --first 10 --lab imds-slow",
        "all 13",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
}
