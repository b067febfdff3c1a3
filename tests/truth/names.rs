//! A name that is told late delays `connect`, and is a detail of it.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::machine::beside_others;
use super::tool::mean;

const DELAY: Duration = Duration::from_secs(1);

/// Whether namespaces are to be had, which takes root; says so where they are not.
fn available() -> bool {
    let isolated = ["--net", "--mount", "sh", "-c", "command -v ip python3"];
    let available = Command::new("unshare").args(isolated).output();
    let available = available.is_ok_and(|output| output.status.success());
    if !available {
        eprintln!("NOT TESTED: network namespaces, which take root, iproute2 and python3");
    }
    available
}

#[test]
fn a_slow_name_server_is_in_connect_and_in_its_detail() {
    let _machine = beside_others();
    if !available() {
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut isolated = Command::new("unshare");
    isolated
        .args(["--net", "--mount", "sh", "-c", include_str!("dns.sh")])
        .arg(env!("CARGO_BIN_EXE_awscreds-bench"))
        .arg(folder.path())
        .arg(DELAY.as_secs().to_string())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([
            ("HOME", folder.path().to_str().unwrap()),
            ("AWS_REGION", "eu-west-1"),
        ])
        .envs([
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]);
    let output = isolated.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let arm = &document["arms"][0];
    assert_eq!(arm["outcomes"]["ok"], 1, "{arm:#}");
    let [name, connect, total] = ["dns", "connect", "total"].map(|phase| mean(arm, phase));
    assert!(name >= DELAY, "{name:?}");
    assert!(connect >= name, "{connect:?} of which {name:?}");
    assert!(
        connect.as_secs_f64() >= 0.6 * total.as_secs_f64(),
        "{connect:?} of {total:?}"
    );
}
