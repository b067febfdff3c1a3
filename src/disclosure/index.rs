//! Where in which secret a few bytes stand. The secrets stand one after the other in one text, so that each byte of
//! them costs about three.

use std::ops::Range;

/// Bytes by which a piece is found. One in [`GRAM`] places of a secret is kept, so that each piece of
/// `2 * GRAM - 1` bytes holds one.
pub(super) const GRAM: usize = 4;
/// Of the same gram; the rest of a secret is found by its others.
const MOST_PLACES: usize = 1024;

const FEWEST_CHAINS: usize = 1 << 10;

#[derive(Default)]
pub(super) struct Index {
    /// Secrets, each from a multiple of [`GRAM`] on.
    text: Vec<u8>,
    secrets: Vec<Range<usize>>,
    /// Grams, counted from one, that begin a chain each; zero is none.
    chains: Vec<u32>,
    /// What comes after each gram in its chain.
    next: Vec<u32>,
}

impl Index {
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Bytes of all secrets.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// In the order in which they came.
    pub fn secrets(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.secrets.iter().map(|place| &self.text[place.clone()])
    }

    pub fn add(&mut self, secret: &[u8]) {
        let start = self.text.len();
        self.text.extend(secret);
        let place = start..self.text.len();
        self.text.resize(self.text.len().next_multiple_of(GRAM), 0);
        self.next.resize(self.text.len() / GRAM, 0);
        self.secrets.push(place.clone());
        if self.next.len() > self.chains.len() {
            let more = self.next.len().next_power_of_two().max(FEWEST_CHAINS);
            self.chains = vec![0; more];
            for place in self.secrets.clone() {
                self.chain(place);
            }
        } else {
            self.chain(place);
        }
    }

    fn chain(&mut self, place: Range<usize>) {
        for at in place.clone().step_by(GRAM) {
            let Some(gram) = gram(&self.text[..place.end], at) else {
                break;
            };
            let chain = self.chain_of(gram);
            let number = u32::try_from(at / GRAM + 1).unwrap_or_default();
            self.next[at / GRAM] = std::mem::replace(&mut self.chains[chain], number);
        }
    }

    fn chain_of(&self, gram: [u8; GRAM]) -> usize {
        // Fibonacci hashing: the upper bits depend on all others.
        let mixed = u32::from_le_bytes(gram).wrapping_mul(0x9e37_79b9);
        (mixed >> (u32::BITS - self.chains.len().ilog2())) as usize
    }

    /// The secrets that a gram stands in, and where in them.
    pub fn places(&self, gram: [u8; GRAM]) -> impl Iterator<Item = (&[u8], usize)> {
        let first = if self.chains.is_empty() {
            0
        } else {
            self.chains[self.chain_of(gram)]
        };
        let before = |number: u32| (number as usize).checked_sub(1);
        let grams = std::iter::successors(before(first), move |&at| before(self.next[at]));
        let places = grams.take(MOST_PLACES).map(|at| at * GRAM);
        let equal = places.filter(move |&at| self.text[at..].starts_with(&gram));
        equal.map(|at| {
            let secret = self.secrets.partition_point(|place| place.end <= at);
            let place = self.secrets[secret].clone();
            (&self.text[place.clone()], at - place.start)
        })
    }

    /// Bytes of memory that it holds.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.text.capacity()
            + self.secrets.capacity() * size_of::<Range<usize>>()
            + (self.chains.capacity() + self.next.capacity()) * size_of::<u32>()
    }
}

pub(super) fn gram(bytes: &[u8], at: usize) -> Option<[u8; GRAM]> {
    bytes.get(at..at + GRAM)?.try_into().ok()
}
