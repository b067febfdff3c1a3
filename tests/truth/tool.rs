//! Runs the real binary against a server, and reads its document.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

/// A run of the binary that is yet to come, in an environment of its own.
pub struct Run(Command);

impl Run {
    /// `command` is split at blanks.
    pub fn of(command: &str) -> Self {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_awscreds-bench"));
        tool.env_clear()
            .env("HOME", home())
            .env("AWS_REGION", "eu-west-1")
            .args(command.split_whitespace())
            .args(["--format", "json"]);
        Self(tool)
    }

    /// Calls of a service that are sent to `url`, signed with keys from the environment.
    pub fn calling(url: &str, command: &str) -> Self {
        Self::of(&format!("{command} --source env --endpoint-url {url}"))
            .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with("AWS_SECRET_ACCESS_KEY", "secret")
    }

    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.0.env(variable, value);
        self
    }

    /// The same with no more address space than this.
    pub fn within_kilobytes(self, most: usize) -> Self {
        let tool = self.0;
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("ulimit -v {most} && exec \"$0\" \"$@\"")])
            .arg(tool.get_program())
            .args(tool.get_args())
            .env_clear()
            .envs(
                tool.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        Self(shell)
    }

    /// What the run measured.
    pub fn measured(mut self) -> Value {
        let output = self.0.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{error}; stderr: {said}")
        })
    }

    /// The only arm of such a run.
    pub fn arm(self) -> Value {
        self.measured()["arms"][0].take()
    }
}

/// Everybody's: what a run keeps there is nobody's input.
fn home() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("truth");
    std::fs::create_dir_all(&home).unwrap();
    home
}

/// The mean time of a phase, of calls that succeeded or, where none did, of those that failed.
pub fn mean(arm: &Value, phase: &str) -> Duration {
    let calls = if arm["outcomes"]["ok"] == 0 {
        &arm["failed_phases"]
    } else {
        &arm["phases"]
    };
    let us = calls[phase]["mean_us"].as_f64();
    Duration::from_secs_f64(us.unwrap_or_else(|| panic!("{phase} of {arm:#}")) / 1e6)
}
