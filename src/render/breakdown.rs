//! Where the time of an arm's calls went: the share of each phase in their total.
//!
//! A share is the sum of a phase over the sum of the totals, so the shares of an arm add up to 1. There
//! are no shares where no call succeeded.

use crate::document::{Arm, Phases, Quantiles};
use crate::figures;

/// Below this share of every arm's time, and [`FOLD_TIME_US`], a phase needs no row of its own.
pub(super) const FOLD_SHARE: f64 = 0.000_5;
pub(super) const FOLD_TIME_US: f64 = 100.0;

/// What the tool is for. A phase of which nothing at all was recorded is left out even so.
const ALWAYS_SHOWN: [&str; 3] = ["identity", "signing", "transmit"];
/// What the clock saw and no phase claims: never left out.
const UNEXPLAINED: &str = "unexplained";

/// One phase of one arm.
pub(super) struct Slice<'a> {
    pub(super) name: &'static str,
    pub(super) share: f64,
    pub(super) quantiles: &'a Quantiles,
}

impl Slice<'_> {
    fn is_negligible(&self) -> bool {
        self.share < FOLD_SHARE && self.quantiles.p99_us.unwrap_or(0.0) < FOLD_TIME_US
    }
}

/// The phases with their shares, in the order of a call; `None` where nothing was cut into phases.
pub(super) fn slices(phases: &Phases) -> Option<Vec<Slice<'_>>> {
    let slices = phases.slices();
    if slices.iter().all(|(_, quantiles)| quantiles.count == 0) {
        return None;
    }
    let slices = slices.into_iter().map(|(name, quantiles)| {
        share(quantiles, phases).map(|share| Slice {
            name,
            share,
            quantiles,
        })
    });
    slices.collect()
}

/// The arms whose time was cut into phases.
pub(super) fn cut(arms: &[Arm]) -> Vec<&Arm> {
    let cut = arms.iter().filter(|arm| slices(&arm.phases).is_some());
    cut.collect()
}

/// The part of the total that went into `quantiles`; `None` where no total was measured.
pub(super) fn share(quantiles: &Quantiles, phases: &Phases) -> Option<f64> {
    let total = phases.total.sum_us.filter(|total| *total > 0.0)?;
    Some(quantiles.sum_us.unwrap_or(0.0) / total)
}

/// The phases that took part of the time, the largest first.
pub(super) fn largest_first(phases: &Phases) -> Vec<Slice<'_>> {
    let mut slices = slices(phases).unwrap_or_default();
    slices.sort_by(|a, b| b.share.total_cmp(&a.share));
    slices
}

/// The two phases that took most, where they are at least `least` of the time: `transmit 85.2 %, connect 9.1 %`.
pub(super) fn in_words(
    phases: &Phases,
    least: f64,
    word: fn(&'static str) -> &'static str,
) -> String {
    let largest = largest_first(phases);
    let words = largest.iter().take(2).filter(|slice| slice.share >= least);
    let words: Vec<_> = words
        .map(|slice| format!("{} {}", word(slice.name), figures::percent(slice.share)))
        .collect();
    words.join(", ")
}

/// Names of the phases that need no row: no arm spends noticeable time in them, and they are not what
/// people come to see.
pub(super) fn negligible(arms: &[&Arm]) -> Vec<&'static str> {
    let of_all = arms.iter().filter_map(|arm| slices(&arm.phases)).flatten();
    let of_all: Vec<_> = of_all.collect();
    let needs_row = |slice: &Slice| {
        slice.quantiles.count > 0 && (!slice.is_negligible() || ALWAYS_SHOWN.contains(&slice.name))
    };
    let most = arms.iter().max_by_key(|arm| arm.phases.slices().len());
    let names = most.iter().flat_map(|arm| arm.phases.slices());
    let names = names.map(|(name, _)| name).filter(|name| {
        let mut same = of_all.iter().filter(|slice| slice.name == *name);
        *name != UNEXPLAINED && !same.any(needs_row)
    });
    names.collect()
}

/// The one phase that these calls have at all, if hardly anything is unexplained.
pub(super) fn only_phase(arms: &[&Arm]) -> Option<&'static str> {
    let mut of_all = arms.iter().filter_map(|arm| slices(&arm.phases)).flatten();
    let mut only = None;
    let alone = of_all.all(|slice| match slice.name {
        UNEXPLAINED => slice.is_negligible(),
        _ if slice.quantiles.sum_us.unwrap_or(0.0) == 0.0 => true,
        name => *only.get_or_insert(name) == name,
    });
    only.filter(|_| alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sum_us: f64) -> Quantiles {
        Quantiles {
            count: 1,
            sum_us: Some(sum_us),
            p99_us: Some(sum_us),
            ..Quantiles::default()
        }
    }

    /// Whose calls took 100 ms in all.
    fn arm(phases: Phases) -> Arm {
        let total = of(100_000.0);
        Arm {
            phases: Phases { total, ..phases },
            ..Arm::default()
        }
    }

    fn of_transmit(us: f64) -> Phases {
        Phases {
            transmit: of(us),
            ..Phases::default()
        }
    }

    fn of_identity(us: f64) -> Phases {
        Phases {
            identity: of(us),
            ..Phases::default()
        }
    }

    #[test]
    fn shares_are_parts_of_the_measured_total() {
        let phases = Phases {
            total: of(200.0),
            unexplained: of(50.0),
            ..of_transmit(150.0)
        };
        let largest = largest_first(&phases);
        assert_eq!((largest[0].name, largest[0].share), ("transmit", 0.75));
        let slices = slices(&phases).expect("cut");
        let sum: f64 = slices.iter().map(|slice| slice.share).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    #[test]
    fn there_are_no_shares_of_nothing() {
        assert!(slices(&Phases::default()).is_none());
        assert!(share(&of(1.0), &Phases::default()).is_none());
    }

    #[test]
    fn a_phase_that_one_arm_spends_time_in_is_not_negligible() {
        let [quick, slow] = [10.0, 50_000.0].map(|us| {
            let phases = Phases {
                endpoint: of(us),
                ..of_transmit(100_000.0 - us)
            };
            arm(phases)
        });
        assert!(negligible(&[&quick]).contains(&"endpoint"));
        assert!(!negligible(&[&quick, &slow]).contains(&"endpoint"));
        assert!(!negligible(&[&quick]).contains(&UNEXPLAINED));
    }

    #[test]
    fn what_people_come_to_see_is_shown_however_small() {
        let phases = Phases {
            identity: of(1.0),
            ..of_transmit(99_999.0)
        };
        let arm = arm(phases);
        assert!(!negligible(&[&arm]).contains(&"identity"));
        assert!(
            negligible(&[&arm]).contains(&"signing"),
            "nothing was recorded of it"
        );
    }

    #[test]
    fn a_phase_is_the_only_one_unless_another_or_the_unexplained_matter() {
        let only = arm(of_identity(100_000.0));
        let unexplained = Phases {
            unexplained: of(10_000.0),
            ..of_identity(90_000.0)
        };
        let unexplained = arm(unexplained);
        let other = arm(of_transmit(100_000.0));
        assert_eq!(only_phase(&[&only]), Some("identity"));
        assert_eq!(only_phase(&[&only, &unexplained]), None);
        assert_eq!(only_phase(&[&only, &other]), None);
    }
}
