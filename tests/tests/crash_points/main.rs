//! Every crash point: the connection of the service that runs a flow is cut at each message it sends, once before the
//! message reaches Postgres and once after it has. Whatever the cut left behind, the system recovers by its own means
//! and the flow ends as if nothing had happened: one intent, one order, one refund.
//!
//! A point is one message of the flow that takes part in executing a statement (BEGIN and COMMIT, Bind, Execute, Sync),
//! on whichever connection, and one of its two sides. Preparing statements is left out, since how much of it a flow does
//! depends on the age of its connections, and so is what the service says anyway: setting up connections, heartbeats,
//! figures, looks that find nothing to do.
//!
//! By default a seeded tenth of the points is covered. `CRASH_POINTS=all` covers all, `CRASH_POINTS_SEED=n` draws again
//! what an earlier run drew.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what went wrong by panicking where it did"
)]

mod buying;
mod callback;
mod choice;
mod crash;
mod create_intent;
mod jobs;
mod stage;
mod sweeps;
mod traffic;
