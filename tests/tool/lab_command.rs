//! `lab`: the environment it exports, the program it runs, and what it counts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    Running, beside_others, clean, ended, get, home, measured, run, signal, tool, wait_for,
};

/// A lab in the foreground, and the variables that it told.
struct Lab {
    child: Running,
    exports: BTreeMap<String, String>,
}

impl Lab {
    fn start(arguments: &[&str]) -> Self {
        let mut child = tool()
            .arg("lab")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Ready is said on stderr after the last export.
        wait_for(&mut child, "ready");
        let exports = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut map = BTreeMap::new();
        for line in exports.map(Result::unwrap) {
            let (name, value) = line
                .strip_prefix("export ")
                .expect("an export line")
                .split_once('=')
                .unwrap();
            map.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            if map.len() == Self::lines(&map) {
                break;
            }
        }
        Self {
            child: Running(child),
            exports: map,
        }
    }

    /// The endpoint variables are all there once the metadata endpoint is.
    fn lines(map: &BTreeMap<String, String>) -> usize {
        if map.contains_key("AWS_ENDPOINT_URL_STS")
            && map.contains_key("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        {
            map.len()
        } else {
            usize::MAX
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        signal(&self.child.0, Signal::INT);
        self.child.0.wait().unwrap().code()
    }
}

#[test]
fn the_foreground_lab_exports_answers_its_counts_and_stops_when_interrupted() {
    let _machine = beside_others();
    let lab = Lab::start(&[]);
    let sts = lab.exports["AWS_ENDPOINT_URL_STS"]
        .trim_end_matches('/')
        .to_owned();
    let imds = lab.exports["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        .trim_end_matches('/')
        .to_owned();
    get(&format!(
        "{imds}/latest/meta-data/iam/security-credentials/"
    ));
    for listener in [&sts, &imds] {
        let answer = get(&format!("{listener}/_lab/requests"));
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let counts: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            counts["imds:role"]["failed"], 1,
            "v1 is refused, and counted: {counts}"
        );
    }
    assert_eq!(lab.interrupt(), Some(0));
}

#[test]
fn a_program_in_the_lab_gives_its_exit_status_and_its_requests() {
    let _machine = beside_others();
    let path = home().join("requests.json");
    let output = tool()
        .args(["lab", "--format", "json", "--output"])
        .arg(&path)
        .args([
            "--",
            "sh",
            "-c",
            "\"$0\" sts --regional -n 7 --warmup 1 --format json; exit 5",
        ])
        .arg(env!("CARGO_BIN_EXE_awscreds-bench"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let arms = document["arms"].as_array().unwrap().iter();
    let made = arms.map(|arm| {
        let first = arm["first_call"]["clients"].as_u64().unwrap();
        first + arm["attempts"].as_u64().unwrap()
    });
    let attempts: u64 = made.sum();
    assert_eq!(attempts, 2 * (1 + 7));
    let counted: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(counted["command"], "lab");
    let warmup = 2;
    assert_eq!(
        counted["requests"]["sts:GetCallerIdentity"]["count"],
        attempts + warmup
    );
    assert_eq!(
        counted["requests"]["imds:credentials"]["ok"], 4,
        "one load per client"
    );
}

#[test]
fn without_a_file_the_requests_are_a_table_on_stderr() {
    let _machine = beside_others();
    let output = tool()
        .args([
            "lab",
            "--",
            env!("CARGO_BIN_EXE_awscreds-bench"),
            "imds",
            "--concurrency",
            "1",
            "-n",
            "2",
            "--quiet",
        ])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("imds:token") && errors.contains("imds:credentials"),
        "{errors}"
    );
}

#[test]
fn a_program_killed_by_a_signal_is_reported_as_a_shell_would() {
    let _machine = beside_others();
    let output = tool()
        .args(["lab", "--quiet", "--", "sh", "-c", "kill -TERM $$"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(128 + 15));
}

#[test]
fn the_callers_own_aws_settings_do_not_reach_the_program() {
    let _machine = beside_others();
    let output = tool()
        .env("AWS_PROFILE", "production")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .args(["lab", "--quiet", "--", "env"])
        .output()
        .unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    assert!(
        !seen.contains("production") && !seen.contains("AKIAIOSFODNN7EXAMPLE"),
        "{seen}"
    );
}

#[test]
fn counts_do_not_go_into_formats_of_latencies() {
    let _machine = beside_others();
    for format in ["svg", "hlog", "hgrm"] {
        let output = run(&["lab", "--format", format, "--", "true"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains("no latencies") && errors.contains("hint: "),
            "{errors}"
        );
    }
    let page = run(&[
        "lab",
        "--scenario",
        "fast",
        "--format",
        "html",
        "--",
        "true",
    ]);
    assert!(String::from_utf8_lossy(&page.stderr).contains("<!DOCTYPE html>"));
}

#[test]
fn the_built_in_scenarios_are_listed_with_a_sentence_each() {
    let _machine = beside_others();
    let output = run(&["lab", "--list"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = String::from_utf8(output.stdout).unwrap();
    let names = awscreds_bench::lab::Scenario::builtin_names();
    let begun = listed.lines().filter(|line| !line.starts_with(' '));
    let begun: Vec<&str> = begun.map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(begun, names);
    for line in listed.lines() {
        assert!(line.len() <= 100, "{line}");
    }
    assert!(
        listed.contains("Nothing listens at the metadata address."),
        "{listed}"
    );
    for arguments in [
        &["lab", "--scenario", "nosuch"][..],
        &["sts", "--lab", "nosuch"],
    ] {
        let output = run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains("`nosuch`") && errors.contains("lab --list"),
            "{errors}"
        );
        assert!(!errors.contains("imds-throttled"), "{errors}");
    }
}

#[test]
fn a_lab_that_others_can_reach_says_so_and_where() {
    let _machine = beside_others();
    for (bind, address, warned) in [
        ("0.0.0.0", "0.0.0.0:", "every address of this machine"),
        ("::", "[::]:", "every address of this machine"),
        ("127.0.0.1", "127.0.0.1:", ""),
    ] {
        let mut child = tool()
            .args(["lab", "--scenario", "fast", "--bind", bind])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let mut said = Vec::new();
        while said
            .last()
            .is_none_or(|line: &String| !line.contains("ready"))
        {
            said.push(lines.next().expect("it says that it is ready"));
        }
        let said = said.join("\n");
        let mut child = Running(child);
        signal(&child.0, Signal::INT);
        lines.for_each(drop);
        child.0.wait().unwrap();
        assert!(said.contains(&format!("ready on {address}")), "{said}");
        assert_eq!(
            said.contains("whoever reaches"),
            !warned.is_empty(),
            "{said}"
        );
        assert!(said.contains(warned), "{said}");
        let exported = std::io::read_to_string(child.0.stdout.take().unwrap()).unwrap();
        let local = ["http://127.0.0.1:", "http://[::1]:"];
        assert!(
            local.iter().any(|local| exported.contains(local)),
            "{exported}"
        );
    }
}

#[test]
fn a_hang_up_ends_the_lab_its_program_and_its_files() {
    let _machine = beside_others();
    let folder = home().join("files");
    std::fs::create_dir_all(&folder).unwrap();
    let pid = home().join("pid");
    let program = ["sh", "-c", "echo $$ > \"$0\"; exec sleep 600"];
    for program in [&[][..], &program] {
        // Whoever runs the tests may have them ignore hang-ups, as `nohup` does.
        let mut command = clean(Command::new("env"));
        command.args([
            "--default-signal=HUP",
            env!("CARGO_BIN_EXE_awscreds-bench"),
            "lab",
        ]);
        command
            .env("TMPDIR", &folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if program.is_empty() {
            let mut child = command.spawn().unwrap();
            wait_for(&mut child, "ready");
            signal(&child, Signal::HUP);
            assert_eq!(ended(child), Some(0));
        } else {
            let child = command.arg("--").args(program).arg(&pid).spawn().unwrap();
            let begun = || {
                std::fs::read_to_string(&pid)
                    .ok()
                    .filter(|text| text.ends_with('\n'))
            };
            while begun().is_none() {
                std::thread::yield_now();
            }
            signal(&child, Signal::HUP);
            assert_eq!(ended(child), Some(128 + 15));
            let number = begun().unwrap();
            let gone = !std::path::Path::new("/proc").join(number.trim()).exists();
            assert!(gone, "{number}");
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}

#[test]
fn a_scenario_points_programs_at_the_source_that_it_is_about() {
    let _machine = beside_others();
    for (arguments, container) in [
        (&["--scenario", "eks-agent"][..], true),
        (&["--scenario", "eks-agent", "--source", "imds"], false),
        (&["--scenario", "fast"], false),
    ] {
        let mut all = vec!["lab", "--quiet"];
        all.extend(arguments);
        all.extend(["--", "env"]);
        let seen = String::from_utf8(run(&all).stdout).unwrap();
        let pointed = seen.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI=");
        assert_eq!(pointed, container, "{arguments:?}");
    }
    for command in [
        &["sts", "-n", "3"][..],
        &["imds", "-n", "3", "--concurrency", "1"],
        &["s3", "-n", "3"],
    ] {
        let mut all = command.to_vec();
        all.extend(["--lab", "ecs-agent"]);
        let document = measured(&all);
        assert_eq!(
            document["environment"]["source"], "container",
            "{command:?}"
        );
    }
    let output = run(&["doctor", "--lab", "eks-agent", "--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["winner"], "container", "{document}");
}
