//! Two kinds of call timed side by side. A benchmark harness times one thing after the other, and a busy
//! machine drifts in between by more than what is looked for here: the two alternate, one call each, in
//! random order.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Of either kind of call.
const WARM_UP: usize = 2_000;
/// The blocks of pairs that the interval is resampled from.
const BLOCKS: usize = 40;
const RESAMPLES: usize = 2_000;

/// Times pairs of calls, `pairs` in each of 40 blocks, and prints what they take: `title: {first} takes …`.
pub async fn compare(
    title: &str,
    names: [&str; 2],
    pairs: usize,
    mut first: impl AsyncFnMut(),
    mut second: impl AsyncFnMut(),
) {
    for _ in 0..WARM_UP {
        first().await;
        second().await;
    }
    let mut random = SmallRng::seed_from_u64(1);
    let mut blocks = Vec::new();
    for _ in 0..BLOCKS {
        let mut block = [Vec::with_capacity(pairs), Vec::with_capacity(pairs)];
        for _ in 0..pairs {
            let order = random.random::<bool>();
            for is_second in [order, !order] {
                let start = Instant::now();
                if is_second {
                    second().await;
                } else {
                    first().await;
                }
                block[usize::from(is_second)].push(start.elapsed());
            }
        }
        blocks.push(block);
    }
    let ratio = |picks: &[usize]| median(&blocks, picks, 1) / median(&blocks, picks, 0);
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let picks = (0..BLOCKS).map(|_| random.random_range(0..BLOCKS));
            ratio(&picks.collect::<Vec<_>>())
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let all: Vec<usize> = (0..BLOCKS).collect();
    println!(
        "{title}: {} takes {:.1} µs at the median, {} {:.1} µs: ratio {:.3} (95 % interval {:.3} … {:.3}, {} \
         pairs of calls)",
        names[0],
        median(&blocks, &all, 0) * 1e6,
        names[1],
        median(&blocks, &all, 1) * 1e6,
        ratio(&all),
        ratios[RESAMPLES / 40],
        ratios[RESAMPLES - 1 - RESAMPLES / 40],
        BLOCKS * pairs,
    );
}

/// The median of one kind of call over the picked blocks, in seconds.
fn median(blocks: &[[Vec<Duration>; 2]], picks: &[usize], kind: usize) -> f64 {
    let picked = picks.iter().flat_map(|&block| &blocks[block][kind]);
    let mut times: Vec<Duration> = picked.copied().collect();
    let middle = times.len() / 2;
    times.select_nth_unstable(middle).1.as_secs_f64()
}
