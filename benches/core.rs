//! What the measuring core costs by itself: recording a sample, comparing two arms, writing a histogram.

use std::hint::black_box;
use std::time::Duration;

use awscreds_bench::document::codec::encode_histogram;
use awscreds_bench::measure::{
    Distribution, IdentityPath, Phase, Sample, Statistic, Tally, comparison,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_distr::LogNormal;

/// A call of about `total`, most of it on the wire.
fn sample(total: Duration) -> Sample {
    let parts = Phase::ALL.map(|phase| (phase, total / 100));
    let mut sample = Sample::of_phases(parts).with_identity(IdentityPath::Hit);
    sample.phases[Phase::Transmit] = total * 4 / 5;
    sample.total = total;
    sample.connections.reused = 1;
    sample
}

/// Samples with a lognormal total around 20 ms.
fn samples(count: usize, seed: u64) -> Vec<Sample> {
    let law = LogNormal::new(0.02_f64.ln(), 0.3).expect("a distribution");
    SmallRng::seed_from_u64(seed)
        .sample_iter(law)
        .take(count)
        .map(|seconds| sample(Duration::from_secs_f64(seconds)))
        .collect()
}

fn tally(samples: &[Sample]) -> Tally {
    let mut tally = Tally::default();
    for (round, sample) in samples.iter().enumerate() {
        tally.record(round as u64, sample.total * round as u32, sample);
    }
    tally
}

fn record(criterion: &mut Criterion) {
    let samples = samples(4096, 1);
    let mut tally = tally(&samples);
    let mut round = samples.len();
    criterion.bench_function("record a sample", |bencher| {
        bencher.iter(|| {
            tally.record(
                round as u64,
                Duration::ZERO,
                &samples[round % samples.len()],
            );
            round += 1;
        });
    });
}

fn compare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compare two arms");
    group.sample_size(10);
    for calls in [200, 20_000] {
        let (a, b) = (tally(&samples(calls, 1)), tally(&samples(calls, 2)));
        group.bench_function(format!("{calls} calls each"), |bencher| {
            bencher.iter(|| comparison::compare(black_box(&a), &b, Statistic::Quantile(0.99)));
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let mut distribution = Distribution::default();
    for sample in samples(20_000, 1) {
        distribution.record(sample.total);
    }
    criterion.bench_function("write a histogram", |bencher| {
        bencher.iter_batched(
            || distribution.histogram(),
            encode_histogram,
            BatchSize::SmallInput,
        );
    });
}

criterion_group! {
    name = core;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets = record, compare, encode
}
criterion_main!(core);
