//! Which instance to call: small values without state, over a [`Fleet`]. A pick allocates nothing and
//! does no I/O.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use rand::Rng;

use super::fleet::Fleet;

/// A way to choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    /// Any instance, all equally likely.
    Random,
    /// With this probability, in percent, one in the caller's own zone, else one in another, all equally
    /// likely within. Where most servers are in the own zone, one half *lowers* locality.
    SameAz(f64),
    /// The own zone, as long as it has instances that are not saturated. What they cannot take without
    /// slowing down goes to the least loaded instances of all zones.
    PreferAz,
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent: Option<f64> = match text {
            "random" => return Ok(Self::Random),
            "prefer-az" => return Ok(Self::PreferAz),
            _ => text
                .strip_prefix("same-az=")
                .and_then(|percent| percent.parse().ok()),
        };
        let possible = percent.filter(|percent| (0.0..=100.0).contains(percent));
        possible.map(Self::SameAz).ok_or_else(|| {
            format!(
                "`{text}` is not a policy: there are random, prefer-az and same-az=PERCENT, such as \
                 same-az=50"
            )
        })
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::SameAz(percent) => write!(f, "same-az={percent}"),
            Self::PreferAz => f.write_str("prefer-az"),
        }
    }
}

impl Policy {
    /// The place in [`Fleet::members`] of the instance to call at `now`, counted from the resolver's
    /// start; `None` only if there is none at all. Instances that have just failed are passed over while
    /// there are others.
    pub fn pick(self, fleet: &Fleet, now: Duration, random: &mut impl Rng) -> Option<usize> {
        let any = |range: Range<usize>, random: &mut _| uniform(fleet, range, now, random);
        let picked = match self {
            Self::Random => any(fleet.all(), random),
            Self::SameAz(percent) => {
                let (first, second) = if random.random::<f64>() * 100.0 < percent {
                    (fleet.own(), fleet.others())
                } else {
                    (fleet.others(), fleet.own())
                };
                any(first, random).or_else(|| any(second, random))
            }
            Self::PreferAz => {
                unsaturated(fleet, now, random).or_else(|| least(fleet, fleet.all(), now, random))
            }
        };
        // All have failed: one of them may have recovered.
        picked.or_else(|| (!fleet.all().is_empty()).then(|| random.random_range(fleet.all())))
    }
}

/// Any of those in `range` that have not failed.
fn uniform(
    fleet: &Fleet,
    range: Range<usize>,
    now: Duration,
    random: &mut impl Rng,
) -> Option<usize> {
    let members = fleet.members();
    let good = |at: &usize| !members[*at].stats.is_banned(now);
    match range.clone().filter(good).count() {
        0 => None,
        count => range.filter(good).nth(random.random_range(0..count)),
    }
}

/// The least loaded of the own zone, if it takes one more call: always while there is room for a whole
/// one, and with the probability of what is left of one beyond that.
fn unsaturated(fleet: &Fleet, now: Duration, random: &mut impl Rng) -> Option<usize> {
    let at = least(fleet, fleet.own(), now, random)?;
    let stats = &fleet.members()[at].stats;
    let room = stats.limit() - f64::from(stats.in_flight());
    (random.random::<f64>() < room).then_some(at)
}

/// The least loaded of those in `range` that have not failed; any one of several.
fn least(
    fleet: &Fleet,
    range: Range<usize>,
    now: Duration,
    random: &mut impl Rng,
) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    let mut ties = 0_u32;
    for at in range {
        let stats = &fleet.members()[at].stats;
        if stats.is_banned(now) {
            continue;
        }
        let load = stats.load();
        ties = match best.map_or(Ordering::Less, |(least, _)| load.total_cmp(&least)) {
            Ordering::Less => 0,
            Ordering::Equal => ties + 1,
            Ordering::Greater => continue,
        };
        if ties == 0 || random.random_range(0..=ties) == 0 {
            best = Some((load, at));
        }
    }
    best.map(|(_, at)| at)
}

#[cfg(test)]
mod tests;
