//! Who renews credentials, live and on a virtual clock.

use serde_json::Value;

use std::process::{Command, Stdio};

use crate::support::{
    Running, arm, assert_phases_add_up, beside_others, beside_others_for_long, clean, document,
    home, lab_counts, measured, run, wait_for,
};

const OURS: [&str; 4] = ["advisory", "refresher", "swapper", "file-cache"];

/// A simulation's document.
fn simulated(arguments: &[&str]) -> Value {
    let mut all = vec!["refresh", "--simulate"];
    all.extend(arguments);
    all.extend(["--format", "json"]);
    document(&run(&all))
}

fn strategy<'a>(document: &'a Value, name: &str) -> &'a Value {
    let strategies = document["strategies"].as_array().expect("strategies");
    strategies
        .iter()
        .find(|strategy| strategy["name"] == name)
        .unwrap_or_else(|| panic!("no strategy {name}"))
}

fn figure(value: &Value, name: &str) -> f64 {
    let figure = &value[name];
    figure
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is {figure} in {value}"))
}

#[test]
fn a_simulated_day_counts_what_the_go_package_is_known_to_do_and_nothing_for_ours() {
    let _machine = beside_others();
    let day = simulated(&["24h", "--lifetime", "1h"]);
    let inline = |name| strategy(&day, name)["inline_refreshes"].as_u64().unwrap();
    let go = [
        "go",
        "go-refresher",
        "go-refresher-10m-window",
        "go-swapper",
        "go-swapper-failed-tick",
    ];
    assert_eq!(go.map(inline), [24, 23, 28, 0, 1]);
    assert!(inline("lazy") >= 24);
    assert_eq!(OURS.map(inline), [0; 4]);
}

#[test]
fn other_lifetimes_block_calls_in_proportion_and_none_of_ours() {
    let _machine = beside_others();
    for (lifetime, least) in [("15m", 90), ("12h", 2)] {
        let day = simulated(&["24h", "--lifetime", lifetime]);
        let inline = |name| strategy(&day, name)["inline_refreshes"].as_u64().unwrap();
        assert!(
            inline("go") >= least && inline("lazy") >= least,
            "{lifetime}"
        );
        assert_eq!(OURS.map(inline), [0; 4], "{lifetime}");
    }
}

#[test]
fn two_runs_of_a_simulation_print_the_same_bytes() {
    let _machine = beside_others();
    for format in ["table", "json", "csv", "markdown", "html"] {
        let arguments = [
            "refresh",
            "--simulate",
            "6h",
            "--processes",
            "20",
            "--outage",
            "hang",
            "--format",
            format,
        ];
        let [first, second] = [run(&arguments), run(&arguments)];
        assert_eq!(first.status.code(), Some(0));
        assert!(!first.stdout.is_empty());
        assert_eq!(first.stdout, second.stdout, "{format}");
    }
}

#[test]
fn an_outage_around_an_expiry_is_never_worse_with_ours_than_with_the_sdk() {
    let _machine = beside_others();
    for trouble in ["fail", "throttle", "hang"] {
        let day = simulated(&["3h", "--outage", trouble]);
        let lazy = strategy(&day, "lazy");
        assert!(
            figure(lazy, "failed") > 0.0,
            "{trouble}: the outage is felt"
        );
        for name in OURS {
            let ours = strategy(&day, name);
            for figures in [
                "failed",
                "stale_for_s",
                "fetches_during_outage",
                "recovery_s",
            ] {
                let (ours, lazy) = (figure(ours, figures), figure(lazy, figures));
                assert!(
                    ours <= lazy,
                    "{trouble}, {name}: {figures} is {ours} against {lazy}"
                );
            }
        }
    }
}

#[test]
fn a_fleet_that_starts_together_stampedes_at_its_source_unless_it_renews_apart() {
    let _machine = beside_others();
    let fleet = simulated(&[
        "3h",
        "--processes",
        "1000",
        "--rate",
        "0.1",
        "--source-rate",
        "500",
    ]);
    let peak = |name| {
        strategy(&fleet, name)["peak_fetches_per_s"]
            .as_u64()
            .unwrap()
    };
    for name in ["advisory", "refresher", "swapper"] {
        assert!(
            peak(name) * 4 <= peak("lazy"),
            "{name}: {} against {}",
            peak(name),
            peak("lazy")
        );
    }
    assert_eq!(peak("file-cache"), 1);
}

/// Credentials that live 20 seconds, since the SDK's cache gives them up 10 seconds early at most.
#[test]
fn an_expiry_blocks_calls_of_the_lazy_cache_and_of_no_other_strategy() {
    let _machine = beside_others_for_long();
    let document = measured(&[
        "refresh",
        "--lab",
        "--lifetime",
        "20s",
        "--source-delay",
        "1s",
        "--rate",
        "20",
        "--duration",
        "45s",
    ]);
    assert_phases_add_up(&document);
    let lazy = &arm(&document, "lazy")["renewal"];
    let waits = lazy["waits"].as_array().unwrap();
    assert!(waits.len() >= 2, "{lazy}");
    for wait in &waits[..2] {
        // A second's worth of calls at 20/s; a machine that is busy begins some of them late.
        assert!(figure(wait, "calls") >= 12.0, "{wait}");
        assert!(figure(wait, "longest_us") >= 0.9e6, "{wait}");
        assert!(figure(wait, "most_at_once") >= 12.0, "{wait}");
    }
    // Expiries block one call in twenty of the lazy cache; of 900 calls the slowest is the machine's.
    let identity = |name: &str| figure(&arm(&document, name)["phases"]["identity"], "p99_us");
    for name in OURS {
        let ours = arm(&document, name);
        assert_eq!(ours["renewal"]["blocked"], 0, "{name}");
        assert_eq!(ours["renewal"]["refused"], 0, "{name}");
        assert!(
            identity("lazy") >= 50.0 * identity(name),
            "{name}: {}",
            identity(name)
        );
        assert!(!ours["renewal"]["expiries_s"].as_array().unwrap().is_empty());
    }
    let failed: u64 = document["arms"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|arm| arm["outcomes"].as_object().unwrap())
        .filter(|(outcome, _)| *outcome != "ok")
        .map(|(_, count)| count.as_u64().unwrap())
        .sum();
    assert_eq!(failed, 0);
    // What the arms say they asked of their source, against what the lab counted.
    let counted = lab_counts(&document);
    for operation in ["imds:role", "imds:credentials"] {
        let arms = document["arms"].as_array().unwrap().iter();
        let asked: u64 = arms
            .filter_map(|arm| arm["source_requests"][operation]["count"].as_u64())
            .sum();
        assert!(asked >= 2 * 5, "every arm has renewed twice: {asked}");
        assert_eq!(asked, counted[operation], "{operation}");
    }
    let findings = document["findings"].as_array().unwrap();
    let told: Vec<_> = findings
        .iter()
        .filter(|f| f["id"] == "expiry-blocks-calls")
        .collect();
    assert_eq!(told.len(), 1, "{findings:#?}");
    assert!(told[0]["summary"].as_str().unwrap().starts_with("lazy: "));
}

#[test]
fn a_run_shorter_than_the_credentials_life_says_that_it_shows_no_renewal() {
    let _machine = beside_others();
    let document = measured(&[
        "refresh",
        "--lab",
        "--lifetime",
        "1h",
        "--source-delay",
        "20ms",
        "--rate",
        "50",
        "--requests",
        "50",
    ]);
    let counted = lab_counts(&document);
    assert_eq!(
        counted.keys().collect::<Vec<_>>(),
        ["sts:GetCallerIdentity"]
    );
    assert_eq!(counted["sts:GetCallerIdentity"], 250);
    for arm in document["arms"].as_array().unwrap() {
        assert_eq!(
            arm["source_requests"],
            serde_json::json!({}),
            "{}",
            arm["name"]
        );
    }
    let ids = document["findings"].as_array().unwrap();
    assert!(ids.iter().any(|finding| finding["id"] == "nothing-expired"));
}

/// The source has new credentials 28 s before the old ones end, ours ask from 26 to 13 s before it, and the outage
/// begins 11 s before it: before the SDK's cache asks.
#[test]
fn whoever_renews_before_an_outage_does_not_feel_it() {
    let _machine = beside_others_for_long();
    let document = measured(&[
        "refresh",
        "--lab",
        "--strategies",
        "lazy,advisory,refresher,swapper,file-cache",
        "--lifetime",
        "60s",
        "--renew-before",
        "28s",
        "--window",
        "26s",
        "--source-delay",
        "200ms",
        "--outage",
        "fail",
        "--outage-before",
        "11s",
        "--outage-after",
        "6s",
        "--rate",
        "20",
        "--duration",
        "75s",
    ]);
    let lazy = arm(&document, "lazy");
    let failed = |arm: &Value| {
        let outcomes = arm["outcomes"].as_object().unwrap();
        let failed = outcomes.iter().filter(|(outcome, _)| *outcome != "ok");
        failed
            .map(|(_, count)| count.as_u64().unwrap())
            .sum::<u64>()
    };
    assert!(failed(lazy) > 0, "{lazy}");
    for name in OURS {
        let ours = arm(&document, name);
        assert_eq!(
            (failed(ours), &ours["renewal"]["refused"]),
            (0, &Value::from(0)),
            "{name}"
        );
        let seen = |arm: &Value, name| figure(&arm["renewal"]["outage"], name);
        assert!(
            seen(ours, "source_requests") <= seen(lazy, "source_requests"),
            "{name}"
        );
        assert!(
            seen(ours, "recovery_s") <= seen(lazy, "recovery_s"),
            "{name}"
        );
    }
}

#[test]
fn what_cannot_be_simulated_or_adjusted_is_said() {
    let _machine = beside_others();
    let cases: [(&[&str], &str, &str); 6] = [
        (
            &["refresh", "--strategies", "go", "--lab"],
            "not written in Rust",
            "--simulate",
        ),
        (
            &["refresh", "--lifetime", "30s"],
            "--lifetime adjusts the lab",
            "--lab",
        ),
        (
            &[
                "refresh",
                "--simulate",
                "24h",
                "--fail-if",
                "total.p99 > 1s",
            ],
            "--fail-if",
            "leave out",
        ),
        (
            &["refresh", "--simulate", "24h", "--format", "svg"],
            "no latencies",
            "--format",
        ),
        (
            &["refresh", "--simulate", "24h", "--renew-before", "2h"],
            "not shorter than the lifetime",
            "some time after",
        ),
        (
            &["refresh", "--simulate", "99999h", "--processes", "100000"],
            "more than 1e10 calls",
            "shorter",
        ),
    ];
    for (arguments, error, hint) in cases {
        let output = run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            told.starts_with("error: ") && told.contains(error),
            "{arguments:?}: {told}"
        );
        let hinted = told.split("hint: ").nth(1).unwrap_or_default();
        assert!(hinted.contains(hint), "{arguments:?}: {told}");
    }
    let misspelt = run(&["refresh", "--strategies", "refreshr", "--lab"]);
    assert_eq!(misspelt.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&misspelt.stderr).contains("did you mean `refresher`?"));
}

#[test]
fn the_file_cache_keeps_its_file_whatever_the_umask() {
    let _machine = beside_others();
    let mut command = clean(Command::new("sh"));
    command
        .args(["-c", "umask 022; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_awscreds-bench"))
        .args(["refresh", "--lab", "--strategies", "file-cache"])
        .args(["--rate", "10", "--duration", "30s", "--warmup", "1"])
        .args(["--verbose", "--format", "json"])
        .env("TMPDIR", home())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    // Each first call has had a folder of its own until then.
    wait_for(&mut running.0, "measuring file-cache");
    let folders = std::fs::read_dir(home()).unwrap();
    let caches = folders.map(|folder| folder.unwrap().path().join("credentials"));
    let files = caches.filter_map(|cache| std::fs::read_dir(cache).ok());
    let names = files.flatten().map(|file| file.unwrap().path());
    let kept = names.filter(|path| path.extension().is_some_and(|suffix| suffix == "json"));
    assert_eq!(kept.count(), 1);
}
