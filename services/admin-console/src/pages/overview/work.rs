//! Jobs, money and cases as rows of tables.

use std::collections::BTreeMap;

use domain::{
    money::Rupees,
    overview::{Cases, FinishedJobs, Jobs, Money, Sum},
};

use crate::view::Age;

/// One kind of work in all its states.
#[derive(Debug, Default, PartialEq)]
pub(super) struct JobRow {
    pub(super) job_type: String,
    pub(super) due: i64,
    pub(super) later: i64,
    pub(super) processing: i64,
    pub(super) failed: i64,
    /// Among the newest jobs only.
    pub(super) completed: i64,
    pub(super) cancelled: i64,
}

pub(super) fn job_rows(jobs: &Jobs, finished: &[FinishedJobs]) -> Vec<JobRow> {
    let mut rows: BTreeMap<&str, JobRow> = BTreeMap::new();
    for found in &jobs.unfinished {
        let row = rows.entry(&found.job_type).or_default();
        match found.status.as_str() {
            "pending" => (row.due, row.later) = (found.due, found.count - found.due),
            "processing" => row.processing = found.count,
            _ => row.failed = found.count,
        }
    }
    for found in finished {
        let row = rows.entry(&found.job_type).or_default();
        match found.status.as_str() {
            "completed" => row.completed = found.count,
            _ => row.cancelled = found.count,
        }
    }
    rows.into_iter().map(|(job_type, row)| JobRow { job_type: job_type.to_owned(), ..row }).collect()
}

/// A count that stops at a bound.
pub(super) fn counted(count: i64, max: i64) -> String {
    if count >= max { format!("{max} or more") } else { count.to_string() }
}

/// Payments that wait for the same thing.
pub(super) struct MoneyRow {
    pub(super) waits_for: &'static str,
    pub(super) count: String,
    pub(super) amount: Rupees,
    pub(super) oldest: Option<Age>,
}

pub(super) fn money_rows(money: &Money) -> Vec<MoneyRow> {
    let row = |waits_for, sum: &Sum| MoneyRow {
        waits_for,
        count: counted(sum.count, money.summed_max),
        amount: Rupees(sum.amount_minor),
        oldest: sum.oldest_seconds.map(Age),
    };
    vec![
        row("its order", &money.owed_orders),
        row("a person's decision", &money.under_review),
        row("its refund to be seen", &money.refunds),
    ]
}

/// Open cases of a kind.
pub(super) struct CaseRow {
    pub(super) kind: String,
    pub(super) count: i64,
    pub(super) undecided: Rupees,
    pub(super) oldest: Age,
}

pub(super) fn case_rows(cases: &Cases) -> Vec<CaseRow> {
    let rows = cases.open.iter().map(|open| CaseRow {
        kind: open.kind.clone(),
        count: open.count,
        undecided: Rupees(open.undecided_minor),
        oldest: Age(open.oldest_seconds),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use domain::overview::UnfinishedJobs;

    use super::*;

    #[test]
    fn a_type_is_one_row_whatever_states_its_jobs_are_in() {
        let unfinished = |status: &str, count, due| UnfinishedJobs {
            status: status.to_owned(),
            job_type: "verify_payment".to_owned(),
            count,
            due,
        };
        let jobs = Jobs {
            unfinished: vec![unfinished("failed", 2, 0), unfinished("pending", 10, 3)],
            counted_max: 100,
            oldest_due: None,
        };
        let finished = [FinishedJobs {
            status: "completed".to_owned(),
            job_type: "verify_payment".to_owned(),
            count: 7,
        }];
        let expected = JobRow {
            job_type: "verify_payment".to_owned(),
            due: 3,
            later: 7,
            failed: 2,
            completed: 7,
            ..JobRow::default()
        };
        assert_eq!(job_rows(&jobs, &finished), [expected]);
        assert_eq!((counted(99, 100), counted(100, 100)), ("99".to_owned(), "100 or more".to_owned()));
    }
}
