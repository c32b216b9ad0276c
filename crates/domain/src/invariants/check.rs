use std::time::Duration;

use schema::{
    Connection, Error,
    queries::invariants::{
        changes::{self, Change, Cursor},
        checkpoints,
        findings::{self, Finding},
        progress::{self, RoundPlace},
    },
    transaction,
};

use super::{
    round::{VARIANT, after_slice},
    subjects::Subjects,
};

/// Changes of one source in one page.
const CHANGES_MAX: i64 = 300;
/// Suspects of each sort in one page.
const SUSPECTS_MAX: i64 = 200;
/// A round through everything takes no longer, as long as a slice of [`SLICE_MAX`] an interval suffices.
const ROUND: Duration = Duration::from_secs(24 * 3600);
/// Bounds of a round's slice in one page: a small shop is through within the hour, a large one costs no page more than
/// this.
const SLICE_MIN: i64 = 50;
const SLICE_MAX: i64 = 1000;
/// Movements added to checkpoints in one page.
const MOVEMENTS_MAX: i64 = 20_000;
/// The same two when everything is checked in one go: a statement of it stays far from its time-out on a machine that is
/// busy with other work.
const WHOLE_SLICE: i64 = 1_000;
const WHOLE_MOVEMENTS_MAX: i64 = 200_000;
/// How long what was found whole again stays to be read.
const CLEARED_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How much to check at a time, and how soon after the last check.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// What has changed and a slice of the round, unless some process did so within half the interval.
    Turn { interval: Duration },
    /// The same, at once: the page before was full.
    Continued { interval: Duration },
    /// At once, and large slices: the round is to end soon.
    Whole,
}

impl Pace {
    /// Half an interval: two replicas whose turns alternate share one interval's work.
    fn pause(self) -> Duration {
        match self {
            Self::Turn { interval } => interval / 2,
            Self::Continued { .. } | Self::Whole => Duration::ZERO,
        }
    }

    async fn slice(self, connection: &mut Connection) -> Result<i64, Error> {
        match self {
            Self::Turn { interval } | Self::Continued { interval } => {
                let needed =
                    progress::slice_needed(connection, interval.as_secs_f64(), ROUND.as_secs_f64()).await?;
                Ok(needed.clamp(SLICE_MIN, SLICE_MAX))
            }
            Self::Whole => Ok(WHOLE_SLICE),
        }
    }

    const fn movements(self) -> i64 {
        match self {
            Self::Turn { .. } | Self::Continued { .. } => MOVEMENTS_MAX,
            Self::Whole => WHOLE_MOVEMENTS_MAX,
        }
    }
}

/// What one page of the check did.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Promises broken since now, and whole since now. What is broken still is no news.
    pub findings: Vec<Finding>,
    /// Intents, variants and jobs that were looked at.
    pub looked_at: usize,
    /// More has changed than one page takes.
    pub may_be_more: bool,
    /// The round has come to its end.
    pub round_has_ended: bool,
    /// Variants whose movements are still being added up; their counts were not compared yet.
    pub variants_behind: usize,
}

/// Begins the round at the first intent, so that its end says that everything was looked at from now on.
pub async fn begin_round(connection: &mut Connection) -> Result<(), Error> {
    progress::start_round(connection).await
}

/// Checks one page: what changed, what became old enough to matter, what is listed as broken, and a slice of the round.
/// `None`: another process is at it, or was too recently.
///
/// Heals nothing. Safe from any number of processes at once: one row is locked for the page, the others leave it.
pub async fn check_page(connection: &mut Connection, pace: Pace) -> Result<Option<Checked>, Error> {
    transaction(connection, async |connection| {
        let pause = pace.pause().as_secs_f64();
        let Some(place) = progress::lock_if_due_for_update(connection, pause).await? else {
            return Ok(None);
        };
        progress::plan_for_any_keys(connection).await?;
        let mut subjects = Subjects::default();
        let cursors = changes::cursors(connection).await?;
        let new = changes::new(connection, CHANGES_MAX).await?;
        let settled = changes::settled(connection, CHANGES_MAX).await?;
        let read: Vec<Read> = cursors.iter().map(|cursor| Read::of(cursor, &new, &settled)).collect();
        subjects.add_changes(new);
        subjects.add_changes(settled);
        subjects.add_suspects(changes::suspects(connection, SUSPECTS_MAX).await?);
        let slice_max = pace.slice(connection).await?;
        let (next_place, round_has_ended) = take_slice(connection, &place, slice_max, &mut subjects).await?;

        let (findings, variants_behind) = look_at(connection, &subjects, pace).await?;

        for (cursor, read) in cursors.iter().zip(&read) {
            changes::move_cursor(connection, &cursor.source, read.seen_id, read.settled_id).await?;
        }
        progress::move_round(connection, &next_place, round_has_ended).await?;
        if round_has_ended {
            findings::forget_cleared_if_older_than(connection, CLEARED_KEPT.as_secs_f64()).await?;
        }
        progress::note_checked(connection).await?;
        Ok(Some(Checked {
            findings,
            looked_at: subjects.len(),
            may_be_more: read.iter().any(|read| read.is_full),
            round_has_ended,
            variants_behind,
        }))
    })
    .await
}

/// How far a source has been read after this page.
struct Read {
    seen_id: i64,
    settled_id: i64,
    is_full: bool,
}

impl Read {
    fn of(cursor: &Cursor, new: &[Change], settled: &[Change]) -> Self {
        let (new_last, new_is_full) = last_of(&cursor.source, new);
        let (settled_last, settled_is_full) = last_of(&cursor.source, settled);
        let settled_id = match (cursor.is_due, settled_is_full) {
            (false, _) => cursor.settled_id,
            (true, true) => settled_last.unwrap_or(cursor.settled_id),
            (true, false) => cursor.settling_id,
        };
        let is_full = new_is_full || (cursor.is_due && settled_is_full);
        Self { seen_id: new_last.unwrap_or(cursor.seen_id), settled_id, is_full }
    }
}

/// The last id of a source's changes, and whether there may be more of them.
fn last_of(source: &str, changes: &[Change]) -> (Option<i64>, bool) {
    let of_source = changes.iter().filter(|change| change.source == source);
    let count = of_source.clone().count();
    (of_source.map(|change| change.id).max(), i64::try_from(count).is_ok_and(|count| count >= CHANGES_MAX))
}

/// Adds the round's next subjects. A variant's movements are summed anew once a round, so that a change of the ledger
/// itself shows.
async fn take_slice(
    connection: &mut Connection,
    place: &RoundPlace,
    slice_max: i64,
    subjects: &mut Subjects,
) -> Result<(RoundPlace, bool), Error> {
    let slice = progress::next_of_round(connection, place, slice_max).await?;
    if place.subject_kind == VARIANT {
        let variant_ids: Vec<&str> = slice.iter().map(String::as_str).collect();
        checkpoints::reset(connection, &variant_ids).await?;
    }
    let next = after_slice(place, &slice, slice_max);
    for subject in slice {
        subjects.add(&place.subject_kind, subject);
    }
    Ok(next)
}

/// Looks at the subjects; returns what is news and how many variants could not be judged yet.
async fn look_at(
    connection: &mut Connection,
    subjects: &Subjects,
    pace: Pace,
) -> Result<(Vec<Finding>, usize), Error> {
    let payment_intent_ids: Vec<&str> = subjects.payment_intent_ids.iter().map(String::as_str).collect();
    let variant_ids: Vec<&str> = subjects.variant_ids.iter().map(String::as_str).collect();
    let job_ids: Vec<i64> = subjects.job_ids.iter().copied().collect();
    let complete = checkpoints::advance(connection, &variant_ids, pace.movements()).await?;
    let complete: Vec<&str> = complete.iter().map(String::as_str).collect();
    let findings = findings::check(connection, &payment_intent_ids, &complete, &job_ids).await?;
    Ok((findings, variant_ids.len().saturating_sub(complete.len())))
}
