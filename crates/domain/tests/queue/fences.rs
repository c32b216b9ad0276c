//! A worker is held back between two statements until its lease has run out and another has done its work. Woken, it
//! goes on as if nothing had happened, and nothing does.

use std::{collections::BTreeMap, time::Duration};

use domain::queue::WorkerId;
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use crate::{door::Door, late_writes::Late, world::World};

/// Rounds of a late write of one statement, and of one of several transactions.
const ROUNDS_OF_ONE_STATEMENT: usize = 10;
const ROUNDS_OF_SEVERAL: usize = 38;
/// The start of a run is where most workers lose their leases, and a small part of most runs.
const EARLY: usize = 2;
/// Bounds every wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the worker was when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caught {
    /// Between transactions: its job went to another, and everything it wrote after that was refused.
    Outside,
    /// One of the jobs of its batch went to another.
    OutsideWithPart,
    /// Inside a transaction that holds its job: nobody could take it away.
    Inside,
    /// Inside a transaction that the server ended.
    InsideAndEnded,
}

const INSIDE: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'behind-a-door' AND state = 'idle in transaction'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_held_back_past_its_lease_changes_nothing_wherever_it_was() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::new().await;
    let (door, pool) = world.behind_a_door().await;
    let mut statements: BTreeMap<Late, usize> = BTreeMap::new();
    for late in Late::ALL {
        // Twice, so that what the second counts is prepared.
        for _ in 0..2 {
            let sales = late.prepare(&world).await;
            let leases = world.claim(&WorkerId::unique("uncounted"), late.job_type()).await;
            door.open();
            let lost = late.write(&world, pool.clone(), leases).await;
            assert_eq!(lost, Ok(Vec::new()));
            statements.insert(late, door.open());
            late.assert_done_once(&world, &sales).await;
        }
    }
    println!("statements: {statements:?}");

    let mut caught: BTreeMap<(Late, Caught), usize> = BTreeMap::new();
    for (late, count) in &statements {
        let rounds = if *count == 1 { ROUNDS_OF_ONE_STATEMENT } else { ROUNDS_OF_SEVERAL };
        for _ in 0..rounds {
            let last = if random.random_bool(0.3) { EARLY.min(*count) } else { *count };
            let pause_at = random.random_range(0..last);
            let where_caught = play(&world, &door, &pool, (*late, pause_at), &mut random).await;
            *caught.entry((*late, where_caught)).or_default() += 1;
        }
    }
    println!("caught: {caught:?}");
    for late in Late::ALL {
        assert!(caught.contains_key(&(late, Caught::Outside)), "never fenced: {late:?} {caught:?}");
    }
    for late in [Late::Finalize, Late::RecordAnswer, Late::Refund] {
        let inside = caught.contains_key(&(late, Caught::Inside));
        let ended = caught.contains_key(&(late, Caught::InsideAndEnded));
        assert!(inside && ended, "never inside: {late:?} {caught:?}");
    }
    let others = "SELECT count(*) FROM invariant_violations WHERE invariant <> 'open_question_has_a_job'";
    assert_eq!(world.count(others).await, 0, "only questions that the test cancelled are nobody's");
}

async fn play(
    world: &World,
    door: &Door,
    pool: &domain::Pool,
    (late, pause_at): (Late, usize),
    random: &mut StdRng,
) -> Caught {
    let sales = late.prepare(world).await;
    let leases = world.claim(&WorkerId::unique("held-back"), late.job_type()).await;
    let mut ids: Vec<i64> = leases.iter().map(|lease| lease.job_id).collect();
    if ids.len() > 1 && random.random_bool(0.5) {
        ids = ids.choose_multiple(random, 1).copied().collect();
    }
    let is_to_be_ended = random.random_bool(0.3);
    door.hold_after(pause_at);
    let held_back = late.write(world, pool.clone(), leases.clone());
    let meanwhile = async {
        tokio::time::timeout(PATIENCE, door.holds()).await.unwrap();
        world.let_leases_run_out(&ids).await;
        let mut rescued = world.rescue().await;
        let is_inside = world.count(INSIDE).await > 0;
        assert!(
            is_inside || !rescued.is_empty(),
            "nobody has the job in a transaction, and nobody may take it"
        );
        // Whoever waits for what it has locked waits until the server ends it, as it does after a while.
        let is_ended = is_inside && (is_to_be_ended || !rescued.is_empty());
        if is_ended {
            world.end_sessions_behind_the_door().await;
            world.let_leases_run_out(&ids).await;
            rescued.extend(world.rescue().await);
        }
        if !rescued.is_empty() {
            assert_eq!(rescued.len(), ids.len(), "a transaction holds all of its jobs or none");
            late.finish(world).await;
        }
        let before = world.everything().await;
        door.open();
        (rescued, is_ended, before)
    };
    let (said, (rescued, is_ended, before)) = tokio::join!(held_back, meanwhile);
    let at = format!("{late:?}, held back before statement {pause_at}");
    if is_ended {
        assert!(said.is_err(), "{at}: {said:?}");
        assert_eq!(world.everything().await, before, "{at}: it changed something");
        // What a lost transaction would have done for the others of its batch, their next holder does.
        world.let_leases_run_out(&leases.iter().map(|lease| lease.job_id).collect::<Vec<_>>()).await;
        if !world.rescue().await.is_empty() {
            late.finish(world).await;
        }
        late.assert_done_once(world, &sales).await;
        return Caught::InsideAndEnded;
    }
    let lost = said.unwrap_or_else(|error| panic!("{at}: {error}"));
    late.assert_done_once(world, &sales).await;
    if rescued.is_empty() {
        assert!(lost.is_empty(), "{at}: nobody took its jobs, yet it lost {lost:?}");
        return Caught::Inside;
    }
    assert_eq!(sorted(lost), sorted(rescued.clone()), "{at}: lost and rescued are not the same");
    if rescued.len() < leases.len() {
        return Caught::OutsideWithPart;
    }
    assert_eq!(world.everything().await, before, "{at}: it changed something");
    Caught::Outside
}

fn sorted(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids
}
