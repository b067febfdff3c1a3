//! When calls are to begin: a pure value.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Distribution, Exp1};
use serde::{Deserialize, Serialize};

/// Whether the next call waits for the last one (closed loop) or for its time (open loop).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pacing {
    /// Each worker starts its next call when its last one has ended: a slow answer holds back the calls
    /// that would have met the slowness too, so the latency seen is what these workers saw, not what
    /// callers who do not wait for each other would see.
    Closed { workers: usize },
    /// Calls begin when they are planned to, whatever became of those before; latency counts from the
    /// planned start.
    Open { rate: Rate, most_in_flight: usize },
}

impl Pacing {
    /// Calls under way at once, at most.
    pub fn workers(&self) -> usize {
        match self {
            Self::Closed { workers } => *workers,
            Self::Open { most_in_flight, .. } => *most_in_flight,
        }
    }
}

/// Planned starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls per second, for each arm.
    pub per_s: f64,
    pub arrivals: Arrivals,
}

/// How planned starts are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// At random and independently, as calls from many callers arrive.
    Poisson,
}

impl Rate {
    /// The planned starts of `arms` arms together, from the start of the run: ascending and without end.
    pub fn starts(self, arms: usize, seed: u64) -> impl Iterator<Item = Duration> {
        let gap = 1.0 / (self.per_s * arms as f64);
        let mut random = SmallRng::seed_from_u64(seed);
        let mut arrived = 0.0;
        (0u64..).map(move |ticket| match self.arrivals {
            // Multiplied out, so that no rounding adds up.
            Arrivals::Constant => Duration::from_secs_f64(ticket as f64 * gap),
            Arrivals::Poisson => {
                let next: f64 = Exp1.sample(&mut random);
                arrived += next * gap;
                Duration::from_secs_f64(arrived)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    fn rate(arrivals: Arrivals) -> Rate {
        Rate {
            per_s: 100.0,
            arrivals,
        }
    }

    #[test]
    fn arrivals_are_called_as_in_the_document() {
        for (arrivals, name) in [
            (Arrivals::Constant, "constant"),
            (Arrivals::Poisson, "poisson"),
        ] {
            assert_eq!(serde_json::to_value(arrivals).unwrap(), name);
            assert_eq!(arrivals.to_possible_value().unwrap().get_name(), name);
        }
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_over_all_arms() {
        let starts: Vec<_> = rate(Arrivals::Constant).starts(2, 1).take(5).collect();
        assert_eq!(starts, [0, 5, 10, 15, 20].map(Duration::from_millis));
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_spread_as_they_should() {
        let starts: Vec<_> = rate(Arrivals::Poisson).starts(1, 7).take(20_000).collect();
        let gaps: Vec<f64> = starts
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]).as_secs_f64())
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean / 0.01 - 1.0).abs() < 0.03, "{mean}");
        assert!(
            (variance.sqrt() / mean - 1.0).abs() < 0.05,
            "exponential gaps spread as wide as their mean"
        );
    }

    #[test]
    fn the_same_seed_plans_the_same_starts() {
        let plan = |seed| {
            rate(Arrivals::Poisson)
                .starts(1, seed)
                .take(50)
                .collect::<Vec<_>>()
        };
        assert_eq!(plan(3), plan(3));
        assert_ne!(plan(3), plan(4));
    }
}
