//! The lease protocol against a reference model: random interleavings of everything that touches `job_queue`, over
//! several connections, one by one and at once; after each step the rows are what the model says.
//!
//! `PROPTEST_CASES` raises the number of interleavings, `PROPTEST_RNG_SEED` repeats a run. What once failed stays in
//! `regressions.txt` and is played first.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod calls;
mod model;
mod play;
mod rows;

use proptest::test_runner::{
    Config, FailurePersistence, FileFailurePersistence, RngSeed, TestCaseError, TestRunner,
};

/// Interleavings where `PROPTEST_CASES` names no number.
const CASES: u32 = 80;
/// From the package's folder, where cargo runs its tests.
const REGRESSIONS: &str = "tests/lease_model/regressions.txt";

#[test]
fn whatever_the_interleaving_the_rows_are_what_the_model_says() {
    let seed = match Config::default().rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => rand::random(),
    };
    println!("repeat with PROPTEST_RNG_SEED={seed}");
    let config = Config {
        cases: if is_set("PROPTEST_CASES") { Config::default().cases } else { CASES },
        failure_persistence: kept_failures(),
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    let world = runtime.block_on(calls::World::new());
    let seen = std::cell::RefCell::new(play::Seen::default());
    let played = TestRunner::new(config).run(&actions::interleaving(), |steps| {
        let played = runtime.block_on(play::play(&world, &steps, &mut seen.borrow_mut()));
        played.map_err(TestCaseError::fail)
    });
    if let Err(failure) = played {
        panic!("{failure}\nrepeat with PROPTEST_RNG_SEED={seed}");
    }
    let seen = seen.into_inner();
    println!("{seen:?}");
    seen.assert_everything_happened();
}

/// `PROPTEST_DISABLE_FAILURE_PERSISTENCE`, which proptest knows too, is for who breaks the protocol on purpose.
fn kept_failures() -> Option<Box<dyn FailurePersistence>> {
    let keeps: Box<dyn FailurePersistence> = Box::new(FileFailurePersistence::Direct(REGRESSIONS));
    Some(keeps).filter(|_| !is_set("PROPTEST_DISABLE_FAILURE_PERSISTENCE"))
}

#[expect(clippy::disallowed_methods, reason = "proptest's own variable; tests have no settings")]
fn is_set(variable: &str) -> bool {
    std::env::var(variable).is_ok()
}
