//! `sts`: two endpoints compared, and every delay found in its own place.

use serde_json::Value;

use crate::support::{
    alone, arm, assert_phases_add_up, beside_others, lab_counts, measured, ms, run, scenario,
};

#[test]
fn regional_comparison_has_addresses_intervals_and_exact_sums() {
    let _machine = beside_others();
    let document = measured(&["sts", "--regional", "--lab", "-n", "40"]);
    assert_eq!(document["schema"], "awscreds-bench/1");
    assert_eq!(document["target"], "lab");
    assert_eq!(document["complete"], true);
    let names: Vec<&str> = document["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| arm["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["global", "regional"]);
    assert_eq!(
        arm(&document, "global")["endpoint"],
        "https://sts.amazonaws.com"
    );
    let region = document["environment"]["region"].as_str().unwrap();
    assert_eq!(
        arm(&document, "regional")["endpoint"],
        format!("https://sts.{region}.amazonaws.com")
    );
    assert_phases_add_up(&document);
    for arm in document["arms"].as_array().unwrap() {
        let addresses = arm["remote_addresses"].as_array().unwrap();
        assert!(
            addresses[0].as_str().unwrap().starts_with("127.0.0.1:"),
            "{addresses:?}"
        );
        assert_eq!(arm["outcomes"]["ok"], 40);
    }
    // Forty calls say nothing sure of the slowest hundredth.
    for (quantile, refused) in [(0.5, Value::Null), (0.99, "too few calls".into())] {
        let comparisons = document["comparisons"].as_array().unwrap();
        let comparison = comparisons
            .iter()
            .find(|c| c["quantile"] == quantile)
            .unwrap();
        assert_eq!(comparison["no_interval"], refused);
        let interval = ["ci_low_us", "ci_high_us"].map(|end| comparison[end].as_f64());
        assert!(interval[0] <= interval[1]);
        assert_eq!(interval[0].is_some(), refused.is_null());
        let difference = comparison["candidate_us"].as_f64().unwrap()
            - comparison["baseline_us"].as_f64().unwrap();
        assert!((comparison["difference_us"].as_f64().unwrap() - difference).abs() < 1e-6);
    }
    let attempts: u64 = document["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["attempts"].as_u64().unwrap())
        .sum();
    assert_eq!(lab_counts(&document)["sts:GetCallerIdentity"], attempts);
}

#[test]
fn a_slow_global_endpoint_is_a_finding_with_a_remedy() {
    let _machine = beside_others();
    let slow = scenario("[sts.global]\ndelay = '40ms'\n[sts.regional]\ndelay = '4ms'\n");
    let document = measured(&[
        "sts",
        "--regional",
        "-n",
        "30",
        "--lab",
        slow.path().to_str().unwrap(),
    ]);
    let median = &document["comparisons"][0];
    assert_eq!(median["verdict"], "faster", "{median}");
    let findings = document["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["id"] == "sts-global-endpoint")
        .expect("a finding");
    assert!(
        finding["remedy"]
            .as_str()
            .unwrap()
            .contains("AWS_STS_REGIONAL_ENDPOINTS=regional")
    );
}

#[test]
fn each_delay_shows_in_its_own_phase_and_nowhere_else() {
    let _machine = alone();
    let known = scenario(
        "[sts.global]\ndelay = '120ms'\n[sts.regional]\ndelay = '20ms'\n[imds.credentials]\ndelay = '50ms'\n",
    );
    let path = known.path().to_str().unwrap();
    let document = measured(&[
        "sts",
        "--regional",
        "-n",
        "30",
        "--warmup",
        "0",
        "--source",
        "imds",
        "--lab",
        path,
    ]);
    for (name, delay) in [("global", 120.0), ("regional", 20.0)] {
        let arm = arm(&document, name);
        let transmit = ms(arm, "transmit", "p50_us");
        let is = |seen: f64, delay: f64| (delay..delay * 1.1).contains(&seen);
        assert!(is(transmit, delay), "{name}: transmit takes {transmit} ms");
        let (unexplained, total) = (ms(arm, "unexplained", "sum_us"), ms(arm, "total", "sum_us"));
        assert!(
            unexplained <= 0.01 * total,
            "{name}: {unexplained} of {total} ms"
        );
        for phase in [
            "serialize",
            "identity",
            "endpoint",
            "signing",
            "connect",
            "deserialize",
            "backoff",
            "unexplained",
        ] {
            let p50 = ms(arm, phase, "p50_us");
            assert!(p50 < 0.1 * delay, "{name}: {phase} takes {p50} ms");
        }
        let step = |operation: &str| {
            arm["source_requests"][operation]["p50_us"]
                .as_f64()
                .unwrap()
                / 1e3
        };
        let credentials = step("imds:credentials");
        // Only the first call asks: this is one figure, and not a median.
        assert!(
            (50.0..100.0).contains(&credentials),
            "{name}: the credentials step takes {credentials} ms"
        );
        for other in ["imds:token", "imds:role"] {
            let taken = step(other);
            assert!(
                taken < 0.5 * credentials,
                "{name}: {other} takes {taken} ms"
            );
        }
        assert!(
            ms(arm, "identity", "max_us") >= 50.0,
            "the first call waited for its credentials"
        );
    }
}

#[test]
fn several_regions_are_arms_of_their_own() {
    let _machine = beside_others();
    let document = measured(&[
        "sts",
        "--regional",
        "eu-west-1,us-west-2",
        "--lab",
        "fast",
        "-n",
        "5",
    ]);
    assert_eq!(
        arm(&document, "eu-west-1")["endpoint"],
        "https://sts.eu-west-1.amazonaws.com"
    );
    assert_eq!(
        arm(&document, "us-west-2")["endpoint"],
        "https://sts.us-west-2.amazonaws.com"
    );
    assert_eq!(arm(&document, "global")["outcomes"]["ok"], 5);
}

#[test]
fn every_operation_and_every_source_works_on_the_lab() {
    let _machine = beside_others();
    for operation in [
        "get-caller-identity",
        "assume-role",
        "assume-role-with-web-identity",
    ] {
        let document = measured(&[
            "sts",
            "--regional",
            "--lab",
            "fast",
            "-n",
            "5",
            "--operation",
            operation,
        ]);
        assert_eq!(
            arm(&document, "regional")["outcomes"]["ok"],
            5,
            "{operation}"
        );
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
            "sts",
            "--regional",
            "--lab",
            "fast",
            "-n",
            "5",
            "--source",
            source,
        ]);
        assert_eq!(arm(&document, "global")["outcomes"]["ok"], 5, "{source}");
        assert_eq!(document["environment"]["source"], source);
    }
}

#[test]
fn retries_are_attempts_and_their_pauses_are_backoff() {
    let _machine = beside_others();
    let flaky = scenario("[sts.regional]\nfault = { probability = 0.3, kind = 'status:500' }\n");
    let document = measured(&["sts", "--lab", flaky.path().to_str().unwrap(), "-n", "60"]);
    let arm = arm(&document, "regional");
    assert!(arm["attempts"].as_u64().unwrap() > 60);
    assert!(ms(arm, "backoff", "sum_us") > 0.0);
    assert_eq!(
        lab_counts(&document)["sts:GetCallerIdentity"],
        arm["attempts"].as_u64().unwrap()
    );
    assert_phases_add_up(&document);
}

#[test]
fn a_region_that_does_not_exist_is_not_measured() {
    let _machine = beside_others();
    let output = run(&[
        "sts",
        "--regional",
        "me-centrl-9",
        "--lab",
        "fast",
        "-n",
        "3",
    ]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("did you mean `me-central-1`?"), "{errors}");
    assert!(errors.contains("hint: "), "{errors}");
}
