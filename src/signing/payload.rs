//! Payloads: how large, and of what.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

/// A number of bytes, as `0B`, `512B`, `64KiB`, `1MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    const UNITS: [(&'static str, u64); 4] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("B", 1),
    ];
    /// Larger payloads would measure the machine's memory.
    const LARGEST: Self = Self(1 << 30);
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, unit): &(&str, u64)| self.0 >= *unit && self.0.is_multiple_of(*unit);
        let (name, unit) = Self::UNITS.into_iter().find(fits).unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut units = Self::UNITS.into_iter();
        let known = units.find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
        let (number, unit) = known.unwrap_or((text, 1));
        let number = number.trim().parse::<u64>().ok();
        let size = number.and_then(|number| number.checked_mul(unit)).map(Self);
        size.filter(|size| *size <= Self::LARGEST).ok_or_else(|| {
            let largest = Self::LARGEST;
            format!("expected a size up to {largest}, such as 0B, 64KiB or 10MiB")
        })
    }
}

/// The payloads of the cases that have one.
#[derive(Clone, Debug)]
pub struct Payloads {
    pub(super) signed: Vec<Bytes>,
    pub(super) checked: Vec<Bytes>,
}

impl Payloads {
    /// Sizes of signed payloads unless others are asked for.
    pub const SIGNED: [Size; 6] = [
        Size(0),
        Size(1 << 10),
        Size(64 << 10),
        Size(1 << 20),
        Size(10 << 20),
        Size(100 << 20),
    ];
    /// Sizes of payloads that checksums are taken of, unless others are asked for.
    pub const CHECKED: [Size; 1] = [Size(1 << 20)];

    /// Payloads of these sizes. They share one buffer of noise: pages of zeros would all be the same
    /// page of memory, and stay in the cache.
    pub fn new(signed: &[Size], checked: &[Size]) -> Self {
        let largest = signed.iter().chain(checked).max().map_or(0, |size| size.0);
        let mut noise = vec![0; largest as usize];
        SmallRng::seed_from_u64(1).fill_bytes(&mut noise);
        let noise = Bytes::from(noise);
        let slices = |sizes: &[Size]| {
            let slice = |size: &Size| noise.slice(..size.0 as usize);
            sizes.iter().map(slice).collect()
        };
        Self {
            signed: slices(signed),
            checked: slices(checked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for text in ["0B", "1B", "1KiB", "1536B", "64KiB", "10MiB", "1GiB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
        assert_eq!("2048".parse(), Ok(Size(2048)));
        for text in ["", "-1", "1kb", "2GiB", "99999999999999999999GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
