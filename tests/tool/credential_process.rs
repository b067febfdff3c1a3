//! `credential-process`: for SDKs of any language, from any source, and fast.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use awscreds_bench::lab::ExportedSource;

use crate::installed::{node as javascript, python};
use crate::node::{EXPIRED, Node, hides, is_good, printed, private_directory};
use crate::support::{alone, beside_others, tool};

const FETCH: u64 = 3;

/// A profile `shared` whose credentials come from `credential-process` with these further arguments.
fn configured(node: &Node, arguments: &str) -> PathBuf {
    let program = PathBuf::from(tool().get_program());
    let path = node.home().join("config");
    let text = format!(
        "[profile shared]\nregion = eu-west-1\ncredential_process = \"{}\" credential-process {arguments}\n",
        program.display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// `command` as its user would run it with that profile.
fn with_profile(node: &Node, command: Command) -> Command {
    let mut command = node.on(command, ExportedSource::Imds);
    command.env("AWS_CONFIG_FILE", node.home().join("config"));
    command.env("AWS_PROFILE", "shared");
    command
}

/// Runs a peer to its end, and returns what it printed.
fn ran(mut command: Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_prints_what_sdks_read_and_asks_the_source_once() {
    let _machine = beside_others();
    let node = Node::new("");
    let first = printed(&node.run());
    for name in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
        assert!(
            first[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
    assert!(is_good(&first));
    let again = node.run();
    assert_eq!(printed(&again), first);
    assert!(again.stderr.is_empty());
    assert_eq!(node.requests(), FETCH);
}

#[test]
fn twenty_runs_of_the_aws_cli_make_three_metadata_requests() {
    let python = python();
    let _machine = beside_others();
    let node = Node::new("");
    configured(&node, "");
    let call = || {
        let mut command = Command::new(python.join("aws"));
        command.args(["sts", "get-caller-identity", "--output", "json"]);
        command
    };
    ran(node.on(call(), ExportedSource::Imds));
    assert_eq!(
        node.requests(),
        FETCH,
        "each run makes them without a cache"
    );
    for _ in 0..20 {
        let identity = ran(with_profile(&node, call()));
        assert!(identity.contains("awscreds-bench-instance"), "{identity}");
    }
    assert_eq!(node.requests(), 2 * FETCH, "{:?}", node.lab.requests());
    assert_eq!(node.lab.requests()["sts:GetCallerIdentity"].ok, 21);
}

#[test]
fn boto3_and_javascript_share_the_same_credentials() {
    let (python, javascript) = (python(), javascript());
    let script = javascript.join("credential_process.mjs");
    std::fs::write(&script, include_str!("peers/credential_process.mjs")).unwrap();
    let _machine = beside_others();
    let node = Node::new("");
    configured(&node, "");
    let mut boto3 = Command::new(python.join("python"));
    boto3.args(["-c", include_str!("peers/credential_process.py")]);
    assert_eq!(ran(with_profile(&node, boto3)).lines().count(), 3);
    let mut node_js = Command::new("node");
    node_js.arg(script);
    assert_eq!(ran(with_profile(&node, node_js)).lines().count(), 2);
    assert_eq!(node.requests(), FETCH, "{:?}", node.lab.requests());
    assert_eq!(node.lab.requests()["sts:GetCallerIdentity"].ok, 5);
}

#[test]
fn sdks_show_its_errors_and_get_no_secrets_with_them() {
    let python = python();
    let _machine = beside_others();
    let node = Node::new("[imds]\nfault = { probability = 1.0, kind = 'status:500' }\n");
    configured(&node, "");
    let mut boto3 = Command::new(python.join("python"));
    boto3.args(["-c", include_str!("peers/credential_process.py")]);
    let output = with_profile(&node, boto3).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("error: no credentials from imds"),
        "{errors}"
    );
}

#[test]
fn a_cached_run_costs_less_than_a_tenth_of_an_uncached_one_with_a_source_of_a_tenth_of_a_second() {
    let _machine = alone();
    let node = Node::new("[imds]\ndelay = '34ms'\n");
    let timed = || {
        let began = Instant::now();
        printed(&node.run());
        began.elapsed()
    };
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    timed();
    let uncached = (0..11).map(|_| {
        node.age(EXPIRED);
        timed()
    });
    let uncached = median(uncached.collect());
    let cached = median((0..31).map(|_| timed()).collect());
    assert!(uncached >= Duration::from_millis(100), "{uncached:?}");
    assert!(cached * 10 < uncached, "{cached:?} against {uncached:?}");
    assert_eq!(node.requests(), 12 * FETCH);
}

#[test]
fn without_a_source_it_takes_what_the_place_offers() {
    let _machine = beside_others();
    let node = Node::new("");
    for (source, operation) in [
        (ExportedSource::Container, "container:credentials"),
        (ExportedSource::WebIdentity, "sts:AssumeRoleWithWebIdentity"),
        (ExportedSource::Imds, "imds:credentials"),
    ] {
        let run = || {
            let mut command = node.on(tool(), source);
            printed(&command.arg("credential-process").output().unwrap())
        };
        let first = run();
        assert!(is_good(&first));
        assert_eq!(run(), first, "{source:?}");
        assert_eq!(node.lab.requests()[operation].count, 1, "{source:?}");
    }
}

#[test]
fn every_source_that_is_named_is_asked() {
    let _machine = beside_others();
    let node = Node::new("");
    for (name, source) in [
        ("env", ExportedSource::Static),
        ("profile", ExportedSource::Profile),
        ("chain", ExportedSource::AssumeRole),
        ("assume-role", ExportedSource::AssumeRole),
        ("static", ExportedSource::Static),
    ] {
        let mut command = node.on(tool(), source);
        let output = command
            .args(["credential-process", "--source", name])
            .output();
        let printed = printed(&output.unwrap());
        let lasting = printed["Expiration"].is_null();
        let keys = matches!(source, ExportedSource::Static | ExportedSource::Profile);
        assert_eq!(lasting, keys, "{name}: {printed}");
    }
    assert_eq!(
        node.lab.requests()["sts:AssumeRole"].count,
        2,
        "an identity of its own for each"
    );
}

#[test]
fn keys_that_do_not_expire_are_handed_through_and_not_kept() {
    let _machine = beside_others();
    let node = Node::new("");
    let mut command = node.on(tool(), ExportedSource::Static);
    command.args(["credential-process", "--source", "env"]);
    let output = command.output().unwrap();
    let keys = printed(&output);
    assert!(keys["SessionToken"].is_null() && keys["Expiration"].is_null());
    let kept = std::fs::read_dir(node.cache())
        .unwrap()
        .map(|file| file.unwrap().path());
    for path in kept {
        hides(&std::fs::read_to_string(path).unwrap(), &keys);
    }
}

#[test]
fn a_profile_that_names_it_is_not_asked_unless_told_to() {
    let _machine = beside_others();
    let node = Node::new("");
    configured(&node, "");
    let mut command = with_profile(&node, tool());
    printed(&command.arg("credential-process").output().unwrap());
    assert_eq!(node.requests(), FETCH);
}

#[test]
fn a_profile_that_would_make_it_call_itself_is_told_so_at_once() {
    let _machine = beside_others();
    let node = Node::new("");
    for (arguments, direct) in [
        ("--source profile", &["--source", "profile"][..]),
        ("--source chain", &["--source", "chain"]),
        (
            "--source profile --profile shared",
            &["--source", "profile", "--profile", "shared"],
        ),
    ] {
        configured(&node, arguments);
        let mut command = with_profile(&node, tool());
        let output = command
            .arg("credential-process")
            .args(direct)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(output.stdout.is_empty());
        assert!(errors.contains("names this very command"), "{errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    }
    assert_eq!(node.requests(), 0);
}

#[test]
fn a_failure_is_one_message_on_stderr_and_nothing_on_stdout() {
    let _machine = beside_others();
    let node = Node::new("");
    let mut command = tool();
    command.args(["credential-process", "--source", "container"]);
    let output = command.env("HOME", node.home()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(output.stdout.is_empty());
    assert!(
        errors.starts_with("error: no credentials from container"),
        "{errors}"
    );
    assert!(errors.contains("hint: "), "{errors}");
}

#[test]
fn the_directory_is_what_the_option_or_the_variable_says() {
    let _machine = beside_others();
    let node = Node::new("");
    let (option, variable) = (node.home().join("option"), node.home().join("variable"));
    private_directory(&option);
    let mut command = node.process();
    command.env("AWSCREDS_BENCH_CACHE_DIR", &variable);
    printed(&command.output().unwrap());
    printed(&command.arg("--cache-dir").arg(&option).output().unwrap());
    for directory in [option, variable] {
        assert_eq!(
            std::fs::read_dir(&directory).unwrap().count(),
            3,
            "{directory:?}"
        );
    }
    assert_eq!(node.requests(), 2 * FETCH);
    assert!(!node.cache().exists());
}

/// A measuring command whose profile's credentials come from a process.
fn measuring(node: &Node, process: &str) -> Command {
    let path = node.home().join("config");
    let text = format!("[profile shared]\nregion = eu-west-1\ncredential_process = {process}\n");
    std::fs::write(&path, text).unwrap();
    let mut command = with_profile(node, tool());
    command.args([
        "sts",
        "--source",
        "profile",
        "-n",
        "1",
        "--warmup",
        "0",
        "--timeout",
        "1s",
    ]);
    command
}

#[test]
fn a_hung_process_ends_with_all_that_it_started() {
    let _machine = beside_others();
    let node = Node::new("");
    let pid = node.home().join("pid");
    let process = format!("sh -c 'sleep 600 & echo $! > {}; wait'", pid.display());
    let output = measuring(&node, &process).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let pid = std::fs::read_to_string(&pid).unwrap();
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        stat.is_ok_and(|text| !text.contains(") Z "))
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while runs() {
        assert!(Instant::now() < deadline, "{} still runs", pid.trim());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_a_process_prints_without_end_is_not_kept_and_what_it_says_is_not_quoted() {
    let _machine = beside_others();
    let node = Node::new("");
    let endless = measuring(&node, "yes 0123456789abcdef").output().unwrap();
    let errors = String::from_utf8_lossy(&endless.stderr).into_owned()
        + &String::from_utf8_lossy(&endless.stdout);
    assert_eq!(endless.status.code(), Some(2), "{errors}");
    assert!(errors.contains("longer than 1 MiB"), "{errors}");
    let failing = measuring(&node, "sh -c 'echo my hunter22 secret >&2; exit 3'")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&failing.stderr).into_owned()
        + &String::from_utf8_lossy(&failing.stdout);
    assert_eq!(failing.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("exit status: 3") && !errors.contains("hunter22"),
        "{errors}"
    );
}
