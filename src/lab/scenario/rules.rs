//! What a scenario says of a service, or of one of its steps: delay, throttle, fault, stall.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::fields::{DURATION, bad_field, bounded, burst, checked, number, parse_duration, parsed};

/// The rules of one service or one of its steps, as a scenario states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    pub delay: Option<Delay>,
    pub throttle: Option<Throttle>,
    #[serde(deserialize_with = "fault")]
    pub fault: Option<Fault>,
    #[serde(deserialize_with = "stall")]
    pub stall: Option<Stall>,
}

impl Rules {
    /// The names of the fields: a table may have them beside fields of its own.
    pub(super) const FIELDS: [&str; 4] = ["delay", "throttle", "fault", "stall"];

    /// These rules where they say something, `general` where they do not.
    #[must_use]
    pub fn over(self, general: Self) -> Self {
        Self {
            delay: self.delay.or(general.delay),
            throttle: self.throttle.or(general.throttle),
            fault: self.fault.or(general.fault),
            stall: self.stall.or(general.stall),
        }
    }
}

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

/// What a throttle does to a request over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An error of the service with this HTTP status: 429 or 503.
    Status(u16),
    /// No answer at all, as when a packet is dropped.
    Drop,
}

/// A token bucket: `burst` requests at once, then `rate` per second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(from = "ThrottleFields")]
pub struct Throttle {
    /// Requests per second.
    pub rate: f64,
    /// Requests that the full bucket holds. The default is `rate`, but at least 1.
    pub burst: f64,
    /// `answer` in a file; the default is status 429.
    pub refusal: Refusal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "{ rate = 600, burst = 600, answer = \"429\" }")]
struct ThrottleFields {
    #[serde(deserialize_with = "request_rate")]
    rate: f64,
    #[serde(default, deserialize_with = "request_burst")]
    burst: Option<f64>,
    #[serde(default, deserialize_with = "refusal")]
    answer: Option<Refusal>,
}

impl From<ThrottleFields> for Throttle {
    fn from(fields: ThrottleFields) -> Self {
        Self {
            rate: fields.rate,
            burst: fields.burst.unwrap_or(fields.rate.max(1.0)),
            refusal: fields.answer.unwrap_or(Refusal::Status(429)),
        }
    }
}

fn request_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    const RATE: &str = "a rate is a number of requests per second, such as 600";
    number(deserializer, RATE, 0.0, "a rate is not negative")
}

fn request_burst<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    burst(deserializer, "a burst is a number of requests, such as 600")
}

fn refusal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Refusal>, D::Error> {
    let refusal = |word: &str| match word {
        "429" => Some(Refusal::Status(429)),
        "503" => Some(Refusal::Status(503)),
        "drop" => Some(Refusal::Drop),
        _ => None,
    };
    parsed(deserializer, refusal, "it is \"429\", \"503\" or \"drop\"").map(Some)
}

/// How an answer is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// An error of the service with this HTTP status.
    Status(u16),
    /// The connection is reset (RST) instead of an answer.
    Reset,
    /// No answer; the connection stays open.
    Hang,
    /// The full `Content-Length`, half of the body, then the end of the connection.
    Truncate,
    /// Status 200 with a body that is nonsense.
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "{ probability = 0.01, kind = \"reset\" }")]
pub struct Fault {
    /// 0 to 1.
    #[serde(deserialize_with = "probability")]
    pub probability: f64,
    #[serde(deserialize_with = "kind")]
    pub kind: FaultKind,
    /// The time in which it occurs, counted from the lab's start.
    #[serde(default)]
    pub from: Duration,
    #[serde(default = "never")]
    pub until: Duration,
}

impl Fault {
    /// One that occurs at any time.
    #[must_use]
    pub fn always(probability: f64, kind: FaultKind) -> Self {
        Self {
            probability,
            kind,
            from: Duration::ZERO,
            until: never(),
        }
    }
}

fn never() -> Duration {
    Duration::MAX
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FaultKind, D::Error> {
    const KINDS: &str = "it is \"status:500\" (or another status), \"reset\", \"hang\", \
                         \"truncate\" or \"garbage\"";
    let kind = |word: &str| match word {
        "reset" => Some(FaultKind::Reset),
        "hang" => Some(FaultKind::Hang),
        "truncate" => Some(FaultKind::Truncate),
        "garbage" => Some(FaultKind::Garbage),
        _ => {
            let status = word.strip_prefix("status:")?.parse().ok();
            let status = status.filter(|status| (400..=599).contains(status));
            status.map(FaultKind::Status)
        }
    };
    parsed(deserializer, kind, KINDS)
}

fn probability<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    const RANGE: &str = "a probability is a number from 0 to 1, such as 0.01";
    checked(deserializer, |number| (0.0..=1.0).contains(number), RANGE)
}

fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fault>, D::Error> {
    const ORDER: &str = "it ends after it begins: `until` is later than `from`";
    let fault = Fault::deserialize(deserializer)?;
    if fault.until <= fault.from {
        return Err(bad_field("until", ORDER));
    }
    Ok(Some(fault))
}

/// The last `lasting` of every period of `every`, counted from the lab's start, is stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "{ every = \"10s\", for = \"1s\" }")]
pub struct Stall {
    pub every: Duration,
    #[serde(rename = "for")]
    pub lasting: Duration,
}

fn stall<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Stall>, D::Error> {
    let shorter = |stall: &Stall| stall.lasting < stall.every;
    bounded(deserializer, shorter, "`for` is shorter than `every`").map(Some)
}
