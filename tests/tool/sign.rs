//! `sign`: signatures that another signer agrees with, and times that a bare loop agrees with.

use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use rustix::process::Signal;
use serde_json::Value;

use crate::installed::python;
use crate::support::{
    alone, arm, assert_phases_add_up, beside_others, clean, file, measured, run, signal, tool,
    wait_for,
};

const VECTORS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/tool/peers/sign_vectors.json"
);
const VECTORS_PY: &str = include_str!("peers/sign_vectors.py");

/// The requests of the file as some program signed them.
fn signed(mut command: Command) -> Vec<Value> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{command:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What identifies a URL whatever the order of its parameters.
fn parts(url: &Value) -> (&str, Vec<&str>) {
    let (base, query) = url.as_str().unwrap().split_once('?').unwrap();
    let mut query: Vec<&str> = query.split('&').collect();
    query.sort_unstable();
    (base, query)
}

#[test]
fn signatures_are_those_of_botocore_byte_for_byte() {
    let python = python();
    let _machine = beside_others();
    let mut ours = tool();
    ours.args(["sign", "--vectors", VECTORS]);
    let mut theirs = clean(Command::new(python.join("python")));
    theirs.args(["-c", VECTORS_PY, VECTORS]);
    let (ours, theirs) = (signed(ours), signed(theirs));
    assert!(ours.len() >= 12 && ours.len() == theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let name = &ours["name"];
        assert_eq!(name, &theirs["name"]);
        if ours["kind"] == "presign" {
            assert_eq!(parts(&ours["url"]), parts(&theirs["url"]), "{name}");
            assert!(ours["authorization"].is_null(), "{name}");
        } else {
            assert_eq!(
                ours["authorization"], theirs["headers"]["authorization"],
                "{name}"
            );
            for header in ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
                assert_eq!(
                    ours["headers"][header], theirs["headers"][header],
                    "{name}: {header}"
                );
            }
        }
    }
}

/// Median of `total` of an arm, in microseconds.
fn p50_us(document: &Value, name: &str) -> f64 {
    arm(document, name)["phases"]["total"]["p50_us"]
        .as_f64()
        .unwrap()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs that a ratio is the median of. Each run interleaves its arms in some hundred visits.
const RUNS: usize = 7;

#[test]
fn header_signing_takes_as_long_as_in_a_bare_loop_run_beside_it() {
    let _machine = alone();
    let ratios = (0..RUNS).map(|seed| {
        let document = measured(&[
            "sign",
            "--case",
            "header,bare-loop",
            "--duration",
            "400ms",
            "--seed",
            &seed.to_string(),
        ]);
        p50_us(&document, "header") / p50_us(&document, "bare-loop")
    });
    let ratio = median(ratios.collect());
    assert!(
        (0.95..=1.05).contains(&ratio),
        "header / bare-loop is {ratio}"
    );
}

/// Median time of a signature, in microseconds, over loops of 32 in this process, with nothing of the
/// program's in it.
fn own_loop_us(time: Duration) -> f64 {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let identity: Identity =
        Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "example").into();
    let agent = "aws-sdk-rust/1.3.9 ua/2.1 api/s3/1.157.0 os/linux lang/rust/1.94.0 m/E,b";
    let headers = [
        ("x-amz-user-agent", agent),
        ("user-agent", agent),
        ("x-amz-checksum-mode", "ENABLED"),
    ];
    let url = "https://examplebucket.s3.us-east-1.amazonaws.com/photos/2013/May%2024/sample.jpg?x-id=GetObject";
    let once = || {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_hours(380_376))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let body = SignableBody::Bytes(&[]);
        let request = SignableRequest::new("GET", url, headers.into_iter(), body).unwrap();
        sign(request, &params).unwrap()
    };
    let start = Instant::now();
    let mut loops = Vec::new();
    while start.elapsed() < time {
        let start = Instant::now();
        for _ in 0..32 {
            black_box(once());
        }
        loops.push(start.elapsed().as_secs_f64() * 1e6 / 32.0);
    }
    median(loops)
}

/// The same against a loop in another process, which shares no code with the program: a wider bound,
/// since two builds of the same source are laid out differently in memory.
#[test]
fn header_signing_takes_as_long_as_in_another_program() {
    let _machine = alone();
    let ratios = (0..RUNS).map(|_| {
        let before = own_loop_us(Duration::from_millis(150));
        let document = measured(&["sign", "--case", "header", "--duration", "150ms"]);
        let after = own_loop_us(Duration::from_millis(150));
        p50_us(&document, "header") / f64::midpoint(before, after)
    });
    let ratios: Vec<f64> = ratios.collect();
    let ratio = median(ratios.clone());
    assert!((0.9..=1.1).contains(&ratio), "{ratio} of {ratios:?}");
}

#[test]
fn every_case_is_timed_and_all_of_its_time_is_signing() {
    let _machine = beside_others();
    let document = measured(&["sign", "-n", "5", "--payload", "0B,1KiB,64KiB"]);
    assert_eq!(document["schema"], "awscreds-bench/1");
    assert_eq!(document["command"], "sign");
    assert_eq!(document["target"], "cpu");
    assert_eq!(document["complete"], true);
    assert_phases_add_up(&document);
    let arms = document["arms"].as_array().unwrap();
    for arm in arms {
        assert_eq!(arm["outcomes"]["ok"], 5, "{}", arm["name"]);
        let phases = &arm["phases"];
        assert_eq!(phases["signing"]["sum_us"], phases["total"]["sum_us"]);
    }
    for name in [
        "header",
        "header-session-token",
        "presign",
        "sigv4a",
        "derive-key",
        "hmac",
        "cached-key-own",
        "payload-unsigned",
        "payload-64KiB",
        "checksum-crc32-1KiB",
        "checksum-crc64nvme-64KiB",
        "trailer-sha256-64KiB",
    ] {
        arm(&document, name);
    }
    assert!(arms.iter().all(|arm| arm["name"] != "bare-loop"));
    let hashed = arm(&document, "payload-64KiB");
    assert_eq!(hashed["bytes_per_call"], 65_536);
    let expected = 65_536.0 / (hashed["phases"]["total"]["p50_us"].as_f64().unwrap() / 1e6);
    let seen = hashed["bytes_per_s"].as_f64().unwrap();
    assert!((seen / expected - 1.0).abs() < 1e-9, "{seen}");
    assert!(arm(&document, "header")["bytes_per_s"].is_null());
}

#[test]
fn what_takes_longer_is_seen_to_take_longer() {
    let _machine = alone();
    let document = measured(&[
        "sign",
        "--case",
        "header,sigv4a,cached-key,payload",
        "--payload",
        "64KiB,512KiB",
        "--duration",
        "1500ms",
    ]);
    let p50 = |name| p50_us(&document, name);
    let growth = p50("payload-512KiB") / p50("payload-64KiB");
    assert!(
        (5.0..=9.0).contains(&growth),
        "512 KiB takes {growth} times as long as 64 KiB"
    );
    assert!(p50("sigv4a") > 3.0 * p50("header"));
    assert!(p50("cached-key-own") < p50("derived-key-own"));
    assert!(p50("payload-512KiB") > 3.0 * p50("payload-unsigned"));
    let findings = document["findings"].as_array().unwrap();
    for id in ["sign-payload-hash", "sign-sigv4a", "sign-kept-key"] {
        let finding = findings.iter().find(|finding| finding["id"] == id);
        assert!(finding.is_some(), "{id} is missing");
    }
}

#[test]
fn the_table_has_times_and_throughput_and_claims_no_endpoint() {
    let _machine = beside_others();
    let output = run(&["sign", "-n", "3", "--payload", "64KiB", "--details"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for word in [
        "throughput",
        "B/s",
        "payload-64KiB",
        "aws-sigv4",
        "nothing was sent",
    ] {
        assert!(text.contains(word), "`{word}` is missing from {text}");
    }
    for word in ["endpoint unknown", "no connection", "no Region"] {
        assert!(!text.contains(word), "`{word}` is in {text}");
    }
}

#[test]
fn bad_input_is_named_with_what_to_do() {
    let _machine = beside_others();
    let bad = |json: &str| file(".json", json);
    let noise = bad("\u{0}\u{1}");
    let url = bad(
        r#"[{"name": "odd", "method": "GET", "url": "https://a b/", "service": "s3", "region": "r",
            "time": "2026-01-01T00:00:00Z"}]"#,
    );
    let path = |file: &tempfile::NamedTempFile| file.path().to_str().unwrap().to_owned();
    for (arguments, words) in [
        (
            vec!["--vectors".into(), "/nonexistent.json".into()],
            &["/nonexistent.json", "hint: "][..],
        ),
        (vec!["--vectors".into(), path(&noise)], &["JSON", "hint: "]),
        (vec!["--vectors".into(), path(&url)], &["odd", "hint: "]),
        (
            vec!["--vectors".into(), path(&url), "-n".into(), "3".into()],
            &["--vectors"],
        ),
        (
            vec![
                "--case".into(),
                "header".into(),
                "--payload".into(),
                "1KiB".into(),
            ],
            &["--payload", "hint: "],
        ),
        (vec!["--payload".into(), "1kb".into()], &["1kb", "64KiB"]),
        (vec!["--case".into(), "heder".into()], &["heder", "header"]),
    ] {
        let mut all = vec!["sign"];
        all.extend(arguments.iter().map(String::as_str));
        let output = run(&all);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        for word in words {
            assert!(errors.contains(word), "`{word}` is missing from {errors}");
        }
    }
}

#[test]
fn an_interrupted_run_prints_what_it_has() {
    let _machine = beside_others();
    let arguments = ["sign", "--case", "header", "--duration", "1h"];
    let mut child = tool()
        .args(arguments)
        .args(["--verbose", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut child, "measuring");
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["complete"], false);
}
