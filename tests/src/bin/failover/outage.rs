//! How long nothing could be written.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use crate::callbacks::Acknowledged;

/// As shoppers saw it: from the last callback acknowledged before the leader died to the first one after.
#[derive(Debug)]
pub(crate) struct Outage {
    before: usize,
    after: usize,
    refusals: u32,
    length: Duration,
    /// From the death itself to the first callback acknowledged after.
    since_death: Duration,
}

impl Outage {
    /// `None` where nothing was acknowledged after the death.
    pub(crate) fn find(acknowledged: &[Acknowledged], began: Instant, died: Instant) -> Option<Self> {
        let (before, after): (Vec<Instant>, Vec<Instant>) =
            acknowledged.iter().map(|callback| callback.at).partition(|at| *at <= died);
        let first_after = *after.iter().min()?;
        let last_before = before.iter().max().copied().unwrap_or(began);
        Some(Self {
            before: before.len(),
            after: after.len(),
            refusals: acknowledged.iter().map(|callback| callback.refusals).sum(),
            length: first_after - last_before,
            since_death: first_after - died,
        })
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, refusals, length, since_death } = self;
        write!(
            formatter,
            "write outage: {:.1} s without an acknowledged callback ({:.1} s from the leader's death on)\n\
             callbacks: {before} acknowledged before it, {after} after it; {refusals} requests refused or unanswered meanwhile",
            length.as_secs_f64(),
            since_death.as_secs_f64()
        )
    }
}
