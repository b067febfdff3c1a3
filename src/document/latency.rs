//! Latency distributions: of a call's total and of each of its phases.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::codec::decode_histogram;

/// The time of an arm's calls, cut into disjoint slices, and their total, measured on its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phases {
    /// In an open loop, from the planned start.
    pub total: Quantiles,
    /// The total without `queue`: from the real start of the call. Only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Quantiles>,
    /// From the planned start of a call to its real one. Only in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Quantiles>,
    pub serialize: Quantiles,
    pub identity: Quantiles,
    pub endpoint: Quantiles,
    pub signing: Quantiles,
    pub connect: Quantiles,
    pub transmit: Quantiles,
    pub deserialize: Quantiles,
    pub backoff: Quantiles,
    pub unexplained: Quantiles,
    /// Name lookups inside `connect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Quantiles>,
}

impl Phases {
    /// The disjoint phases with their names, in the order in which a call passes through them.
    #[must_use]
    pub fn slices(&self) -> Vec<(&'static str, &Quantiles)> {
        let queue = self.queue.iter().map(|queue| ("queue", queue));
        queue
            .chain([
                ("serialize", &self.serialize),
                ("identity", &self.identity),
                ("endpoint", &self.endpoint),
                ("signing", &self.signing),
                ("connect", &self.connect),
                ("transmit", &self.transmit),
                ("deserialize", &self.deserialize),
                ("backoff", &self.backoff),
                ("unexplained", &self.unexplained),
            ])
            .collect()
    }

    /// The distribution called `name`: `total`, a phase, or `dns`.
    pub(crate) fn named(&self, name: &str) -> Option<&Quantiles> {
        self.all()
            .find_map(|(known, quantiles)| (known == name).then_some(quantiles))
    }

    /// The total, the phases, and what else was measured: `service` of an open loop, `dns` of new connections.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Quantiles)> {
        std::iter::once(("total", &self.total))
            .chain(self.service.as_ref().map(|service| ("service", service)))
            .chain(self.slices())
            .chain(self.dns.as_ref().map(|dns| ("dns", dns)))
    }
}

/// A latency distribution. All figures are `None` when nothing was recorded.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quantiles {
    pub count: u64,
    pub sum_us: Option<f64>,
    pub mean_us: Option<f64>,
    pub min_us: Option<f64>,
    pub p50_us: Option<f64>,
    pub p90_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub p999_us: Option<f64>,
    pub max_us: Option<f64>,
    /// `HdrHistogram` V2, DEFLATE, base64, of values in nanoseconds, three significant digits.
    pub histogram: Option<String>,
}

impl Quantiles {
    /// The values in nanoseconds, where there are any that can be read.
    pub(crate) fn decoded(&self) -> Option<Histogram<u64>> {
        let histogram = decode_histogram(self.histogram.as_deref()?).ok()?;
        (!histogram.is_empty()).then_some(histogram)
    }
}
