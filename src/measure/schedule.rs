//! Which arm is called when: every round calls each arm once, in an order of its own.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

/// The round a ticket belongs to, and which of `arms` arms it calls: a pure function of the seed, so that workers can
/// each work it out without sharing anything but the ticket counter.
pub(super) fn scheduled(arms: usize, seed: u64, ticket: u64) -> (u64, usize) {
    let round = ticket / arms as u64;
    let place = (ticket % arms as u64) as usize;
    if arms == 1 {
        return (round, 0);
    }
    let mut order: Vec<usize> = (0..arms).collect();
    let seed = seed ^ round.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    order.shuffle(&mut SmallRng::seed_from_u64(seed));
    (round, order[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_calls_every_arm_once_and_orders_differ() {
        let mut orders = std::collections::BTreeSet::new();
        for round in 0..60 {
            let order: Vec<usize> = (0..3).map(|i| scheduled(3, 7, round * 3 + i).1).collect();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2], "round {round}");
            orders.insert(order);
        }
        assert_eq!(orders.len(), 6, "all orders occur in 60 rounds");
    }

    #[test]
    fn the_same_seed_gives_the_same_order() {
        assert!((0..100).all(|ticket| scheduled(4, 1, ticket) == scheduled(4, 1, ticket)));
    }
}
