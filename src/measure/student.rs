//! Student's t: how many standard errors from zero are more than chance.

/// What a t of this many degrees of freedom exceeds, on either side together, as often as a normal variable exceeds
/// `z` standard deviations (Abramowitz & Stegun 1964, 26.7.5); within 1 % from four degrees on.
pub(super) fn critical(z: f64, freedom: f64) -> f64 {
    let of = |factors: [f64; 5]| {
        factors
            .iter()
            .rev()
            .fold(0.0, |sum, factor| (sum * z * z) + factor)
            * z
    };
    let terms = [
        of([1.0, 1.0, 0.0, 0.0, 0.0]) / 4.0,
        of([3.0, 16.0, 5.0, 0.0, 0.0]) / 96.0,
        of([-15.0, 17.0, 19.0, 3.0, 0.0]) / 384.0,
        of([-945.0, -1920.0, 1482.0, 776.0, 79.0]) / 92_160.0,
    ];
    z + terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| (sum + term) / freedom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_table() {
        let table = [
            (4.0, 2.776),
            (6.0, 2.447),
            (11.0, 2.201),
            (30.0, 2.042),
            (1e9, 1.960),
        ];
        for (freedom, expected) in table {
            let found = critical(1.959_964, freedom);
            assert!((found / expected - 1.0).abs() < 0.01, "{freedom}: {found}");
        }
    }
}
