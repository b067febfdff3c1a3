//! `cloudmap --listen`: callers from elsewhere, each answered by one balanced call.

use std::io::Read;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::cloudmap::own_calls;
use crate::support::{
    arm, beside_others, clean, get, lab_counts, scenario, signal, tool, wait_for,
};

/// The tool as a server: the process, and where it listens.
fn listening(arguments: &[&str]) -> (Child, String) {
    let mut child = tool()
        .args(["cloudmap", "--listen", "127.0.0.1:0", "--format", "json"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = wait_for(&mut child, "listening on ");
    let url = line.split_once("listening on ").unwrap().1.to_owned();
    (child, url)
}

/// What it printed when it had ended.
fn ended(mut child: Child) -> Value {
    let mut printed = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn hey_drives_describe_and_gets_the_shares_of_the_policy() {
    let _machine = beside_others();
    let (child, url) = listening(&["--lab", "fast", "--policy", "same-az=50", "-n", "201"]);
    let answer = get(&url);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["msgId"], "1");
    assert!(
        body["availabilityZone"]
            .as_str()
            .unwrap()
            .starts_with("eu-west-1"),
        "{body}"
    );
    let hey = clean(Command::new("hey"))
        .args(["-n", "200", "-c", "2", "-q", "10", "-m", "GET", &url])
        .output()
        .expect("hey comes from Debian");
    let report = String::from_utf8_lossy(&hey.stdout);
    assert!(report.contains("[200]\t200 responses"), "{report}");
    let document = ended(child);
    assert_eq!(document["complete"], true);
    assert_eq!(document["load"]["mode"], "received");
    let arm = arm(&document, "same-az=50");
    assert_eq!(arm["outcomes"]["ok"], 201);
    let own = own_calls(arm);
    assert!((86..=115).contains(&own), "{own} of 201 in the own zone");
    assert_eq!(lab_counts(&document)["grpc:Check/a"], own);
}

#[test]
fn without_an_end_in_sight_it_serves_until_it_is_interrupted() {
    let _machine = beside_others();
    let (child, url) = listening(&["--lab", "fast", "--az", "eu-west-1c"]);
    for _ in 0..3 {
        assert!(get(&url).contains("\"availabilityZone\":\"eu-west-1c\""));
    }
    assert!(get(url.trim_end_matches("/describe")).starts_with("HTTP/1.1 404"));
    signal(&child, Signal::INT);
    let document = ended(child);
    assert_eq!(document["complete"], true);
    assert_eq!(arm(&document, "prefer-az")["requests"], 3);
}

#[test]
fn who_calls_while_nobody_serves_is_told_so() {
    let _machine = beside_others();
    let empty = scenario("[cloudmap.servers]\nzones = {}\n");
    let (mut child, url) = listening(&["--lab", empty.path().to_str().unwrap(), "-n", "1"]);
    let answer = get(&url);
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("no instances"),
        "{answer}"
    );
    assert_eq!(
        child.wait().unwrap().code(),
        Some(2),
        "nothing could be measured"
    );
}
