//! Request ids in the form that AWS gives them.

/// The id of the request with this number: the same in every run with one seed.
pub(super) fn request_id(seed: u64, serial: u64) -> String {
    let high = splitmix(seed.wrapping_add(serial));
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

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn splitmix(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}
