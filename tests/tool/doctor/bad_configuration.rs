//! Whatever the configuration is: clear findings, bounded time, no panic, no secret.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{broken, link};
use crate::support::{beside_others, errors, file, findings, scratch, tool};

/// An examination ends within five seconds, and what it might wait for never does. Between the two is room
/// for any machine.
const BOUND: Duration = Duration::from_mins(1);

fn doctor(prepare: impl FnOnce(&mut Command)) -> (Value, Output) {
    let mut command = tool();
    command
        .args(["doctor", "--format", "json"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_DEFAULT_REGION", "eu-west-1");
    prepare(&mut command);
    let start = Instant::now();
    let output = command.output().unwrap();
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    let errors = errors(&output);
    assert!(!errors.contains("panicked"), "{errors}");
    let document = serde_json::from_slice(&output.stdout);
    (
        document.unwrap_or_else(|error| panic!("{error}: {errors}")),
        output,
    )
}

fn with_config(path: &Path, profile: &str) -> Value {
    let (document, _) = doctor(|command| {
        command
            .env("AWS_CONFIG_FILE", path)
            .env("AWS_PROFILE", profile);
    });
    document
}

#[test]
fn in_an_empty_environment_it_still_answers() {
    let _machine = beside_others();
    let empty = |arguments: &[&str], name: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_awscreds-bench"));
        let start = Instant::now();
        let output = command
            .args(arguments)
            .env_clear()
            .env(name, value)
            .output()
            .unwrap();
        assert!(start.elapsed() < BOUND);
        output
    };
    let closed = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let output = empty(&["doctor", "--format", "json"], closed.0, closed.1);
    assert_eq!(output.status.code(), Some(1), "no credentials are an error");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["winner"].is_null());
    assert!(
        findings(&document).contains(&"no-region"),
        "{}",
        document["findings"]
    );
    let output = empty(
        &["doctor", "--details"],
        "AWS_EC2_METADATA_DISABLED",
        "true",
    );
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("[no-credentials]"), "{table}");
}

#[test]
fn an_unreadable_config_file_is_named() {
    let _machine = beside_others();
    let document = with_config(Path::new("/"), "p");
    let found = &document["findings"];
    assert!(broken(&document).contains(&"config-unreadable"), "{found}");
}

#[test]
fn a_config_file_of_noise_is_named() {
    let _machine = beside_others();
    for noise in [
        &b"\x00\xff\xfe\x80 not text"[..],
        b"[profile p\n= = =\n]]]",
        &b"[".repeat(100_000),
    ] {
        let file = file(".ini", noise);
        let document = with_config(file.path(), "p");
        let errors = broken(&document);
        let named = errors.iter().any(|id| id.starts_with("config-"));
        assert!(named, "{}", document["findings"]);
    }
}

#[test]
fn profiles_that_source_each_other_are_a_circle() {
    let _machine = beside_others();
    let file = file(
        ".ini",
        b"[profile p]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = q\n\
          [profile q]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = p\n",
    );
    let document = with_config(file.path(), "p");
    assert_eq!(broken(&document), ["profile-circle"]);
    let detail = link(&document, "profile")["detail"].as_str().unwrap();
    assert!(detail.contains("p → q → p"), "{detail}");
}

#[test]
fn a_hanging_credential_process_is_ended_with_all_that_it_started() {
    let _machine = beside_others();
    let mark = file("", "");
    let line = format!(
        "[profile p]\ncredential_process = sleep 600 & echo $! > {}; wait\n",
        mark.path().display()
    );
    let file = file(".ini", line.as_bytes());
    let document = with_config(file.path(), "p");
    assert_eq!(broken(&document), ["credential-process-fails"]);
    let evidence = document["findings"][0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("not ended"), "{evidence}");
    let child = std::fs::read_to_string(mark.path()).unwrap();
    let stat = format!("/proc/{}/stat", child.trim());
    let is_there = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
    // It is told to end, and does so when it gets a CPU; by itself it would end after ten minutes.
    let asked = Instant::now();
    while is_there() {
        assert!(asked.elapsed().as_secs() < 60, "the child still sleeps");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_hanging_ethtool_holds_nobody_up() {
    use std::os::unix::fs::PermissionsExt;
    let _machine = beside_others();
    let folder = tempfile::tempdir_in(scratch()).unwrap();
    let ethtool = folder.path().join("ethtool");
    std::fs::write(&ethtool, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&ethtool, PermissionsExt::from_mode(0o700)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.path().display());
    let (document, _) = doctor(|command| {
        command.env("PATH", path);
    });
    assert!(!findings(&document).contains(&"imds-throttled"));
}

#[test]
fn secrets_are_in_no_format() {
    let _machine = beside_others();
    let secret = "wJalrXUtnFEMIsecretsecretsecretEXAMPLEKEY";
    let text = format!(
        "[profile p]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {secret}\n[profile broken\n{secret}"
    );
    let file = file(".ini", text.as_bytes());
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_SESSION_TOKEN", "a-session-token-that-is-secret"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "a-container-token\nthat-is-secret",
        ),
    ];
    let secrets = [
        secret,
        "a-session-token",
        "a-container-token",
        "that-is-secret",
        "AKIAIOSFODNN7EXAMPLE",
    ];
    for format in ["table", "json", "csv", "markdown", "html"] {
        for config in [Some(file.path()), None] {
            let mut command = tool();
            command
                .args(["doctor", "--format", format, "--verbose"])
                .envs(variables);
            if let Some(path) = config {
                command.env("AWS_CONFIG_FILE", path).env("AWS_PROFILE", "p");
            }
            let output = command.output().unwrap();
            let all = [output.stdout, output.stderr].concat();
            let all = String::from_utf8_lossy(&all);
            for secret in secrets {
                assert!(!all.contains(secret), "{secret} in {format}: {all}");
            }
        }
    }
}
