//! Runs in which nothing could be measured: what the checks of `doctor` find takes the place of a guess.

use std::net::TcpListener;

use crate::bad_input::{at, refused};
use crate::support::{beside_others, run, tool};

#[test]
fn a_failed_run_says_what_doctor_says_and_suggests_nothing_that_is_so_already() {
    let _machine = beside_others();
    for command in [
        &["sts", "-n", "2"][..],
        &["s3", "-n", "2"],
        &["imds", "--concurrency", "1"],
    ] {
        let output = run(&[command, &["--lab", "imds-no-role"]].concat());
        refused(
            &output,
            &[
                "finding: the instance has no role [imds-no-role]",
                "do: attach an instance profile to the instance",
                "    aws ec2 associate-iam-instance-profile --instance-id i-",
            ],
        );
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("--lab"), "{errors}");
    }
}

#[test]
fn credentials_for_other_programs_are_not_advised_with_options_of_other_commands() {
    let _machine = beside_others();
    let output = tool()
        .args(["credential-process", "--source", "env"])
        .output()
        .unwrap();
    refused(&output, &["--source"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !errors.contains("--lab") && !errors.contains("-n "),
        "{errors}"
    );
}

#[test]
fn a_run_with_keys_asks_no_metadata_what_is_wrong() {
    let _machine = beside_others();
    let metadata = TcpListener::bind("127.0.0.1:0").unwrap();
    metadata.set_nonblocking(true).unwrap();
    let url = format!("http://{}", metadata.local_addr().unwrap());
    for source in ["static", "env", "chain"] {
        let output = at("http://127.0.0.1:1")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)
            .args(["sts", "-n", "2", "--source", source])
            .output()
            .unwrap();
        refused(&output, &["[sts-unreachable]"]);
        assert!(
            metadata.accept().is_err(),
            "--source {source} asked metadata"
        );
    }
}
