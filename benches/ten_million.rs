//! What ten million samples cost: memory, time per recorded sample, and the time of the report on them.
//!
//! `cargo bench --bench ten_million` prints a line for each of 10⁴, 10⁶ and 10⁷ samples.

use std::time::{Duration, Instant};

use awscreds_bench::client::ArmFacts;
use awscreds_bench::measure::comparison::{self, Statistic};
use awscreds_bench::measure::{Connections, IdentityPath, Phase, Sample, Tally};
use awscreds_bench::run;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, LogNormal};

fn main() {
    // `cargo test --benches` passes this to see whether a benchmark runs at all.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for samples in [10_000, 1_000_000, 10_000_000] {
        let mut arms = [Tally::default(), Tally::default()];
        let latencies = LogNormal::new(0.02f64.ln(), 0.5).expect("a positive spread");
        let mut random = SmallRng::seed_from_u64(1);
        let mut recording = Duration::ZERO;
        // A batch is drawn first, so that drawing is not part of what is timed.
        let mut round = 0;
        while round < samples {
            let batch: Vec<Sample> = (0..10_000)
                .map(|_| sample(Duration::from_secs_f64(latencies.sample(&mut random))))
                .collect();
            let start = Instant::now();
            for (i, sample) in batch.iter().enumerate() {
                let number = round + i as u64;
                arms[i % 2].record(number / 2, Duration::from_millis(number), sample);
            }
            recording += start.elapsed();
            round += batch.len() as u64;
        }
        let start = Instant::now();
        let documented = run::arm("arm", &arms[0], &ArmFacts::default());
        for statistic in Statistic::USUAL {
            std::hint::black_box(comparison::compare(&arms[0], &arms[1], statistic));
        }
        let report = start.elapsed();
        std::hint::black_box(documented);
        println!(
            "{samples} samples: {} ns to record one, {:.0} ms for the report, {:.1} MiB resident",
            recording.as_nanos() / u128::from(samples),
            report.as_secs_f64() * 1e3,
            resident_mib(),
        );
    }
}

fn sample(total: Duration) -> Sample {
    let phases = [
        (Phase::Signing, total.mul_f64(0.02)),
        (Phase::Transmit, total.mul_f64(0.95)),
    ];
    Sample {
        total,
        connections: Connections {
            fresh: 0,
            reused: 1,
        },
        ..Sample::of_phases(phases).with_identity(IdentityPath::Hit)
    }
}

/// Memory of this process at this moment, as Linux counts it; NaN elsewhere.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}
