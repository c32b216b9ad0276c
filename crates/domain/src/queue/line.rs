use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use schema::{
    Connection, Error,
    queries::leases::{self, ClaimedJob, Onwards},
};

use super::{Lease, WorkerId};
use crate::jobs::Job;

/// A look at everything that takes longer has walked past many rows that are dead and cannot go: somebody keeps an old
/// snapshot open.
const LOOK_MAX: Duration = Duration::from_millis(10);
/// Then everything is looked at so often only, while what lies ahead keeps the lane busy.
const LOOKS_APART: Duration = Duration::from_secs(10);
/// A job may be committed so long after a later one was claimed.
const COMMITTED_LATE_MAX: TimeDelta = TimeDelta::seconds(5);

/// Where one lane's claims have got to in the order of due jobs of its type.
///
/// As long as looking at everything is cheap, every claim does. Where it is not, claims go on from where the last one
/// ended, so that they cost what they bring and not what was finished before.
#[derive(Debug)]
pub struct Line {
    job_type: &'static str,
    priority: i32,
    /// The last job that was claimed.
    reached: Option<(DateTime<Utc>, i64)>,
    /// The last claim brought all that was asked for.
    was_full: bool,
    /// When everything was last looked at, and how long that took.
    looked: Option<(Instant, Duration)>,
    /// A look at everything that takes longer is not cheap.
    look_max: Duration,
}

/// Why a lane claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It polls: nothing may be overlooked.
    Everywhere,
    /// It was woken, or its last claim was full: what there is lies ahead.
    Ahead,
}

impl Line {
    /// Of jobs of this type.
    pub const fn of<J: Job>() -> Self {
        Self {
            job_type: J::JOB_TYPE,
            priority: J::PRIORITY,
            reached: None,
            was_full: false,
            looked: None,
            look_max: LOOK_MAX,
        }
    }

    /// Takes no look at everything for cheap that takes longer than this, instead of 10 ms.
    #[must_use]
    pub const fn with_look_max(mut self, look_max: Duration) -> Self {
        self.look_max = look_max;
        self
    }

    /// The type of its jobs.
    pub const fn job_type(&self) -> &'static str {
        self.job_type
    }

    /// Claims at most `claimed_max` due jobs for `lease`, as [`super::claim`] does.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(
        &mut self,
        connection: &mut Connection,
        worker_id: &WorkerId,
        look: Look,
        claimed_max: u32,
        lease: Duration,
    ) -> Result<Vec<Lease>, Error> {
        let (max, lease_seconds) = (i64::from(claimed_max), lease.as_secs_f64());
        let worker = worker_id.as_str();
        let claimed = match self.place_to_go_on(look) {
            Some(after) => leases::claim_due_onwards(connection, worker, after, max, lease_seconds).await?,
            None => {
                let began = Instant::now();
                let claimed =
                    leases::claim_due(connection, worker, self.job_type, max, lease_seconds).await?;
                self.looked = Some((began, began.elapsed()));
                claimed
            }
        };
        self.was_full = u32::try_from(claimed.len()).is_ok_and(|count| count >= claimed_max);
        self.advance(&claimed);
        Ok(claimed.into_iter().map(|job| Lease::new(job, worker_id)).collect())
    }

    /// `None`: everywhere.
    fn place_to_go_on(&self, look: Look) -> Option<Onwards<'static>> {
        let (looked_at, took) = self.looked?;
        if look == Look::Everywhere || took <= self.look_max || looked_at.elapsed() >= LOOKS_APART {
            return None;
        }
        let (run_at, id) = self.reached?;
        let (job_type, priority) = (self.job_type, self.priority);
        Some(if self.was_full {
            Onwards { job_type, priority, run_at, id }
        } else {
            Onwards { job_type, priority, run_at: run_at - COMMITTED_LATE_MAX, id: 0 }
        })
    }

    fn advance(&mut self, claimed: &[ClaimedJob]) {
        let usual = claimed.iter().filter(|job| job.priority == self.priority);
        self.reached = usual.map(|job| (job.run_at, job.id)).max().max(self.reached);
    }
}
