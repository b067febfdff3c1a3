//! A node: the lab's metadata service, and processes of one user that share a home.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use awscreds_bench::lab::scenario::Scenario;
use awscreds_bench::lab::{ExportedSource, Lab, Options};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{clean, tool};

/// A lab and a home. The lab runs in the test itself, which can therefore ask it for its counts at any time.
pub struct Node {
    pub lab: Lab,
    home: TempDir,
}

impl Node {
    pub fn new(scenario: &str) -> Self {
        Self::at(scenario, Options::default())
    }

    pub fn at(scenario: &str, options: Options) -> Self {
        let scenario = Scenario::parse(scenario, "test").unwrap();
        let lab = tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(Lab::start(scenario, options))
            .unwrap();
        Self {
            lab,
            home: TempDir::new().unwrap(),
        }
    }

    /// The same home with another lab, at the same place.
    pub fn restarted(self, scenario: &str, options: Options) -> Self {
        let Self { lab, home } = self;
        drop(lab);
        let Self { lab, .. } = Self::at(scenario, options);
        Self { lab, home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where the cache is when nobody says otherwise.
    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/awscreds-bench/credentials")
    }

    /// `command` on this node, in an environment that has nothing but `source`.
    pub fn on(&self, command: Command, source: ExportedSource) -> Command {
        let mut command = clean(command);
        command.env("HOME", self.home());
        command.envs(self.lab.environment(source));
        command
    }

    /// `credential-process`, which will find the metadata service.
    pub fn process(&self) -> Command {
        let mut command = self.on(tool(), ExportedSource::Imds);
        command.arg("credential-process");
        command
    }

    /// Runs it to its end.
    pub fn run(&self) -> Output {
        self.process().output().unwrap()
    }

    /// Requests to the metadata service so far: three make a fetch.
    pub fn requests(&self) -> u64 {
        let requests = self.lab.requests();
        let metadata = requests
            .iter()
            .filter(|(name, _)| name.starts_with("imds:"));
        metadata.map(|(_, n)| n.count).sum()
    }

    /// The one file with credentials in the cache.
    pub fn file(&self) -> PathBuf {
        let files = std::fs::read_dir(self.cache()).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        files
            .find(|path| path.extension().is_some_and(|name| name == "json"))
            .expect("a cached file")
    }

    /// What the file holds.
    pub fn entry(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).expect("never torn")
    }

    /// Puts `text` in the place of the file.
    pub fn write(&self, text: &str) {
        let path = self.file();
        std::fs::remove_file(&path).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    }

    /// Moves the times of what is held, as if the clock had gone on (or back) by `seconds`.
    pub fn age(&self, seconds: i64) {
        let mut entry = self.entry();
        for name in ["FetchedAt", "RenewAt", "Expiration"] {
            let time = entry["credentials"][name].as_str().unwrap();
            let time = OffsetDateTime::parse(time, &Rfc3339).unwrap();
            let moved = time - time::Duration::seconds(seconds);
            entry["credentials"][name] = moved.format(&Rfc3339).unwrap().into();
        }
        self.write(&entry.to_string());
    }
}

/// Longer than the lab's credentials last.
pub const EXPIRED: i64 = 2 * 3600;

/// What a successful run printed.
pub fn printed(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["Version"], 1);
    hides(&errors, &printed);
    printed
}

/// Asserts that a text tells no secret of these credentials.
pub fn hides(text: &str, credentials: &Value) {
    for name in ["SecretAccessKey", "SessionToken"] {
        if let Some(secret) = credentials[name].as_str() {
            assert!(!text.contains(secret), "{name} in: {text}");
        }
    }
}

/// Whether printed credentials are good for a while.
pub fn is_good(printed: &Value) -> bool {
    let expiry = printed["Expiration"].as_str().unwrap();
    let expiry = SystemTime::from(OffsetDateTime::parse(expiry, &Rfc3339).unwrap());
    expiry > SystemTime::now() + Duration::from_mins(1)
}

/// Runs `count` processes at once, each to its end.
pub fn at_once(count: usize, command: impl Fn() -> Command) -> Vec<Output> {
    let spawn = |_| {
        let mut command = command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<_> = (0..count).map(spawn).collect();
    let ended = children
        .into_iter()
        .map(|child| child.wait_with_output().unwrap());
    ended.collect()
}

/// A directory that only this user can enter.
pub fn private_directory(path: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path).unwrap();
}
