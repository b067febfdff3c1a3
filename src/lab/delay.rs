//! How long an answer takes: draws from a scenario's [`Delay`].

use std::time::Duration;

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::scenario::Delay;

/// The 0.99 quantile of the standard normal distribution: (ln p99 - ln p50) / sigma.
const Z99: f64 = 2.326_347_874_040_841;

/// A first-order autoregression: the last draw of a correlated delay, in standard deviations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Autoregression(f64);

impl Autoregression {
    /// The next draw. Whatever the correlation, draws are standard normal in the long run.
    fn next(&mut self, correlation: f64, rng: &mut impl Rng) -> f64 {
        let shock: f64 = StandardNormal.sample(rng);
        self.0 = correlation * self.0 + (1.0 - correlation * correlation).sqrt() * shock;
        self.0
    }
}

impl Delay {
    /// One delay from the distribution. `last` is what the draw before it left behind.
    pub(super) fn sample(&self, rng: &mut impl Rng, last: &mut Autoregression) -> Duration {
        match *self {
            Self::Constant(delay) => delay,
            Self::Uniform { min, max } => {
                min + max.saturating_sub(min).mul_f64(rng.random::<f64>())
            }
            Self::Lognormal {
                p50,
                p99,
                correlation,
            } => {
                let median = p50.as_secs_f64();
                let sigma = (p99.as_secs_f64() / median).ln() / Z99;
                let drawn = median * (sigma * last.next(correlation, rng)).exp();
                Duration::try_from_secs_f64(drawn).unwrap_or(p99)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn drawn(correlation: f64) -> Vec<Duration> {
        let law = Delay::Lognormal {
            p50: 85 * MS,
            p99: 180 * MS,
            correlation,
        };
        let (mut rng, mut last) = (StdRng::seed_from_u64(7), Autoregression::default());
        let draws = (0..40_000).map(|_| law.sample(&mut rng, &mut last));
        draws.collect()
    }

    #[test]
    fn a_lognormal_delay_has_the_stated_quantiles_correlated_or_not() {
        for correlation in [0.0, 0.8] {
            let mut drawn = drawn(correlation);
            drawn.sort_unstable();
            let close = |index: usize, wanted: Duration| {
                let ratio = drawn[index].as_secs_f64() / wanted.as_secs_f64();
                assert!((0.95..1.05).contains(&ratio), "{ratio} at {correlation}");
            };
            close(20_000, 85 * MS);
            close(39_600, 180 * MS);
        }
    }

    #[test]
    fn neighbours_are_as_correlated_as_stated() {
        for correlation in [0.0, 0.8] {
            let logs: Vec<f64> = drawn(correlation)
                .iter()
                .map(|delay| delay.as_secs_f64().ln())
                .collect();
            let mean = logs.iter().sum::<f64>() / logs.len() as f64;
            let product = |a: &f64, b: &f64| (a - mean) * (b - mean);
            let variance: f64 = logs.iter().map(|x| product(x, x)).sum();
            let covariance: f64 = logs.windows(2).map(|w| product(&w[0], &w[1])).sum();
            let seen = covariance / variance;
            assert!((seen - correlation).abs() < 0.03, "{seen}");
        }
    }
}
