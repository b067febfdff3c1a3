//! Which arm is called when: every round calls each arm once, in an order of its own.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

/// The order of calls over a run of `arms` arms: a pure function of the seed, so that workers can each
/// work out a ticket's arm without sharing anything but the ticket counter.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    pub arms: usize,
    pub seed: u64,
}

impl Schedule {
    /// The round a ticket belongs to, and the arm that it calls.
    #[must_use]
    pub fn at(self, ticket: u64) -> (u64, usize) {
        let round = ticket / self.arms as u64;
        let place = (ticket % self.arms as u64) as usize;
        if self.arms == 1 {
            return (round, 0);
        }
        let mut order: Vec<usize> = (0..self.arms).collect();
        let seed = self.seed ^ round.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        order.shuffle(&mut SmallRng::seed_from_u64(seed));
        (round, order[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_calls_every_arm_once_and_orders_differ() {
        let schedule = Schedule { arms: 3, seed: 7 };
        let mut orders = std::collections::BTreeSet::new();
        for round in 0..60 {
            let order: Vec<usize> = (0..3).map(|i| schedule.at(round * 3 + i).1).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2], "round {round}");
            orders.insert(order);
        }
        assert_eq!(orders.len(), 6, "all orders occur in 60 rounds");
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        let first = Schedule { arms: 4, seed: 1 };
        assert!((0..100).all(|t| first.at(t) == Schedule { arms: 4, seed: 1 }.at(t)));
    }
}
