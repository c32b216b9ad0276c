//! What may happen to the queue, before it is known to which rows.

use proptest::{collection::vec, prelude::*, sample::Index};

/// Worker processes, each of which remembers every lease it was ever given.
pub(crate) const WORKERS: usize = 3;
/// Intents that jobs are about; each has one key a job type.
pub(crate) const INTENTS: usize = 3;
/// Statements that run at once in a race: one a connection.
pub(crate) const RACERS: usize = 3;
const STEPS: std::ops::Range<usize> = 20..70;

/// The jobs of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Priority 10.
    Finalize,
    /// Priority 100.
    Verify,
}

/// What somebody does. Times are in units of the model's clock.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Enqueue { kind: Kind, intent: usize, in_units: u32, max_attempts: i32 },
    Claim { worker: usize, kind: Kind, claimed_max: u32 },
    // Leases are picked among those that were given out, lost ones included; batches are of one worker.
    Extend { leases: Vec<Index> },
    Complete { leases: Vec<Index> },
    Return { leases: Vec<Index> },
    Retry { lease: Index },
    Snooze { lease: Index, in_units: u32 },
    GiveUp { lease: Index },
    Rescue,
    Cancel { job: Index },
    RetryByHand { job: Index },
}

/// One step of an interleaving.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    One(Action),
    /// Sent at once, each over a connection of its own; `queued` makes them wait behind a lock on every row first.
    Race {
        actions: Vec<Action>,
        queued: bool,
    },
    /// Time passes.
    Pass {
        units: u32,
    },
    /// A worker dies with whatever it knew; another takes its place.
    Crash {
        worker: usize,
    },
}

pub(crate) fn interleaving() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => action().prop_map(Step::One),
        4 => (vec(action(), 2..=RACERS), any::<bool>()).prop_map(|(actions, queued)| Step::Race { actions, queued }),
        4 => (1..=2_u32).prop_map(|units| Step::Pass { units }),
        1 => (0..WORKERS).prop_map(|worker| Step::Crash { worker }),
    ];
    vec(step, STEPS)
}

fn action() -> impl Strategy<Value = Action> {
    let leases = || vec(any::<Index>(), 1..=3);
    let kind = || prop_oneof![Just(Kind::Finalize), Just(Kind::Verify)];
    let soon = || prop_oneof![3 => Just(0_u32), 1 => Just(1), 1 => Just(2)];
    prop_oneof![
        6 => (kind(), 0..INTENTS, soon(), 1..=6_i32).prop_map(|(kind, intent, in_units, max_attempts)| {
            Action::Enqueue { kind, intent, in_units, max_attempts }
        }),
        9 => (0..WORKERS, kind(), 1..=4_u32)
            .prop_map(|(worker, kind, claimed_max)| Action::Claim { worker, kind, claimed_max }),
        3 => leases().prop_map(|leases| Action::Extend { leases }),
        2 => leases().prop_map(|leases| Action::Complete { leases }),
        2 => leases().prop_map(|leases| Action::Return { leases }),
        3 => any::<Index>().prop_map(|lease| Action::Retry { lease }),
        2 => (any::<Index>(), soon()).prop_map(|(lease, in_units)| Action::Snooze { lease, in_units }),
        1 => any::<Index>().prop_map(|lease| Action::GiveUp { lease }),
        5 => Just(Action::Rescue),
        1 => any::<Index>().prop_map(|job| Action::Cancel { job }),
        3 => any::<Index>().prop_map(|job| Action::RetryByHand { job }),
    ]
}
