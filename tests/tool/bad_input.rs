//! Bad input: what failed, on what, why, and what to do; exit code 2; no panic, no hang, no secret.

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{beside_others, file, run, scenario, tool};

/// Asserts that a run could not measure and said all of `words`.
pub fn refused(output: &Output, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    let advised = errors.contains("\nhint: ") || errors.contains("\ndo: ");
    assert!(errors.contains("error: ") && advised, "{errors}");
    for word in words {
        assert!(errors.contains(word), "`{word}` is missing from: {errors}");
    }
}

/// The tool with keys from the environment and the given endpoint for every service.
pub fn at(endpoint: &str) -> Command {
    let mut command = tool();
    command
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
        .env("AWS_ENDPOINT_URL", endpoint);
    command
}

#[test]
fn an_unknown_scenario_field_is_named_with_its_nearest_known_one() {
    let _machine = beside_others();
    let bad = scenario("[sts.global]\ndealy = '20ms'\n");
    refused(
        &run(&["sts", "--lab", bad.path().to_str().unwrap()]),
        &["dealy", "delay"],
    );
}

#[test]
fn an_unknown_scenario_is_answered_with_the_known_ones() {
    let _machine = beside_others();
    refused(&run(&["sts", "--lab", "defualt"]), &["defualt", "default"]);
}

#[test]
fn an_unparsable_duration_is_named_in_a_scenario_and_on_the_command_line() {
    let _machine = beside_others();
    let bad = scenario("[sts.global]\ndelay = 'soon'\n");
    refused(
        &run(&["sts", "--lab", bad.path().to_str().unwrap()]),
        &["soon"],
    );
    let output = run(&["sts", "--lab", "--timeout", "soon"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("soon") && errors.contains("--timeout") && errors.contains("250ms"),
        "{errors}"
    );
}

#[test]
fn an_endpoint_that_refuses_is_named_as_unreachable() {
    let _machine = beside_others();
    for command in [
        &["sts", "--regional"][..],
        &["s3", "--bucket", "b", "--key", "k"],
    ] {
        let output = at("http://127.0.0.1:1").args(command).output().unwrap();
        refused(&output, &["refused", "could not be reached"]);
    }
}

#[test]
fn an_endpoint_that_hangs_is_given_up_on_after_the_timeout() {
    let _machine = beside_others();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let output = at(&url)
        .args(["sts", "--regional", "--timeout", "500ms"])
        .output()
        .unwrap();
    refused(&output, &["--timeout"]);
}

#[test]
fn without_credentials_the_lab_is_offered() {
    let _machine = beside_others();
    let output = tool()
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(["sts", "--regional"])
        .output()
        .unwrap();
    refused(&output, &["no credentials", "--lab"]);
}

#[test]
fn without_a_region_the_ways_to_set_one_are_named() {
    let _machine = beside_others();
    let output = tool()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(["sts", "--regional"])
        .output()
        .unwrap();
    refused(&output, &["Region", "AWS_REGION", "--lab"]);
}

#[test]
fn expired_credentials_are_named_as_expired() {
    let _machine = beside_others();
    let short = scenario("[credentials]\nlifetime = '1s'\n");
    // Credentials are taken, outlived (an expiry is a whole second, so up to one later), and then used.
    let script = r#"
        token=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        answer=$(curl -sf -H "Authorization: $token" "$AWS_CONTAINER_CREDENTIALS_FULL_URI" | tr ',{}' '\n')
        field() { printf '%s\n' "$answer" | sed -n "s/^\"$1\":\"\(.*\)\"$/\1/p"; }
        export AWS_ACCESS_KEY_ID=$(field AccessKeyId)
        export AWS_SECRET_ACCESS_KEY=$(field SecretAccessKey)
        export AWS_SESSION_TOKEN=$(field Token)
        sleep 2.2
        exec "$0" sts --regional --source env
    "#;
    let output = tool()
        .args(["lab", "--source", "container", "--quiet", "--scenario"])
        .arg(short.path())
        .args([
            "--",
            "sh",
            "-c",
            script,
            env!("CARGO_BIN_EXE_awscreds-bench"),
        ])
        .output()
        .unwrap();
    refused(&output, &["expired", "renew"]);
}

#[test]
fn a_run_in_which_every_request_fails_is_not_a_measurement() {
    let _machine = beside_others();
    let broken = scenario("[sts.regional]\nfault = { probability = 1.0, kind = 'status:500' }\n");
    let path = broken.path().to_str().unwrap();
    refused(&run(&["sts", "--lab", path]), &["every call failed"]);
    let output = run(&[
        "sts", "--lab", path, "--warmup", "0", "-n", "3", "--format", "json",
    ]);
    assert_eq!(output.status.code(), Some(2));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        document["arms"][0]["outcomes"]["other"], 3,
        "what was measured is printed all the same"
    );
    assert!(document["arms"][0]["phases"]["total"]["p50_us"].is_null());
}

#[test]
fn a_file_that_cannot_be_written_is_found_out_before_measuring() {
    let _machine = beside_others();
    refused(
        &run(&["sts", "--lab", "--output", "/nonexistent/folder/x.json"]),
        &["/nonexistent/folder/x.json"],
    );
    refused(
        &run(&["lab", "--output", "/nonexistent/folder/x.json"]),
        &["/nonexistent/folder/x.json"],
    );
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let _machine = beside_others();
    let mut child = tool()
        .args(["sts", "--lab", "fast", "-n", "5", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{errors}");
    assert!(errors.is_empty(), "{errors}");
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let _machine = beside_others();
    refused(
        &run(&["lab", "--", "/nonexistent/program"]),
        &["/nonexistent/program"],
    );
}

#[test]
fn worker_counts_are_checked() {
    let _machine = beside_others();
    refused(
        &run(&["imds", "--concurrency", "1,many", "--lab"]),
        &["many", "--concurrency"],
    );
    refused(&run(&["imds", "--concurrency", "0", "--lab"]), &["0"]);
}

#[test]
fn an_endpoint_that_is_no_url_is_told_before_anything_is_sent() {
    let _machine = beside_others();
    let output = at("http://127.0.0.1:1")
        .args(["sts", "--endpoint-url", "localhost:9"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("http://localhost:9") && errors.lines().count() < 5,
        "{errors}"
    );
    let output = at("localhost:9").arg("sts").output().unwrap();
    refused(&output, &["localhost:9", "STS", "AWS_ENDPOINT_URL"]);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Request {"));
}

#[test]
fn a_profile_that_does_not_exist_is_no_other_identity() {
    let _machine = beside_others();
    for arguments in [
        &["sts", "--profile", "nosuch"][..],
        &["sts", "--lab", "--profile", "nosuch"],
        &[
            "credential-process",
            "--source",
            "profile",
            "--profile",
            "nosuch",
        ],
    ] {
        let output = at("http://127.0.0.1:1").args(arguments).output().unwrap();
        refused(&output, &["no profile `nosuch`"]);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_endpoint_of_the_command_line_goes_before_every_configured_one() {
    let _machine = beside_others();
    let (configured, named) = (
        TcpListener::bind("127.0.0.1:0"),
        TcpListener::bind("127.0.0.1:0"),
    );
    let (configured, named) = (configured.unwrap(), named.unwrap());
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
    let (other, wanted) = (url(&configured), url(&named));
    let profile = format!(
        "[default]\nendpoint_url = {other}\nservices = s\n[services s]\nsts =\n  endpoint_url = {other}\n"
    );
    let profile = file("", profile);
    let asked = |variable: &str| {
        let mut command = at(&other);
        command.env_remove("AWS_ENDPOINT_URL");
        command
            .env("AWS_CONFIG_FILE", profile.path())
            .env(variable, &other);
        command.args([
            "sts",
            "-v",
            "-n",
            "1",
            "--warmup",
            "0",
            "--timeout",
            "500ms",
        ]);
        command
    };
    for variable in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL", "UNRELATED"] {
        let output = asked(variable)
            .args(["--endpoint-url", &wanted])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.contains(&format!("STS is configured to be at {wanted}")),
            "{errors}"
        );
        assert!(reached(&named) > 0, "{errors}");
        assert_eq!(reached(&configured), 0, "{variable}");
        let output = asked(variable).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            errors.contains(&format!("STS is configured to be at {other}")),
            "{errors}"
        );
        assert!(reached(&configured) > 0, "{errors}");
    }
}

/// Connections that wait to be accepted.
fn reached(listener: &TcpListener) -> usize {
    listener.set_nonblocking(true).unwrap();
    std::iter::from_fn(|| listener.accept().ok()).count()
}

#[test]
fn results_whose_place_is_gone_are_printed_and_the_exit_code_says_so() {
    let _machine = beside_others();
    let measured = |path: &Path| {
        let mut command = tool();
        command.args([
            "sts",
            "--lab",
            "fast",
            "--duration",
            "1s",
            "--format",
            "json",
            "--output",
        ]);
        command
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    // A disk without room.
    let full = measured(Path::new("/dev/full")).output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("folder");
    std::fs::create_dir(&gone).unwrap();
    let mut command = measured(&gone.join("run.json"));
    let mut child = command.arg("--verbose").spawn().unwrap();
    let mut said = [0];
    let mut stderr = child.stderr.take().unwrap();
    // It speaks once it has looked at the place.
    stderr.read_exact(&mut said).unwrap();
    std::fs::remove_dir_all(&gone).unwrap();
    let mut errors = String::new();
    stderr.read_to_string(&mut errors).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = errors.into_bytes();
    for output in [full, output] {
        refused(&output, &["cannot write the results to", "stdout instead"]);
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(document["arms"][0]["outcomes"]["ok"].as_u64().unwrap() > 0);
    }
}
