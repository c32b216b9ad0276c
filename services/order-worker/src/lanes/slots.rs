//! A lane whose jobs wait for gateways: each in a slot of its own, side by side.

use std::sync::Arc;

use domain::queue::Line;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use crate::{claimer::Claimer, context::Context, held::Held, pulse::Pulse, settling};

/// The jobs of one type and how many of them run side by side.
pub(crate) struct Lane<'a> {
    pub(crate) line: Line,
    pub(crate) bell: &'a Notify,
    pub(crate) slots: u32,
    pub(crate) pulse: Pulse,
}

/// Claims as many jobs as there are free slots and runs them side by side, until the worker stops; then waits for
/// those that run. Of the jobs that may have killed a worker, one runs at a time: whichever it is, it takes no other of
/// them along.
pub(crate) async fn run_in_slots<F>(context: &Arc<Context>, lane: Lane<'_>, start: impl Fn(Held) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let Lane { line, bell, slots, pulse } = lane;
    let mut claimer = Claimer::new(context, line, bell, pulse.clone());
    let mut running = JoinSet::new();
    let one_suspect = Arc::new(Semaphore::new(1));
    loop {
        let free = wait_for_a_slot(context, &mut running, slots, &pulse).await;
        let Some(claimed) = claimer.next(free).await else { break };
        let mut crowded_out = Vec::new();
        for held in claimed {
            let turn =
                if held.is_suspect() { Arc::clone(&one_suspect).try_acquire_owned().ok() } else { None };
            if held.is_suspect() && turn.is_none() {
                crowded_out.push(held);
                continue;
            }
            let run = start(held);
            running.spawn_local(async move {
                run.await;
                drop(turn);
            });
        }
        if !crowded_out.is_empty() {
            settling::return_unstarted(context, crowded_out).await;
            wait_for_a_turn(context, &mut running).await;
        }
    }
    while let Some(ended) = running.join_next().await {
        report(ended);
    }
}

/// Keeps what was just given back from being claimed again at once, while nothing has changed.
async fn wait_for_a_turn(context: &Context, running: &mut JoinSet<()>) {
    tokio::select! {
        Some(ended) = running.join_next() => report(ended),
        () = context.stopping.cancelled() => {}
        () = tokio::time::sleep(context.poll_interval) => {}
    }
}

/// How many slots are free, at least one; any number when the worker stops meanwhile.
async fn wait_for_a_slot(context: &Context, running: &mut JoinSet<()>, slots: u32, pulse: &Pulse) -> u32 {
    loop {
        while let Some(ended) = running.try_join_next() {
            report(ended);
        }
        let taken = u32::try_from(running.len()).unwrap_or(u32::MAX);
        let free = slots.saturating_sub(taken);
        if free > 0 || context.stopping.is_cancelled() {
            return free.max(1);
        }
        pulse.beat();
        tokio::select! {
            Some(ended) = running.join_next() => report(ended),
            () = context.stopping.cancelled() => {}
            () = tokio::time::sleep(context.poll_interval) => {}
        }
    }
}

/// Handlers catch their own panics: what ends here is a defect of this file.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a job's task ended badly; the reaper rescues its job");
    }
}
