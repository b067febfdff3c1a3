//! Runs the tool within limits, and looks for what it must never do.

use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::honest::SECRETS;

/// KiB that the program may have in memory at any time.
const MOST_MEMORY: u64 = 200 * 1024;
/// KiB of addresses, which it cannot go beyond: what runs away must not take the machine with it.
const MOST_ADDRESSES: u64 = 4 * 1024 * 1024;
/// Over its own limit, a run may take this.
const GRACE: Duration = Duration::from_secs(1);
/// What goes on for so much longer than it may has hung.
const HUNG: Duration = Duration::from_secs(30);
/// In the environment of whatever a run has started.
const MARK: &str = "AWSCREDS_BENCH_HOSTILE_CASE";

/// A run that is to be tried.
pub struct Run<'a> {
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub home: &'a TempDir,
    /// How long its own limits let it last.
    pub limit: Duration,
    /// Whether its standard output is where credentials belong.
    pub prints_credentials: bool,
    /// Words that must be said somewhere.
    pub told: Option<&'static str>,
}

/// How a run came out.
pub struct Seen {
    output: Output,
    took: Duration,
    peak: u64,
    orphans: usize,
    files: String,
    /// The result as `report last` would have it.
    kept: String,
}

impl Run<'_> {
    /// Runs it to its end.
    pub fn seen(&self) -> Seen {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{MARK}={}.{number}", std::process::id());
        let out = self.home.path().join("out");
        let output = |name: &str| std::fs::File::create(out.join(name)).unwrap();
        std::fs::create_dir_all(&out).unwrap();
        let begun = Instant::now();
        let mut child = Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -v {MOST_ADDRESSES}; exec \"$0\" \"$@\""),
            ])
            .arg(program())
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env(MARK, mark.split_once('=').unwrap().1)
            .envs(self.environment.iter().cloned())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap();
        let pid = child.id();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(peak_memory(pid).unwrap_or(0));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > self.limit + HUNG || peak > 4 * MOST_MEMORY {
                let _ = child.kill();
                break child.wait().unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let took = begun.elapsed();
        let read = |name: &str| std::fs::read(out.join(name)).unwrap();
        let output = Output {
            status,
            stdout: read("stdout"),
            stderr: read("stderr"),
        };
        Seen {
            output,
            took,
            peak,
            orphans: orphans(&mark),
            files: written(self.home.path(), "result"),
            kept: written(self.home.path(), ".local/state/awscreds-bench/last.json"),
        }
    }

    /// What was wrong with it; nothing, if it held.
    pub fn faults(&self, seen: &Seen) -> Vec<String> {
        let mut faults = Vec::new();
        let stdout = String::from_utf8_lossy(&seen.output.stdout);
        let stderr = String::from_utf8_lossy(&seen.output.stderr);
        let said = format!("{stdout}{stderr}{}", seen.files);
        if !matches!(seen.output.status.code(), Some(0..=2)) {
            faults.push(format!(
                "it ended with {}: {stderr:.600}",
                told(seen.output.status)
            ));
        }
        for word in ["panicked at", "RUST_BACKTRACE", "the program failed at"] {
            if said.contains(word) {
                faults.push(format!("it says `{word}`: {stderr:.600}"));
            }
        }
        if seen.peak > MOST_MEMORY {
            faults.push(format!("it took {} MiB", seen.peak / 1024));
        }
        if seen.orphans > 0 {
            faults.push(format!("{} processes outlived it", seen.orphans));
        }
        let searched = format!("{said}{}", seen.kept);
        let where_secrets_may_not_be = if self.prints_credentials {
            stderr.as_ref()
        } else {
            &searched
        };
        for secret in SECRETS {
            if forms(secret)
                .iter()
                .any(|form| where_secrets_may_not_be.contains(form))
            {
                faults.push(format!("it tells the secret {secret:.12}…"));
            }
        }
        if let Some(character) = searched.chars().find(|c| is_control(*c)) {
            let place = searched.find(character).unwrap_or(0);
            let around = searched[..place].chars().rev().take(60).collect::<String>();
            let around: String = around.chars().rev().collect();
            faults.push(format!("it says {character:?} after {around:?}"));
        }
        faults
    }

    /// What was wrong with it that a busy machine can be the cause of: its time, and what it had no time to say.
    pub fn late(&self, seen: &Seen) -> Vec<String> {
        let mut late = Vec::new();
        if seen.took > self.limit + GRACE {
            late.push(format!("alone, it took {:?}", seen.took));
        }
        let [stdout, stderr] =
            [&seen.output.stdout, &seen.output.stderr].map(|said| String::from_utf8_lossy(said));
        // Texts are broken into lines where the screen ends.
        let said = format!("{stdout} {stderr} {}", seen.files);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(words) = self.told
            && !said.contains(words)
        {
            late.push(format!("it does not say `{words}`: {said:.900}"));
        }
        late
    }
}

/// The program to be tried: this build's, or another one that is to be held against the table.
fn program() -> std::ffi::OsString {
    let other = std::env::var_os("AWSCREDS_BENCH_PROGRAM");
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_awscreds-bench").into())
}

fn told(status: ExitStatus) -> String {
    status.to_string()
}

/// The most that a process has ever had in memory, in KiB.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Processes with this mark in their environment, which end now if they have not within a second.
fn orphans(mark: &str) -> usize {
    let mut left = Vec::new();
    for _ in 0..10 {
        left = marked(mark);
        if left.is_empty() {
            return 0;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for pid in &left {
        let _ = kill_process(*pid, Signal::KILL);
    }
    left.len()
}

fn marked(mark: &str) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let with_mark = processes.filter_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(process.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables
            .any(|variable| variable == mark.as_bytes())
            .then_some(pid)
    });
    with_mark.filter_map(Pid::from_raw).collect()
}

/// What stands in a file that a run may have written; its cache and what it was given are not among them.
fn written(home: &Path, file: &str) -> String {
    let file = std::fs::read(home.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&file).into_owned()
}

/// A secret as it may travel.
fn forms(secret: &str) -> [String; 3] {
    let quoted: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    [
        secret.to_owned(),
        quoted,
        BASE64_STANDARD_NO_PAD.encode(secret),
    ]
}

/// What moves a terminal's cursor or turns text round.
fn is_control(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
