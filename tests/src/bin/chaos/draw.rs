//! Every random choice of a run, from its one seed.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

/// A stream of choices. Two streams of one seed have nothing to do with each other, so that what one part of a run
/// draws does not change what another part does.
#[derive(Debug, Clone)]
pub(crate) struct Draw(StdRng);

impl Draw {
    /// The `number`th stream of this purpose.
    pub(crate) fn of(seed: u64, purpose: &str, number: u64) -> Self {
        let mut key = [0; 32];
        let (words, name) = key.split_at_mut(16);
        let (first, second) = words.split_at_mut(8);
        first.copy_from_slice(&seed.to_le_bytes());
        second.copy_from_slice(&number.to_le_bytes());
        for (place, letter) in name.iter_mut().zip(purpose.bytes()) {
            *place = letter;
        }
        Self(StdRng::from_seed(key))
    }

    /// A stream of its own for something that goes on side by side.
    pub(crate) fn split(&mut self) -> Self {
        Self(StdRng::from_rng(&mut self.0))
    }

    /// `true` in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    pub(crate) fn pause(&mut self, low_ms: u64, high_ms: u64) -> Duration {
        Duration::from_millis(self.between(low_ms, high_ms))
    }

    /// One of them; `None` where there is none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(from.len()).ok()?.checked_sub(1)?;
        from.get(usize::try_from(self.between(0, last)).ok()?)
    }

    fn shuffle<T>(&mut self, these: &mut [T]) {
        these.shuffle(&mut self.0);
    }
}

/// Draws each of its things once before any comes again, so that even a short run meets all of them.
#[derive(Debug, Clone)]
pub(crate) struct Bag<T> {
    things: Vec<T>,
    left: Vec<T>,
}

impl<T: Clone> Bag<T> {
    pub(crate) fn new(things: Vec<T>) -> Self {
        Self { things, left: Vec::new() }
    }

    /// `None` where the bag was made empty.
    pub(crate) fn draw(&mut self, draw: &mut Draw) -> Option<T> {
        if self.left.is_empty() {
            self.left.clone_from(&self.things);
            draw.shuffle(&mut self.left);
        }
        self.left.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_itself_and_no_other() {
        let drawn = |seed, purpose, number| {
            let mut draw = Draw::of(seed, purpose, number);
            (0..8).map(|_| draw.between(0, u64::MAX)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1, "visit", 1), drawn(1, "visit", 1));
        assert_ne!(drawn(1, "visit", 1), drawn(2, "visit", 1));
        assert_ne!(drawn(1, "visit", 1), drawn(1, "visit", 2));
        assert_ne!(drawn(1, "visit", 1), drawn(1, "network", 1));
    }

    #[test]
    fn a_bag_gives_everything_before_it_repeats_anything() {
        let mut draw = Draw::of(7, "bag", 0);
        let mut bag = Bag::new(vec![1, 2, 3, 4]);
        for _ in 0..5 {
            let mut round: Vec<i32> = (0..4).filter_map(|_| bag.draw(&mut draw)).collect();
            round.sort_unstable();
            assert_eq!(round, [1, 2, 3, 4]);
        }
    }
}
