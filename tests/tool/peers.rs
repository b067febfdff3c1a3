//! Third parties: other SDKs as clients of the lab, and moto as the server under the tool.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::installed::{node, python};
use crate::support::{Running, alone, arm, beside_others, clean, document, home, tool, wait_for};

/// Runs a program in the lab; gives what it printed and what the lab counted.
pub fn in_lab(source: &str, program: &[&str]) -> (String, Value) {
    let counts = home().join("counts.json");
    let output = tool()
        .args([
            "lab",
            "--scenario",
            "fast",
            "--source",
            source,
            "--format",
            "json",
            "--output",
        ])
        .arg(&counts)
        .arg("--")
        .args(program)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{program:?}: {errors}");
    let counted: Value = serde_json::from_slice(&std::fs::read(&counts).unwrap()).unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        counted["requests"].clone(),
    )
}

/// Asserts what a program's credentials cost: one cold fetch.
fn one_fetch(counts: &Value, source: &str) {
    let expected: &[&str] = match source {
        "imds" => &["imds:token", "imds:role", "imds:credentials"],
        _ => &["container:credentials"],
    };
    for operation in expected {
        assert_eq!(counts[operation]["count"], 1, "{operation} in {counts}");
        assert_eq!(counts[operation]["ok"], 1, "{operation} in {counts}");
    }
    assert!(counts["imds:other"].is_null(), "{counts}");
}

const ROUND_TRIP_PY: &str = include_str!("peers/round_trip.py");
const REFUSALS_PY: &str = include_str!("peers/refusals.py");
const ROUND_TRIP_JS: &str = include_str!("peers/round_trip.mjs");

#[test]
fn boto3_makes_a_round_trip_with_three_metadata_requests() {
    let python = python();
    let _machine = beside_others();
    for source in ["imds", "container"] {
        let program = [
            python.join("python").to_str().unwrap().to_owned(),
            "-c".into(),
            ROUND_TRIP_PY.into(),
        ];
        let (printed, counts) = in_lab(source, &program.each_ref().map(String::as_str));
        assert!(printed.contains("round trip ok"), "{printed}");
        one_fetch(&counts, source);
        assert_eq!(counts["sts:GetCallerIdentity"]["ok"], 1);
        for operation in [
            "s3:CreateBucket",
            "s3:PutObject",
            "s3:GetObject",
            "s3:HeadObject",
            "s3:DeleteObject",
        ] {
            assert!(
                counts[operation]["ok"].as_u64().unwrap_or(0) >= 1,
                "{operation} in {counts}"
            );
        }
    }
}

#[test]
fn the_aws_cli_makes_a_round_trip_with_three_metadata_requests_per_process() {
    let python = python();
    let _machine = beside_others();
    let aws = python.join("aws");
    let aws = aws.to_str().unwrap();
    for source in ["imds", "container"] {
        let (printed, counts) = in_lab(
            source,
            &[aws, "sts", "get-caller-identity", "--output", "json"],
        );
        let identity: Value = serde_json::from_str(&printed).unwrap();
        assert!(
            identity["Arn"]
                .as_str()
                .unwrap()
                .starts_with("arn:aws:sts::"),
            "{identity}"
        );
        one_fetch(&counts, source);
        let script = "set -e; f=$(mktemp); echo hello > $f; \"$0\" s3 mb s3://peers; \"$0\" s3 cp $f s3://peers/k; \
                      \"$0\" s3 cp s3://peers/k -; \"$0\" s3 rm s3://peers/k; rm $f";
        let (printed, counts) = in_lab(source, &["sh", "-c", script, aws]);
        assert!(printed.contains("hello"), "{printed}");
        let fetches = &counts[if source == "imds" {
            "imds:credentials"
        } else {
            "container:credentials"
        }];
        assert_eq!(fetches["count"], 4, "one per process: {counts}");
    }
}

#[test]
fn the_javascript_sdk_makes_a_round_trip_with_three_metadata_requests() {
    let folder = node();
    let script = folder.join("round_trip.mjs");
    std::fs::write(&script, ROUND_TRIP_JS).unwrap();
    let _machine = beside_others();
    for source in ["imds", "container"] {
        let (printed, counts) = in_lab(source, &["node", script.to_str().unwrap()]);
        assert!(printed.contains("round trip ok"), "{printed}");
        one_fetch(&counts, source);
    }
}

#[test]
fn what_aws_refuses_the_lab_refuses_in_the_same_words() {
    let python = python();
    let _machine = beside_others();
    let program = [
        python.join("python").to_str().unwrap().to_owned(),
        "-c".into(),
        REFUSALS_PY.into(),
    ];
    let (printed, _) = in_lab("static", &program.each_ref().map(String::as_str));
    let refusals: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(refusals["wrong secret"], "SignatureDoesNotMatch");
    assert_eq!(refusals["unknown key"], "InvalidClientTokenId");
    assert_eq!(refusals["signed an hour ago"], "SignatureDoesNotMatch");
    assert_eq!(refusals["s3 wrong secret"], "SignatureDoesNotMatch");
    assert_eq!(refusals["s3 unknown key"], "InvalidAccessKeyId");
    assert_eq!(refusals["s3 signed an hour ago"], "RequestTimeTooSkewed");
    assert_eq!(refusals["presigned get"], "hello");
}

/// moto as a server; ended when the value goes.
pub struct Moto {
    _server: Running,
    url: String,
}

impl Moto {
    pub fn start() -> Self {
        let mut server = clean(Command::new(python().join("moto_server")))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let line = wait_for(&mut server, "Running on ");
        let (_, url) = line.split_once("Running on ").unwrap();
        Self {
            url: url.trim().to_owned(),
            _server: Running(server),
        }
    }

    /// `command` pointed at moto by standard variables alone.
    pub fn point(&self, command: Command) -> Command {
        let mut command = command;
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing");
        command
    }
}

#[test]
fn the_doctor_examines_moto_by_standard_variables_alone() {
    let moto = Moto::start();
    let _machine = alone();
    let examined = |prepare: &dyn Fn(&mut Command)| -> Value {
        let mut command = moto.point(tool());
        command.args(["doctor", "--format", "json", "--fail-on", "never"]);
        prepare(&mut command);
        document(&command.output().unwrap())
    };
    let by_keys = examined(&|command| {
        command.env("AWS_EC2_METADATA_DISABLED", "true");
    });
    assert_eq!(by_keys["winner"], "env");
    let won = &by_keys["links"][0];
    assert!(
        won["identity"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:sts::"),
        "{won}"
    );
    assert!(won["expires_at"].is_null(), "static keys do not expire");
    let by_metadata = examined(&|command| {
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &moto.url);
    });
    assert_eq!(by_metadata["winner"], "imds", "{by_metadata:#}");
    let links = by_metadata["links"].as_array().unwrap();
    let won = links.iter().find(|link| link["name"] == "imds").unwrap();
    assert!(
        won["identity"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:sts::"),
        "{won}"
    );
    assert!(won["expires_at"].is_string(), "{won}");
}

#[test]
fn the_three_commands_run_against_moto_by_standard_variables_alone() {
    let python = python();
    let moto = Moto::start();
    let _machine = beside_others();
    let measured = |arguments: &[&str]| {
        let output = moto
            .point(tool())
            .args(arguments)
            .args(["--timeout", "30s", "--format", "json"])
            .output()
            .unwrap();
        document(&output)
    };

    let sts = measured(&["sts", "--regional", "-n", "10"]);
    assert_eq!(sts["target"], "endpoint");
    assert_eq!(arm(&sts, "global")["outcomes"]["ok"], 10);
    assert_eq!(
        sts["findings"][0]["id"], "sts-endpoint-override",
        "both arms went to moto, and it says so"
    );

    let aws = python.join("aws");
    for arguments in [
        &["s3", "mb", "s3://peers"][..],
        &["s3", "cp", "/etc/hostname", "s3://peers/k"],
    ] {
        let made = moto
            .point(clean(Command::new(&aws)))
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    }
    let s3 = measured(&[
        "s3",
        "--compare-cache",
        "--bucket",
        "peers",
        "--key",
        "k",
        "-n",
        "10",
    ]);
    for arm in s3["arms"].as_array().unwrap() {
        assert_eq!(arm["outcomes"]["ok"], 10, "{}", arm["errors"]);
    }

    let output = moto
        .point(tool())
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &moto.url)
        .args([
            "imds",
            "--concurrency",
            "1,2",
            "-n",
            "5",
            "--timeout",
            "30s",
            "--format",
            "json",
        ])
        .output()
        .unwrap();
    let imds = document(&output);
    for arm in imds["arms"].as_array().unwrap() {
        assert_eq!(arm["outcomes"]["ok"], 5, "{}", arm["errors"]);
        assert_eq!(arm["source_requests"]["imds:credentials"]["count"], 5);
    }
    let notes = String::from_utf8_lossy(&output.stderr);
    assert!(
        notes.contains("DNS"),
        "a real metadata service is warned about first: {notes}"
    );
}
