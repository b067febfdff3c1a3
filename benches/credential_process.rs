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
    let tool = env!("CARGO_BIN_EXE_awscreds-bench");
    let process = |arguments: &[&str], home: &Path| {
        let mut command = Command::new(tool);
        command.args(arguments).env_clear().env("HOME", home);
        command.envs(lab.environment(ExportedSource::Imds));
        timed(&mut command)
    };
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    process(&["credential-process"], home.path());
    for _ in 0..ROUNDS {
        let empty = tempfile::tempdir().expect("a home");
        let mut note = |name, time| times.entry(name).or_default().push(time);
        note(
            "1 a process that does nothing",
            timed(&mut Command::new("/bin/true")),
        );
        note(
            "2 awscreds-bench --version",
            process(&["--version"], home.path()),
        );
        note("3 cached", process(&["credential-process"], home.path()));
        note("4 uncached", process(&["credential-process"], empty.path()));
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
