//! `imds`: cold fetches step by step.

use crate::node::Node;
use crate::support::{
    alone, arm, beside_others, document, errors, file, findings, hides_issued, lab_counts,
    measured, ms, run, scenario, tool,
};

#[test]
fn each_worker_count_is_an_arm_with_three_requests_per_cold_fetch() {
    let _machine = beside_others();
    let document = measured(&["imds", "--concurrency", "1,8", "--lab", "-n", "40"]);
    let arms = document["arms"].as_array().unwrap();
    assert_eq!(
        arms.iter()
            .map(|arm| arm["concurrency"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 8]
    );
    for arm in arms {
        assert_eq!(arm["outcomes"]["ok"], 40);
        // While all workers fetch, as many calls go on as there are workers.
        let rate = arm["rate_per_s"].as_f64().unwrap();
        let busy = rate * ms(arm, "total", "mean_us") / 1e3 / arm["concurrency"].as_f64().unwrap();
        assert!(
            (0.5..=1.01).contains(&busy),
            "{rate}/s: {busy} of each worker"
        );
        for step in ["imds:token", "imds:role", "imds:credentials"] {
            assert_eq!(arm["source_requests"][step]["count"], 40, "{step}");
        }
    }
    let counts = lab_counts(&document);
    assert_eq!(counts.values().sum::<u64>(), 3 * 80);
}

#[test]
fn without_a_list_it_steps_through_doubling_worker_counts() {
    let _machine = beside_others();
    let document = measured(&["imds", "--concurrency", "--lab", "fast", "-n", "64"]);
    let arms = document["arms"].as_array().unwrap();
    let workers: Vec<u64> = arms
        .iter()
        .map(|arm| arm["concurrency"].as_u64().unwrap())
        .collect();
    assert_eq!(workers, [1, 2, 4, 8, 16, 32, 64]);
}

#[test]
fn a_dropping_throttle_ends_the_steps_and_is_named() {
    let _machine = beside_others();
    let throttled = scenario("[imds]\nthrottle = { rate = 30, burst = 150, answer = 'drop' }\n");
    let document = measured(&[
        "imds",
        "--concurrency",
        "--lab",
        throttled.path().to_str().unwrap(),
        "-n",
        "40",
        "--timeout",
        "2s",
    ]);
    let arms = document["arms"].as_array().unwrap();
    assert!(arms.len() < 7, "{} steps", arms.len());
    let last = &arms.last().unwrap()["outcomes"];
    assert!(last["timeout"].as_u64().unwrap() > 0, "{last}");
    assert_eq!(
        document["findings"][0]["id"], "imds-throttled",
        "{}",
        document["findings"]
    );
}

#[test]
fn a_refusing_container_agent_is_counted_as_throttled() {
    let _machine = beside_others();
    let throttled = scenario("[container]\nthrottle = { rate = 1, burst = 20, answer = '429' }\n");
    let document = measured(&[
        "imds",
        "--concurrency",
        "1,4",
        "--source",
        "container",
        "-n",
        "40",
        "--lab",
        throttled.path().to_str().unwrap(),
    ]);
    let arms = document["arms"].as_array().unwrap();
    let throttled: u64 = arms
        .iter()
        .map(|arm| arm["outcomes"]["throttled"].as_u64().unwrap())
        .sum();
    assert!(throttled > 0, "{}", document["arms"][0]["errors"]);
    assert_eq!(document["findings"][0]["id"], "container-throttled");
}

#[test]
fn every_source_can_be_fetched_cold() {
    let _machine = beside_others();
    for (source, operation) in [
        ("static", None),
        ("env", None),
        ("profile", None),
        ("web-identity", Some("sts:AssumeRoleWithWebIdentity")),
        ("assume-role", Some("sts:AssumeRole")),
        ("container", Some("container:credentials")),
        ("imds", Some("imds:credentials")),
        ("chain", Some("imds:credentials")),
    ] {
        let document = measured(&[
            "imds",
            "--concurrency",
            "1,2",
            "--lab",
            "fast",
            "-n",
            "10",
            "--source",
            source,
        ]);
        for arm in document["arms"].as_array().unwrap() {
            assert_eq!(arm["outcomes"]["ok"], 10, "{source}: {}", arm["errors"]);
            if let Some(operation) = operation {
                assert_eq!(arm["source_requests"][operation]["count"], 10, "{source}");
            }
        }
    }
}

#[test]
fn worker_processes_need_no_more_than_one_fetch_per_expiry_with_the_file_cache() {
    let _machine = alone();
    let document = measured(&["imds", "--compare-cache", "--lab"]);
    assert_eq!(document["lab"]["scenario"], "stampede");
    let (none, memory, file) = (
        arm(&document, "no cache"),
        arm(&document, "memory"),
        arm(&document, "file"),
    );
    assert!(none["outcomes"]["timeout"].as_u64().unwrap() > 0, "{none}");
    for shared in [memory, file] {
        assert_eq!(
            shared["outcomes"]["ok"], shared["requests"],
            "{}",
            shared["errors"]
        );
    }
    assert_eq!(memory["stampede"]["at_expiry"], 32);
    let seen = &file["stampede"];
    assert_eq!(
        (&seen["processes"], &seen["at_start"], &seen["at_expiry"]),
        (&32.into(), &1.into(), &1.into())
    );
    let expiries = seen["expiries"].as_u64().unwrap();
    assert!(expiries >= 1);
    assert_eq!(
        file["source_requests"]["imds:credentials"]["count"],
        seen["arrived"].as_u64().unwrap() / 3
    );
    let found = findings(&document);
    let of_caches = ["cache-prevents-failures", "expiry-stampede"];
    assert!(found.ends_with(&of_caches), "{found:?}");
    hides_issued(&document.to_string());
    let arrived: u64 = lab_counts(&document).values().sum();
    let told = [none, memory, file].map(|arm| arm["stampede"]["arrived"].as_u64().unwrap());
    assert_eq!(arrived, told.iter().sum::<u64>(), "{told:?}");
}

#[test]
fn what_workers_measured_is_what_the_lab_counted() {
    let _machine = beside_others();
    let document = measured(&[
        "imds",
        "--compare-cache",
        "--lab",
        "fast",
        "--workers",
        "4",
        "-n",
        "20",
        "--every",
        "20ms",
    ]);
    for (name, fetches) in [("no cache", 20), ("memory", 4), ("file", 1)] {
        let arm = arm(&document, name);
        assert_eq!(arm["outcomes"]["ok"], 20, "{name}: {}", arm["errors"]);
        assert_eq!(arm["identity"]["load"], fetches, "{name}");
        let steps = arm["source_requests"].as_object().unwrap();
        let measured: u64 = steps
            .values()
            .map(|step| step["count"].as_u64().unwrap())
            .sum();
        assert_eq!(arm["stampede"]["arrived"], measured, "{name}");
        assert!(arm["stampede"]["at_expiry"].is_null(), "nothing expired");
    }
    assert!(findings(&document).contains(&"cache-spares-source"));
    let stored = scenario(&document.to_string());
    let table = run(&["report", stored.path().to_str().unwrap(), "--details"]).stdout;
    let table = String::from_utf8(table).unwrap();
    for told in ["Worker processes", "at expiry", "asked"] {
        assert!(table.contains(told), "{table}");
    }
}

#[test]
fn comparing_caches_off_the_lab_says_first_what_it_will_do() {
    let _machine = beside_others();
    let output = tool()
        .args([
            "imds",
            "--compare-cache",
            "--workers",
            "2",
            "-n",
            "2",
            "--format",
            "json",
        ])
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .output()
        .unwrap();
    let notes = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{notes}");
    assert!(
        notes.contains("2 worker processes") && notes.contains("DNS"),
        "{notes}"
    );
}

#[test]
fn the_profile_says_where_metadata_is_and_the_document_names_that() {
    let _machine = beside_others();
    let node = Node::new("");
    let lab = format!("http://{}", node.lab.imds_address());
    for (setting, endpoint, code) in [
        (
            format!("ec2_metadata_service_endpoint = {lab}/"),
            lab.as_str(),
            0,
        ),
        // There is no such address here: what counts is where it was looked for.
        (
            "ec2_metadata_service_endpoint_mode = IPv6".to_owned(),
            "http://[fd00:ec2::254]",
            2,
        ),
    ] {
        let profile = file(
            "",
            format!("[profile six]\nregion = eu-west-1\n{setting}\n"),
        );
        let output = tool()
            .env("AWS_CONFIG_FILE", profile.path())
            .env("AWS_PROFILE", "six")
            .args(["imds", "--concurrency", "1", "-n", "1", "--warmup", "0"])
            .args(["--timeout", "2s", "--format", "json"])
            .output()
            .unwrap();
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(code), "{errors}");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&errors);
        assert_eq!(document["arms"][0]["endpoint"], endpoint);
    }
}

/// Two descriptors of a fetch, and those of the lab: 64 are too few for 64 fetches at once.
#[test]
fn this_programs_own_limit_is_named_as_its_own() {
    let _machine = beside_others();
    for (limit, ok) in [("-Sn", true), ("-n", false)] {
        let mut shell = crate::support::clean(std::process::Command::new("sh"));
        let script = format!("ulimit {limit} 64; exec \"$0\" \"$@\"");
        let output = shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_awscreds-bench")])
            .args(["imds", "--concurrency", "64", "--lab", "fast", "-n", "100"])
            .args(["--quiet", "--format", "json"])
            .output()
            .unwrap();
        let document = document(&output);
        let found = findings(&document);
        assert_eq!(!found.contains(&"own-limit"), ok, "{limit}: {found:?}");
        assert!(!found.contains(&"source-failing"), "{limit}: {found:?}");
    }
}
