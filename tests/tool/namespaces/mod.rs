//! Where only a kernel will do: packets that are really dropped, hops that are really counted, routes that
//! really lead nowhere. In network namespaces made for the purpose, which takes root.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{alone, beside_others, clean, home};

/// Whether namespaces are to be had; says so loudly where they are not.
fn available(tools: &[&str]) -> bool {
    let works =
        |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let missing: Vec<&&str> = tools
        .iter()
        .filter(|tool| !works(Command::new("sh").args(["-c", &format!("command -v {tool}")])))
        .collect();
    let namespaces = works(Command::new("unshare").args(["--net", "--mount", "true"]));
    if namespaces && missing.is_empty() {
        return true;
    }
    eprintln!(
        "\n!!! NOT TESTED: network namespaces {}, missing tools: {missing:?}. Run as root on Linux with iproute2 \
         and iptables to test this.\n",
        if namespaces {
            "can be had"
        } else {
            "cannot be had here"
        }
    );
    false
}

/// Runs a script, and returns the folder that it wrote to.
fn scripted(isolated: bool, script: &str, argument: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(home()).unwrap();
    let mut command = if isolated {
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "--mount", "sh"]);
        unshare
    } else {
        Command::new("sh")
    };
    command
        .args(["-c", script, env!("CARGO_BIN_EXE_awscreds-bench")])
        .arg(folder.path())
        .arg(argument);
    let output = clean(command).env("HOME", folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    folder
}

fn json(folder: &Path, name: &str) -> Value {
    let text = std::fs::read(folder.join(name)).unwrap();
    serde_json::from_slice(&text)
        .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&text)))
}

fn finds(document: &Value, id: &str) -> bool {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().any(|found| found["id"] == id)
}

#[test]
fn the_knee_is_where_the_packets_say() {
    let _machine = alone();
    if !available(&["ip", "iptables"]) {
        return;
    }
    let folder = scripted(true, include_str!("knee.sh"), "");
    let packets = std::fs::read_to_string(folder.path().join("packets")).unwrap();
    let per_fetch = packets.trim().parse::<f64>().unwrap() / 50.0;
    let limit = 1024.0 / per_fetch;
    let document = json(folder.path(), "limited.json");
    let knee = &document["knee"];
    assert_eq!(knee["kind"], "dropping", "{knee:#}");
    let rate = knee["rate_per_s"].as_f64().unwrap();
    assert!(
        (rate / limit - 1.0).abs() <= 0.15,
        "{rate} fetches/s where {per_fetch} packets per fetch make {limit}: {knee:#}"
    );
    assert_eq!(
        knee["workers"], 1,
        "one that fetches back to back is too much already: {knee:#}"
    );
    // To step through all worker counts takes seven times as long as the one that shows the knee.
    let arms = document["arms"].as_array().unwrap().len();
    assert!(arms <= 2, "{arms} worker counts");
    assert!(finds(&document, "imds-knee"));
    let notes = std::fs::read_to_string(folder.path().join("notes")).unwrap();
    assert!(notes.contains("DNS"), "{notes}");
}

#[test]
fn a_hop_limit_of_one_is_named_behind_a_router_and_a_limit_of_two_is_not() {
    let _machine = beside_others();
    if !available(&["ip"]) {
        return;
    }
    let folder = scripted(false, include_str!("hop_limit.sh"), "1");
    let examined = json(folder.path(), "doctor.json");
    assert!(
        finds(&examined, "imds-hop-limit"),
        "{}",
        examined["findings"]
    );
    let change = examined["findings"][0]["change"].to_string();
    assert!(
        change.contains("--http-put-response-hop-limit 2"),
        "{change}"
    );
    let errors = std::fs::read_to_string(folder.path().join("imds.errors")).unwrap();
    for words in ["hop limit", "--http-put-response-hop-limit 2"] {
        assert!(errors.contains(words), "{errors}");
    }

    let folder = scripted(false, include_str!("hop_limit.sh"), "2");
    let examined = json(folder.path(), "doctor.json");
    assert!(
        !finds(&examined, "imds-hop-limit"),
        "{}",
        examined["findings"]
    );
    assert_eq!(examined["winner"], "imds");
    assert_eq!(
        json(folder.path(), "imds.json")["arms"][0]["outcomes"]["ok"],
        5
    );
}

#[test]
fn metadata_in_its_ipv6_mode_is_found_by_the_doctor_and_by_imds() {
    let _machine = beside_others();
    if !available(&["ip"]) {
        return;
    }
    let folder = scripted(true, include_str!("ipv6.sh"), "");
    let arm = &json(folder.path(), "imds.json")["arms"][0];
    assert_eq!(arm["endpoint"], "http://[fd00:ec2::254]", "{arm:#}");
    assert_eq!(arm["outcomes"]["ok"], 5, "{}", arm["errors"]);
    for name in ["by_variable.json", "by_profile.json"] {
        let examined = json(folder.path(), name);
        assert_eq!(examined["winner"], "imds", "{name}: {examined:#}");
        for id in ["imds-black-hole", "imds-refused"] {
            assert!(!finds(&examined, id), "{name}: {}", examined["findings"]);
        }
        let place = &examined["place"];
        assert_eq!(place["kind"], "ec2", "the probe has found it too: {place}");
    }
}

#[test]
fn far_from_ec2_an_examination_ends_in_time_and_says_who_would_wait() {
    let _machine = alone();
    if !available(&["ip"]) {
        return;
    }
    for how in ["vanishing", "unreachable"] {
        let folder = scripted(true, include_str!("laptop.sh"), how);
        let document = json(folder.path(), "doctor.json");
        let elapsed = document["elapsed_s"].as_f64().unwrap();
        // What the doctor promises, whose questions end after three.
        assert!(elapsed < 5.0, "{how}: {elapsed} s");
        assert!(
            finds(&document, "imds-black-hole"),
            "{how}: {}",
            document["findings"]
        );
        let links = document["links"].as_array().unwrap();
        let imds = links.iter().find(|link| link["name"] == "imds").unwrap();
        assert_eq!(imds["state"], "failed");
        assert!(imds["elapsed_us"].as_f64().is_some(), "{imds}");
        let picks = document["sdks"].as_array().unwrap();
        let waits = |sdk: &str| {
            let pick = picks.iter().find(|pick| pick["sdk"] == sdk).unwrap();
            pick["waits_s"].as_f64()
        };
        if how == "vanishing" {
            assert!(imds["elapsed_us"].as_f64().unwrap() >= 900_000.0, "{imds}");
            assert_eq!(waits("Python (boto3)"), Some(2.5));
            assert!(waits("Rust").unwrap() >= 0.9);
        } else {
            assert_eq!(
                waits("Python (boto3)"),
                None,
                "a refusal by the system costs nothing"
            );
        }
        let table = std::fs::read_to_string(folder.path().join("doctor.txt")).unwrap();
        assert!(table.contains("waits in vain"), "{table}");
    }
}

#[test]
fn a_slow_name_server_is_named_and_a_quick_one_is_not() {
    let _machine = alone();
    if !available(&["ip", "mount", "python3"]) {
        return;
    }
    let folder = scripted(true, include_str!("dns.sh"), "0.4");
    let document = json(folder.path(), "doctor.json");
    assert!(finds(&document, "dns-slow"), "{}", document["findings"]);
    let errors = |document: &Value| {
        let findings = document["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|found| found["severity"] == "error")
            .count()
    };
    assert_eq!(errors(&document), 0, "{}", document["findings"]);
    let folder = scripted(true, include_str!("dns.sh"), "0");
    let document = json(folder.path(), "doctor.json");
    assert!(!finds(&document, "dns-slow"), "{}", document["findings"]);
}
