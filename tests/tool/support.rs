//! Runs the binary in a clean environment, and reads what it printed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;

/// The binary, with none of this machine's AWS, proxy or certificate settings.
pub fn tool() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_awscreds-bench")))
}

/// `command` with nothing of this process's environment but what finds programs and a home.
pub fn clean(mut command: Command) -> Command {
    command.env_clear().env("HOME", scratch());
    for name in ["PATH", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A folder that outlives no build, for homes and installed peers.
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

/// A scenario file that lives as long as the value.
pub fn scenario(toml: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile_in(scratch())
        .unwrap();
    std::io::Write::write_all(&mut file, toml.as_bytes()).unwrap();
    file
}

static MACHINE: RwLock<()> = RwLock::new(());

/// Keeps every other test off the machine: for tests whose figures a busy machine would spoil.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Runs beside other tests, but not beside one that must be [`alone`].
pub fn beside_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

static INSTALL: Mutex<()> = Mutex::new(());

/// Held while a peer is installed: several tests may want the same one.
pub fn installing() -> MutexGuard<'static, ()> {
    INSTALL.lock().unwrap_or_else(PoisonError::into_inner)
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
