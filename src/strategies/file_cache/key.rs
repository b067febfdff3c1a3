//! Whose credentials a file holds.

use sha2::{Digest, Sha256};

/// Hexadecimal digits of a key.
pub(super) const KEY_LENGTH: usize = 64;

/// The name under which credentials are kept: a hash over everything that decides whose they are. Two
/// callers share credentials only if all of it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key of what `parts` say, each a name and a value. Secrets may be among them: the hash (SHA-256) cannot
    /// be turned back. The order counts.
    #[must_use]
    pub fn of<N: AsRef<str>, V: AsRef<[u8]>>(parts: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut hash = Sha256::new();
        for (name, value) in parts {
            // With their lengths, or `ab` + `c` would be `a` + `bc`.
            for bytes in [name.as_ref().as_bytes(), value.as_ref()] {
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        }
        Self(hex::encode(hash.finalize()))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_every_value_counts() {
        let keys = [
            CacheKey::of([("role", "a"), ("source", "imds")]),
            CacheKey::of([("role", "b"), ("source", "imds")]),
            CacheKey::of([("rol", "ea"), ("source", "imds")]),
            CacheKey::of([("role", "a")]),
            CacheKey::of([("source", "imds"), ("role", "a")]),
        ];
        for (n, key) in keys.iter().enumerate() {
            assert_eq!(key.as_str().len(), 64);
            assert!(!keys[..n].contains(key), "{n}");
        }
        assert_eq!(CacheKey::of([("role", "b"), ("source", "imds")]), keys[1]);
    }
}
