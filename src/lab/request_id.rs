//! Request ids in the form that AWS gives them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The ids of a lab: the same in every run with one seed.
pub(super) struct RequestIds {
    seed: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> String {
        let serial = self.next.fetch_add(1, Ordering::Relaxed);
        let high = splitmix(self.seed.wrapping_add(serial));
        let low = splitmix(high ^ serial);
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFF,
            0x8000 | low >> 48 & 0x3FFF,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn splitmix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}
