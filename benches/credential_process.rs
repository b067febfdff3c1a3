//! What a run of `credential-process` costs: from the file, from a source of a tenth of a second, and beside a
//! process that does nothing.
//!
//! `cargo bench --bench credential_process`. The kinds of run alternate, so that drift hits all alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use awscreds_bench::lab::scenario::Scenario;
use awscreds_bench::lab::{ExportedSource, Lab, Options};

const ROUNDS: usize = 200;

/// Three requests make a fetch.
const SOURCE: &str = "[imds]\ndelay = '34ms'\n";

fn main() {
    // `cargo test --benches` passes this to see whether a benchmark runs at all.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let scenario = Scenario::parse(SOURCE, "bench").expect("a scenario");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let lab = runtime
        .block_on(Lab::start(scenario, Options::default()))
        .expect("a lab");
    let home = tempfile::tempdir().expect("a home");
    let tool = |arguments: &[&str], home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_awscreds-bench"));
        command.args(arguments).env_clear().env("HOME", home);
        command.envs(lab.environment(ExportedSource::Imds));
        command
    };
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    timed(&mut tool(&["credential-process"], home.path()));
    for round in 0..ROUNDS {
        let empty = tempfile::tempdir().expect("a home");
        let mut kinds = [
            ("1 a process that does nothing", Command::new("/bin/true")),
            (
                "2 awscreds-bench --version",
                tool(&["--version"], home.path()),
            ),
            ("3 cached", tool(&["credential-process"], home.path())),
            ("4 uncached", tool(&["credential-process"], empty.path())),
        ];
        // What follows a process that has waited finds the machine asleep: each kind does in turn.
        kinds.rotate_left(round % 4);
        if round % 8 > 3 {
            kinds.reverse();
        }
        for (name, command) in &mut kinds {
            times.entry(name).or_default().push(timed(command));
        }
    }
    let medians = times.into_iter().map(|(name, mut times)| {
        times.sort();
        let at = |part: f64| times[(part * times.len() as f64) as usize].as_secs_f64() * 1e3;
        println!(
            "{:32} p50 {:7.2} ms   p90 {:7.2} ms   p99 {:7.2} ms",
            &name[2..],
            at(0.5),
            at(0.9),
            at(0.99)
        );
        at(0.5)
    });
    let medians: Vec<f64> = medians.collect();
    println!("cached against uncached: {:.4}", medians[2] / medians[3]);
}

fn timed(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    let elapsed = start.elapsed();
    assert!(status.success(), "{command:?}");
    elapsed
}
