//! What a scenario says of how long an answer takes.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::fields::{DURATION, checked, parse_duration};

/// The distribution of a delay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    Constant(Duration),
    /// Between the two, all equally likely.
    Uniform {
        min: Duration,
        max: Duration,
    },
    /// Lognormal with this median and this 99th percentile.
    Lognormal {
        p50: Duration,
        p99: Duration,
        /// How much of one answer's luck the next one inherits, from 0 (none) to below 1: the
        /// logarithms are a first-order autoregression with this coefficient.
        correlation: f64,
    },
}

/// The table of a delay that is not constant.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Quantiles {
    min: Option<Duration>,
    max: Option<Duration>,
    p50: Option<Duration>,
    p99: Option<Duration>,
    #[serde(deserialize_with = "correlation")]
    correlation: Option<f64>,
}

fn correlation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    const RANGE: &str = "a correlation is a number from 0 to below 1, such as 0.8";
    checked(deserializer, |number| (0.0..1.0).contains(number), RANGE).map(Some)
}

impl Quantiles {
    fn delay(self) -> Result<Delay, &'static str> {
        match (self.min, self.max, self.p50, self.p99, self.correlation) {
            (Some(min), Some(max), None, None, None) if min > max => Err("`min` is at most `max`"),
            (Some(min), Some(max), None, None, None) => Ok(Delay::Uniform { min, max }),
            (None, None, Some(p50), Some(p99), _) if p50 > p99 || p50.is_zero() => {
                Err("`p50` is more than zero and at most `p99`")
            }
            (None, None, Some(p50), Some(p99), correlation) => Ok(Delay::Lognormal {
                p50,
                p99,
                correlation: correlation.unwrap_or(0.0),
            }),
            _ => Err("a delay is \"20ms\", { min = \"5ms\", max = \"9ms\" } or \
                      { p50 = \"85ms\", p99 = \"180ms\" }"),
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Delay;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(DURATION)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Delay, E> {
                parse_duration(text).map(Delay::Constant).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Delay, A::Error> {
                let table = Quantiles::deserialize(MapAccessDeserializer::new(table))?;
                table.delay().map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}
