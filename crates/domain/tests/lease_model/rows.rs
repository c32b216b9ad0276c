//! The rows, compared with the model.

use crate::{
    actions::Kind,
    calls::{UNIT, World},
    model::{Model, Status, Verdict, ensure},
};

/// Times are read as whole units that are still to come: what little of a unit has really passed is rounded away.
const ROWS: &str =
    "SELECT id, job_type, payload ->> 'payment_intent_id', status, attempts, max_attempts, crash_count,
        lease_no, locked_by, ceil(extract(epoch FROM run_at - clock_timestamp()) / $1)::bigint,
        ceil(extract(epoch FROM locked_until - clock_timestamp()) / $1)::bigint,
        priority, completed_at IS NOT NULL, failed_at IS NOT NULL
    FROM job_queue ORDER BY id";

const CASES: &str =
    "SELECT payment_intent_id, count(*), sum(jsonb_array_length(detail))::bigint FROM review_cases
    WHERE status = 'open' AND kind = 'job_failed' GROUP BY 1";

/// One row of `job_queue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    id: i64,
    kind: Kind,
    intent: usize,
    status: Status,
    attempts: i32,
    max_attempts: i32,
    crash_count: i32,
    lease_no: i64,
    locked_by: Option<String>,
    due_in: i64,
    lease_ends_in: Option<i64>,
    priority: i32,
}

/// What the database holds.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    jobs: Vec<Row>,
    /// Open cases and entries of evidence of each intent that has any.
    cases: Vec<(usize, i64, i64)>,
}

impl Rows {
    pub(crate) async fn read(world: &World) -> Self {
        let unit = f64::from(u32::try_from(UNIT.as_secs()).unwrap());
        let intent = |name: &str| world.intents.iter().position(|intent| intent == name).unwrap();
        let client = &world.shop.client;
        let jobs = client.query(&ROWS.replace("$1", &unit.to_string()), &[]).await.unwrap();
        let cases = client.query(CASES, &[]).await.unwrap();
        let row = |row: &tokio_postgres::Row| Row {
            id: row.get(0),
            kind: Kind::of(row.get(1)),
            intent: intent(row.get(2)),
            status: status(row.get(3), row.get(12), row.get(13)),
            attempts: row.get(4),
            max_attempts: row.get(5),
            crash_count: row.get(6),
            lease_no: row.get(7),
            locked_by: row.get(8),
            due_in: row.get(9),
            lease_ends_in: row.get(10),
            priority: row.get(11),
        };
        Self {
            jobs: jobs.iter().map(row).collect(),
            cases: cases.iter().map(|row| (intent(row.get(0)), row.get(1), row.get(2))).collect(),
        }
    }

    /// Whether this is what the model says; it learns the ids of new jobs on the way.
    pub(crate) fn agree_with(&self, model: &mut Model) -> Verdict {
        for row in &self.jobs {
            model.number_as(row.id, row.kind, row.intent)?;
        }
        let known = self.jobs.len() == model.jobs.len() && model.unnumbered.is_empty();
        ensure(known, || format!("{} rows, the model has {:?}", self.jobs.len(), model.jobs))?;
        for (row, (id, job)) in self.jobs.iter().zip(&model.jobs) {
            let expected = Row {
                id: *id,
                kind: job.kind,
                intent: job.intent,
                status: job.status,
                attempts: job.attempts,
                max_attempts: job.max_attempts,
                crash_count: job.crash_count,
                lease_no: job.lease_no,
                locked_by: job.held.as_ref().map(|(holder, _)| holder.clone()),
                // When an ended or a running job was due does not matter any more.
                due_in: if job.status == Status::Pending { job.due.0 - model.now } else { row.due_in },
                lease_ends_in: job.held.as_ref().map(|(_, until)| until - model.now),
                priority: if job.kind == Kind::Finalize { 10 } else { 100 },
            };
            ensure(*row == expected, || format!("the row is {row:?}\nthe model says {expected:?}"))?;
        }
        let mut cases: Vec<(usize, i64, i64)> =
            model.cases.iter().map(|(intent, case)| (*intent, 1, case.entries)).collect();
        cases.sort_unstable();
        let mut found = self.cases.clone();
        found.sort_unstable();
        ensure(found == cases, || format!("cases are {found:?}, the model says {cases:?}"))
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.jobs.iter().map(|row| row.id).collect()
    }
}

fn status(word: &str, says_completed: bool, says_failed: bool) -> Status {
    let status = match word {
        "pending" => Status::Pending,
        "processing" => Status::Processing,
        "completed" => Status::Completed,
        "failed" => Status::Failed,
        "cancelled" => Status::Cancelled,
        _ => panic!("unknown status {word}"),
    };
    assert_eq!((status == Status::Completed, status == Status::Failed), (says_completed, says_failed));
    status
}
