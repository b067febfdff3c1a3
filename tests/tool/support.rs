//! Runs the binary in a clean environment, and reads what it printed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

pub use crate::machine::{alone, beside_others, beside_others_for_long};

thread_local! {
    static HOME: TempDir = tempfile::tempdir_in(scratch()).expect("the target folder is writable");
}

/// A folder of the calling test's own; every test has its thread. It goes with the test.
pub fn home() -> PathBuf {
    HOME.with(|home| home.path().to_owned())
}

/// The binary, with none of this machine's AWS, proxy or certificate settings.
pub fn tool() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_awscreds-bench")))
}

/// `command` with nothing of this process's environment but what finds programs, and the test's own home.
pub fn clean(mut command: Command) -> Command {
    command.env_clear().env("HOME", home());
    for name in ["PATH", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A folder that outlives no build, for homes and for what tests install and share.
pub fn scratch() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    tool().args(arguments).output().expect("the binary runs")
}

/// Runs a measuring command that must succeed, and returns its document.
pub fn measured(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let output = run(&all);
    document(&output)
}

/// The document that a successful run printed.
pub fn document(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "stderr: {errors}");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}; stderr: {errors}"))
}

/// The arm of this name.
pub fn arm<'a>(document: &'a Value, name: &str) -> &'a Value {
    let arms = document["arms"].as_array().expect("arms");
    arms.iter()
        .find(|arm| arm["name"] == name)
        .unwrap_or_else(|| panic!("no arm {name}"))
}

/// A figure of a phase, in milliseconds.
pub fn ms(arm: &Value, phase: &str, figure: &str) -> f64 {
    let value = &arm["phases"][phase][figure];
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{phase}.{figure} is {value}"))
        / 1e3
}

/// Counts of the lab by operation.
pub fn lab_counts(document: &Value) -> BTreeMap<String, u64> {
    let requests = document["lab"]["requests"]
        .as_object()
        .expect("the lab's counts");
    requests
        .iter()
        .map(|(name, n)| (name.clone(), n["count"].as_u64().unwrap()))
        .collect()
}

/// A file with these contents that lives as long as the value.
pub fn file(suffix: &str, contents: impl AsRef<[u8]>) -> NamedTempFile {
    let mut builder = tempfile::Builder::new();
    let mut file = builder.suffix(suffix).tempfile_in(home()).unwrap();
    file.write_all(contents.as_ref()).unwrap();
    file
}

/// A scenario file that lives as long as the value.
pub fn scenario(toml: &str) -> NamedTempFile {
    file(".toml", toml)
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a run said on stderr.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program printed that had to succeed.
pub fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = errors(&output);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The ids of a document's findings.
pub fn findings(document: &Value) -> Vec<&str> {
    let findings = document["findings"].as_array().expect("findings");
    let ids = findings.iter().map(|finding| finding["id"].as_str());
    ids.map(|id| id.expect("an id")).collect()
}

/// Asserts that nothing is told of credentials that a lab issued: the ID of a key, which is twenty capitals
/// and digits, or the beginning of a session token. A few letters alone may be a part of a histogram.
pub fn hides_issued(text: &str) {
    for (place, _) in text.match_indices("ASIA") {
        let id: String = text[place..].chars().take(20).collect();
        let is_key = id
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        assert!(!is_key, "{id} in {text}");
    }
    assert!(!text.contains("IQoJb3JpZ2lu"), "{text}");
}

/// Sends a signal to a program that was started.
pub fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Reads what a program says on stderr until a line has `words`, which it returns. What comes after is read
/// and forgotten, so that the program never writes into a closed or a full pipe.
pub fn wait_for(child: &mut Child, words: &str) -> String {
    let mut lines = BufReader::new(child.stderr.take().expect("a piped stderr")).lines();
    let mut said = lines.by_ref().map(Result::unwrap);
    let line = said.find(|line| line.contains(words));
    std::thread::spawn(move || lines.for_each(drop));
    line.unwrap_or_else(|| panic!("it never said `{words}`"))
}

/// The exit code of a program that was to end; none if it did not.
pub fn ended(child: Child) -> Option<i32> {
    ended_by(child, |_| ())
}

/// The exit code of a program to which something is done ten times a second until it ends; none if it did not.
/// A minute is enough on any machine: what a test guards against with this would last for ever.
pub fn ended_by(mut child: Child, again: impl Fn(Pid)) -> Option<i32> {
    let pid = Pid::from_child(&child);
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait().unwrap()));
    for _ in 0..600 {
        again(pid);
        if let Ok(status) = receiver.recv_timeout(Duration::from_millis(100)) {
            return status.code();
        }
    }
    let _ = kill_process(pid, Signal::KILL);
    None
}

/// Ends the program when the value goes.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The whole answer to a GET over a connection of its own.
pub fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority).unwrap();
    let head = format!("Host: {authority}\r\nConnection: close");
    write!(stream, "GET /{path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Every part of an arm's total, in microseconds: the sums of its phases and the unexplained remainder.
pub fn phase_sum_us(arm: &Value) -> f64 {
    let phases = arm["phases"].as_object().unwrap();
    let parts = phases
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "total" | "dns" | "service"));
    parts
        .map(|(_, phase)| phase["sum_us"].as_f64().unwrap())
        .sum()
}

/// Asserts that the phases of every arm add up to its total.
pub fn assert_phases_add_up(document: &Value) {
    for arm in document["arms"].as_array().unwrap() {
        let total = arm["phases"]["total"]["sum_us"].as_f64().unwrap();
        let sum = phase_sum_us(arm);
        assert!(
            (sum - total).abs() <= total * 1e-6,
            "{}: {sum} of {total}",
            arm["name"]
        );
    }
}
