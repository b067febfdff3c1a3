//! How often the tool errs, on the real lab: it compares the lab with itself, and with a lab a tenth slower.
//!
//! `cargo bench --bench verdicts` runs the program some five hundred times and prints the rates. The unit
//! tests of `measure::comparison` count the same on synthetic latencies.

use std::io::Write;
use std::process::Command;

use serde_json::Value;

/// Runs at once: the lab's delays are sleeps, so this costs little time of the CPU.
const AT_ONCE: usize = 4;

struct Case {
    name: &'static str,
    calls: u32,
    runs: u64,
    /// The delay's options beside its quantiles.
    more: &'static str,
    /// The Region's delay over the global endpoint's.
    slower: f64,
}

const CASES: [Case; 3] = [
    Case {
        name: "the same",
        calls: 100,
        runs: 200,
        more: "",
        slower: 1.0,
    },
    Case {
        name: "the same, correlated delays",
        calls: 100,
        runs: 200,
        more: ", correlation = 0.8",
        slower: 1.0,
    },
    Case {
        name: "a tenth slower",
        calls: 400,
        runs: 100,
        more: "",
        slower: 1.1,
    },
];

fn main() {
    // `cargo test --benches` passes this to see whether a benchmark runs at all.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for case in &CASES {
        let seeds: Vec<u64> = (0..case.runs).collect();
        let verdicts: Vec<Vec<(String, String)>> = std::thread::scope(|scope| {
            let threads: Vec<_> = seeds
                .chunks(seeds.len().div_ceil(AT_ONCE))
                .map(|seeds| {
                    scope.spawn(move || {
                        seeds
                            .iter()
                            .map(|&seed| verdicts(case, seed))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("a run"))
                .collect()
        });
        for statistic in ["p50", "p90", "p99", "mean"] {
            let of = |verdict: &str| {
                let all = verdicts.iter().flatten();
                all.filter(|(at, found)| at == statistic && found == verdict)
                    .count()
            };
            println!(
                "{}, {} calls per arm, {statistic}: faster {}, slower {}, no difference {}, inconclusive {} of {}",
                case.name,
                case.calls,
                of("faster"),
                of("slower"),
                of("no difference"),
                of("inconclusive"),
                case.runs,
            );
        }
    }
}

/// What one run says at each statistic.
fn verdicts(case: &Case, seed: u64) -> Vec<(String, String)> {
    let mut scenario = tempfile::NamedTempFile::new().expect("a temporary file");
    let delay = |scale: f64| {
        format!(
            "delay = {{ p50 = '{}us', p99 = '{}us'{} }}",
            4_000.0 * scale,
            8_000.0 * scale,
            case.more
        )
    };
    let toml = format!(
        "seed = {seed}\n[sts.global]\n{}\n[sts.regional]\n{}\n",
        delay(1.0),
        delay(case.slower)
    );
    scenario.write_all(toml.as_bytes()).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_awscreds-bench"))
        .args([
            "sts",
            "--regional",
            "--source",
            "static",
            "--format",
            "json",
            "-n",
        ])
        .args([
            case.calls.to_string(),
            "--seed".to_owned(),
            seed.to_string(),
            "--lab".to_owned(),
        ])
        .arg(scenario.path())
        .output()
        .expect("the program runs");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let comparisons = document["comparisons"].as_array().expect("comparisons");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    comparisons
        .iter()
        .map(|c| (text(&c["statistic"]), text(&c["verdict"])))
        .collect()
}
