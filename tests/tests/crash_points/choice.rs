//! Which points of a flow are covered in this run.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
};

use pipeline_tests::fault_proxy::Side;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

/// One in so many points is covered where not all are.
const SAMPLED_ONE_IN: usize = 10;
const ALL: &str = "all";

/// One place at which a flow is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    /// The number of the message among those of the flow, from 1; 0 cuts nowhere.
    pub(crate) nth: u64,
    pub(crate) side: Side,
}

/// How points are chosen, by the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) seed: u64,
    pub(crate) is_all: bool,
}

impl Choice {
    pub(crate) fn of_environment() -> Self {
        let read = |name| env::var_os(name).map(|value| value.into_string().unwrap());
        let seed = read("CRASH_POINTS_SEED").map_or_else(
            || rand::rng().random_range(0..1_000_000),
            |seed| seed.parse().unwrap_or_else(|_| panic!("CRASH_POINTS_SEED is no number: {seed}")),
        );
        let is_all = match read("CRASH_POINTS").as_deref() {
            None | Some("") => false,
            Some(ALL) => true,
            Some(other) => panic!("CRASH_POINTS is `{ALL}` or not set, not {other}"),
        };
        Self { seed, is_all }
    }

    /// A tenth of both sides of so many messages, at least one point of each side.
    pub(crate) fn sample(self, flow: &str, messages: u64) -> Vec<Point> {
        let mut hasher = DefaultHasher::new();
        flow.hash(&mut hasher);
        let mut random = StdRng::seed_from_u64(self.seed ^ hasher.finish());
        let numbers: Vec<u64> = (1..=messages).collect();
        let wanted = numbers.len().div_ceil(SAMPLED_ONE_IN);
        let mut chosen = Vec::new();
        for side in [Side::Before, Side::After] {
            chosen.extend(numbers.choose_multiple(&mut random, wanted).map(|nth| Point { nth: *nth, side }));
        }
        chosen
    }
}
