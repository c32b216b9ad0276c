//! One claimer a lane and process: claim, or wait until there may be something to claim.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    Error,
    queue::{Line, Look},
};
use tokio::sync::Notify;

use crate::{context::Context, held::Held, outage::Outage, pulse::Pulse, settling, wake_ups::jittered};

/// The pause after a claim that failed; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Claims the jobs of one type.
pub(crate) struct Claimer<'a> {
    context: &'a Arc<Context>,
    line: Line,
    woken: &'a Notify,
    pulse: Pulse,
    outage: Outage,
    /// Where the next claim looks.
    look: Look,
    /// The last claim was as large as asked for: there may be more.
    may_be_more: bool,
    pause: Duration,
}

impl<'a> Claimer<'a> {
    pub(crate) fn new(context: &'a Arc<Context>, line: Line, woken: &'a Notify, pulse: Pulse) -> Self {
        let (outage, look) = (Outage::of("claim"), Look::Everywhere);
        Self { context, line, woken, pulse, outage, look, may_be_more: true, pause: FIRST_PAUSE }
    }

    /// Waits until jobs are due and claims at most `room` of them. `None`: the worker is stopping, and what a claim
    /// under way still brought has been given back.
    pub(crate) async fn next(&mut self, room: u32) -> Option<Vec<Held>> {
        while !self.context.stopping.is_cancelled() {
            if !self.may_be_more {
                self.look = self.wait().await;
                if self.context.stopping.is_cancelled() {
                    return None;
                }
            }
            match self.claim(room).await {
                Ok(claimed) => {
                    self.outage.succeeded();
                    self.pulse.beat();
                    self.pause = FIRST_PAUSE;
                    self.may_be_more = u32::try_from(claimed.len()).is_ok_and(|count| count >= room);
                    self.look = Look::Ahead;
                    if self.context.stopping.is_cancelled() {
                        settling::return_unstarted(self.context, claimed).await;
                        return None;
                    }
                    if !claimed.is_empty() {
                        return Some(claimed);
                    }
                }
                Err(error) => self.back_off(&error).await,
            }
        }
        None
    }

    /// Never dropped halfway: a claim whose answer nobody reads would be a lease that nobody holds.
    async fn claim(&mut self, room: u32) -> Result<Vec<Held>, Error> {
        let context = self.context;
        let mut connection = context.control.connection().await?;
        context.schema.ensure_fits(&mut connection).await?;
        let claimed_at = Instant::now();
        let claim = self.line.claim(&mut connection, &context.worker_id, self.look, room, context.lease);
        let leases = claim.await?;
        let hold = |lease| {
            context.metrics.claimed(&lease);
            context.held.hold(lease, claimed_at, context.lease, &context.grace_is_over)
        };
        Ok(leases.into_iter().map(hold).collect())
    }

    async fn wait(&self) -> Look {
        tokio::select! {
            () = self.context.stopping.cancelled() => Look::Ahead,
            () = self.woken.notified() => Look::Ahead,
            () = tokio::time::sleep(jittered(self.context.poll_interval)) => Look::Everywhere,
        }
    }

    async fn back_off(&mut self, error: &Error) {
        self.outage.failed(error);
        (self.may_be_more, self.look) = (true, Look::Everywhere);
        self.context.stopping.run_until_cancelled(tokio::time::sleep(jittered(self.pause))).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}
