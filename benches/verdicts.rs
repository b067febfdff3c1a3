//! How often comparisons err, by law: of arms that are alike, of arms that differ, and of what their intervals cover.
//!
//! `cargo bench --bench verdicts` draws latencies from laws that are known, records them as a run does, compares them
//! as one run and as two stored ones, and prints the tables of `docs/measurement.md`. It takes about two minutes.

use std::time::Duration;

use awscreds_bench::measure::comparison::{
    Comparison, Latencies, Pairing, Statistic, compare, compare_latencies,
};
use awscreds_bench::measure::{Phase, Sample, Tally, Verdict};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

const ALIKE: u64 = 1_000;
const SHIFTED: u64 = 300;
const APART: u64 = 1_000;
const SHIFTS: [f64; 3] = [0.05, 0.1, 0.2];
const SIZES: [usize; 2] = [100, 400];
const STATISTICS: usize = Statistic::USUAL.len();

#[derive(Clone, Copy)]
enum Law {
    Lognormal,
    Pareto,
    Bimodal,
    Uniform,
    /// With this much jitter, half-normal, in seconds.
    Constant(f64),
    /// A lognormal whose logarithm keeps nine tenths of itself from one call to the next; in one drift that both arms
    /// share, or in one of each arm's own.
    Drift {
        shared: bool,
    },
}

const LAWS: [(&str, Law); 10] = [
    ("lognormal", Law::Lognormal),
    ("Pareto 1.5", Law::Pareto),
    ("bimodal", Law::Bimodal),
    ("uniform", Law::Uniform),
    ("constant", Law::Constant(0.0)),
    ("constant, 5 us", Law::Constant(5e-6)),
    ("constant, 100 us", Law::Constant(1e-4)),
    ("constant, 2 ms", Law::Constant(2e-3)),
    ("AR 0.9, shared", Law::Drift { shared: true }),
    ("AR 0.9, own", Law::Drift { shared: false }),
];

/// What an arm draws from.
struct Source {
    law: Law,
    random: SmallRng,
    walks: [f64; 2],
}

impl Source {
    fn new(law: Law, seed: u64) -> Self {
        let mut source = Self {
            law,
            random: SmallRng::seed_from_u64(seed),
            walks: [0.0; 2],
        };
        source.walks = [source.normal(), source.normal()];
        source
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.random)
    }

    /// A latency in seconds.
    fn draw(&mut self, arm: usize) -> f64 {
        match self.law {
            Law::Lognormal => 0.02 * (0.3 * self.normal()).exp(),
            Law::Pareto => 0.01 * (1.0 - self.random.random::<f64>()).powf(-1.0 / 1.5),
            Law::Bimodal if self.random.random_bool(0.9) => 0.005 * (0.3 * self.normal()).exp(),
            Law::Bimodal => 0.06 * (0.3 * self.normal()).exp(),
            Law::Uniform => self.random.random_range(0.01..0.03),
            Law::Constant(jitter) => 0.02 + jitter * self.normal().abs(),
            Law::Drift { shared } => {
                let shock = 0.19_f64.sqrt() * self.normal();
                let walk = &mut self.walks[if shared { 0 } else { arm }];
                *walk = 0.9 * *walk + shock;
                0.02 * (0.3 * *walk).exp()
            }
        }
    }

    /// Two interleaved arms, the second slower by this share.
    fn arms(&mut self, calls: usize, shift: f64) -> [Vec<f64>; 2] {
        let mut arms = [Vec::new(), Vec::new()];
        for _ in 0..calls {
            for (arm, factor) in [1.0, 1.0 + shift].into_iter().enumerate() {
                arms[arm].push(factor * self.draw(arm));
            }
        }
        arms
    }
}

impl Law {
    /// Its figures at [`Statistic::USUAL`], in nanoseconds, from two million draws; the mean of the Pareto law, which
    /// no number of draws settles, from its formula.
    fn figures(self) -> [f64; STATISTICS] {
        let law = if let Law::Drift { .. } = self {
            Law::Lognormal
        } else {
            self
        };
        let mut source = Source::new(law, 1);
        let mut drawn: Vec<f64> = (0..2_000_000).map(|_| 1e9 * source.draw(0)).collect();
        drawn.sort_by(f64::total_cmp);
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        Statistic::USUAL.map(|statistic| match statistic {
            Statistic::Quantile(quantile) => drawn[(quantile * drawn.len() as f64) as usize],
            Statistic::Mean if matches!(law, Law::Pareto) => 3e7,
            Statistic::Mean => mean,
        })
    }

    fn remembers(self) -> bool {
        matches!(self, Law::Drift { .. })
    }
}

fn tally(latencies: &[f64]) -> Tally {
    let mut tally = Tally::default();
    for (round, &seconds) in latencies.iter().enumerate() {
        let parts = [(Phase::Transmit, Duration::from_secs_f64(seconds))];
        tally.record(round as u64, Duration::ZERO, &Sample::of_phases(parts));
    }
    tally
}

/// In one run, or as two stored ones.
fn compared(tallies: &[Tally; 2], pairing: Pairing) -> [Comparison; STATISTICS] {
    let stored = [0, 1].map(|arm| Latencies::stored(&tallies[arm]));
    Statistic::USUAL.map(|statistic| {
        let live = compare(&tallies[0], &tallies[1], statistic).expect("both arms have calls");
        match pairing {
            Pairing::Interleaved => live,
            Pairing::Separate => {
                let figures = [live.baseline, live.candidate];
                compare_latencies([&stored[0], &stored[1]], pairing, statistic, figures)
                    .expect("both arms have calls")
            }
        }
    })
}

/// Whether a two-sided Mann-Whitney test at the level 0.05 tells the arms apart (normal approximation with ties and
/// continuity, as `scipy.stats.mannwhitneyu`).
fn mann_whitney(arms: &[Vec<f64>; 2]) -> bool {
    let of = |arm: usize| arms[arm].iter().map(move |&value| (value, arm));
    let mut all: Vec<(f64, usize)> = of(0).chain(of(1)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [first, second] = [0, 1].map(|arm| arms[arm].len() as f64);
    let total = first + second;
    let (mut ranks, mut ties, mut below) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0.to_bits() == b.0.to_bits()) {
        let size = tied.len() as f64;
        let own = tied.iter().filter(|(_, arm)| *arm == 0).count() as f64;
        ranks += own * (below + f64::midpoint(size, 1.0));
        ties += size.powi(3) - size;
        below += size;
    }
    let apart = ranks - first * (total + 1.0) / 2.0;
    let variance = first * second / 12.0 * (total + 1.0 - ties / total / (total - 1.0));
    apart.abs() - 0.5 > 1.959_964 * variance.sqrt()
}

/// What came of many comparisons, by statistic.
#[derive(Default)]
struct Counts {
    runs: u64,
    decided: [u64; STATISTICS],
    /// In the wrong direction.
    wrong: [u64; STATISTICS],
    intervals: [u64; STATISTICS],
    covered: [u64; STATISTICS],
    mann_whitney: u64,
}

fn count(
    law: Law,
    figures: &[f64],
    calls: usize,
    shift: f64,
    pairing: Pairing,
    runs: u64,
) -> Counts {
    let mut counts = Counts {
        runs,
        ..Counts::default()
    };
    for seed in 0..runs {
        let arms = Source::new(law, 1 + 7919 * seed + calls as u64).arms(calls, shift);
        counts.mann_whitney += u64::from(mann_whitney(&arms));
        let tallies = [tally(&arms[0]), tally(&arms[1])];
        for (place, found) in compared(&tallies, pairing).iter().enumerate() {
            let wrong = found.verdict == Verdict::Faster;
            counts.decided[place] += u64::from(wrong || found.verdict == Verdict::Slower);
            counts.wrong[place] += u64::from(wrong);
            if let Ok((low, high)) = found.interval {
                let truth = shift * figures[place];
                counts.intervals[place] += 1;
                counts.covered[place] += u64::from(low <= truth && truth <= high);
            }
        }
    }
    counts
}

impl Counts {
    fn percent(&self, count: u64) -> f64 {
        100.0 * count as f64 / self.runs as f64
    }

    fn called_different(&self) -> String {
        let shares = self
            .decided
            .map(|decided| format!("{:.1}", self.percent(decided)));
        shares.join(" | ")
    }

    /// The share of intervals that cover the truth, with the share of runs that have one where not all have;
    /// `refused` where fewer than one in ten has one.
    fn coverage(&self) -> String {
        let cells = [0, 1, 2, 3].map(|place| {
            let given = self.percent(self.intervals[place]);
            let covered = 100.0 * self.covered[place] as f64 / self.intervals[place].max(1) as f64;
            match given {
                ..10.0 => "refused".to_owned(),
                ..98.0 => format!("{covered:.1} of {given:.0} %"),
                _ => format!("{covered:.1}"),
            }
        });
        cells.join(" | ")
    }
}

fn kind(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Interleaved => "one run",
        Pairing::Separate => "two runs",
    }
}

/// How many pairs of samples that lie apart are told apart, at the median and at the mean, in both kinds of
/// comparison; the gap between them is at least 6 % of the baseline, which is more than counts as none.
fn told_apart(law: Law) -> [u64; 4] {
    let mut told = [0; 4];
    for seed in 0..APART {
        let mut source = Source::new(law, seed);
        let calls = source.random.random_range(20..=100);
        let [base, mut new] = source.arms(calls, 0.0);
        let highest = base.iter().copied().fold(0.0, f64::max);
        let lowest = new.iter().copied().fold(f64::INFINITY, f64::min);
        let gap = source.random.random_range(1.06..1.5);
        for value in &mut new {
            *value *= gap * highest / lowest;
        }
        let tallies = [tally(&base), tally(&new)];
        for (kind, pairing) in [Pairing::Interleaved, Pairing::Separate]
            .into_iter()
            .enumerate()
        {
            let found = compared(&tallies, pairing);
            for (place, statistic) in [0, 3].into_iter().enumerate() {
                let slower = found[statistic].verdict == Verdict::Slower;
                told[2 * kind + place] += u64::from(slower);
            }
        }
    }
    told
}

fn main() {
    // `cargo test --benches` passes this to see whether a benchmark runs at all.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let figures = LAWS.map(|(_, law)| law.figures());
    println!("Alike arms called different, in % of {ALIKE}; what 95 % intervals cover, in %\n");
    println!("| law | calls | | p50 | p90 | p99 | mean | covers p50 | p90 | p99 | mean |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for ((name, law), figures) in LAWS.into_iter().zip(&figures) {
        for calls in SIZES {
            for pairing in [Pairing::Interleaved, Pairing::Separate] {
                if matches!(law, Law::Drift { shared: true }) && pairing == Pairing::Separate {
                    continue; // Two runs share no drift.
                }
                let found = count(law, figures, calls, 0.0, pairing, ALIKE);
                let (different, coverage) = (found.called_different(), found.coverage());
                println!(
                    "| {name} | {calls} | {} | {different} | {coverage} |",
                    kind(pairing)
                );
            }
        }
    }
    println!(
        "\nA slower arm called slower, in % of {SHIFTED}, beside Mann-Whitney (MW); coverage there\n"
    );
    println!(
        "| law | calls | slower by | MW | p50 | mean | p50, two runs | mean, two runs | covers p50 | p90 | p99 | mean |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for ((name, law), figures) in LAWS.into_iter().zip(&figures) {
        for (calls, shift) in SIZES
            .into_iter()
            .flat_map(|calls| SHIFTS.map(|shift| (calls, shift)))
        {
            let [live, stored] = [Pairing::Interleaved, Pairing::Separate]
                .map(|pairing| count(law, figures, calls, shift, pairing, SHIFTED));
            // Where calls depend on each other, Mann-Whitney's level is not its own.
            let reference = if law.remembers() {
                String::new()
            } else {
                format!("{:.0}", live.percent(live.mann_whitney))
            };
            let seen = |counts: &Counts, place: usize| {
                counts.percent(counts.decided[place] - counts.wrong[place])
            };
            println!(
                "| {name} | {calls} | {:.0} % | {reference} | {:.0} | {:.0} | {:.0} | {:.0} | {} |",
                100.0 * shift,
                seen(&live, 0),
                seen(&live, 3),
                seen(&stored, 0),
                seen(&stored, 3),
                live.coverage(),
            );
        }
    }
    println!("\nSamples apart told apart, of {APART} pairs of 20 to 100 calls\n");
    println!(
        "| law | p50 | mean | p50, two runs | mean, two runs |\n| --- | --- | --- | --- | --- |"
    );
    for (name, law) in LAWS {
        let told = told_apart(law).map(|told| told.to_string());
        println!("| {name} | {} |", told.join(" | "));
    }
}
