//! Lists: every job once, whatever is enqueued meanwhile; filters; kinds of failure.

use std::collections::BTreeSet;

use domain::job_control::{self, JobFilter, JobState, ListJobs};

use crate::world::World;

const SEED: &str = "INSERT INTO job_queue (job_type, status, run_at, priority, failed_at, completed_at, locked_by, locked_until,
        last_error, created_at)
    SELECT (ARRAY['mend_shoes', 'sole'])[1 + n % 2], status, now() + (n % 7) * interval '1 minute', 10 * (n % 3),
           CASE status WHEN 'failed' THEN now() END, CASE status WHEN 'completed' THEN now() END,
           CASE status WHEN 'processing' THEN 'w' END, CASE status WHEN 'processing' THEN now() END,
           CASE status WHEN 'failed' THEN format(E'shoe %s of pi_esewa_%s is 9800000001\\nat line %s', n, md5(n::text), n) END,
           now() - n * interval '1 hour'
      FROM generate_series(1, 30) AS n,
           unnest(ARRAY['pending', 'processing', 'completed', 'failed', 'cancelled']) AS status";

#[tokio::test]
async fn pages_walk_all_jobs_of_a_state_once_while_jobs_are_added() {
    let world = World::new().await;
    world.shop.client.batch_execute(SEED).await.unwrap();
    let mut connection = world.connection().await;
    let states = [None].into_iter().chain(JobState::ALL.iter().copied().map(Some));
    for state in states {
        let word = state.map(JobState::as_str);
        let expected = "SELECT id FROM job_queue WHERE $1::text IS NULL OR status = $1";
        let rows = world.shop.client.query(expected, &[&word]).await.unwrap();
        let expected: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        let mut walked = Vec::new();
        let mut wanted = ListJobs { state, limit: 7, ..ListJobs::default() };
        for _ in 0..100 {
            let page = job_control::list(&mut connection, &wanted).await.unwrap();
            assert!(page.jobs.len() <= 7 && !page.is_cut_short);
            walked.extend(page.jobs.iter().map(|job| job.id));
            let Some(cursor) = page.next_cursor else { break };
            wanted.cursor = Some(cursor.to_string().parse().unwrap());
            world.job(word.unwrap_or("pending"), None).await;
        }
        let found: BTreeSet<i64> = walked.iter().copied().collect();
        assert_eq!(found.len(), walked.len(), "{state:?}: a job is listed twice");
        assert!(found.is_superset(&expected), "{state:?}: a job is missing");
    }
}

#[tokio::test]
async fn pending_jobs_come_type_by_type_in_the_order_in_which_they_are_claimed() {
    let world = World::new().await;
    world.shop.client.batch_execute(SEED).await.unwrap();
    let wanted = ListJobs { state: Some(JobState::Pending), limit: 100, ..ListJobs::default() };
    let page = job_control::list(&mut *world.connection().await, &wanted).await.unwrap();
    assert!(page.jobs.is_sorted_by_key(|job| (job.job_type.clone(), job.priority, job.run_at, job.id)));
    assert_eq!(page.jobs.len(), 30);
}

#[tokio::test]
async fn filters_find_by_type_age_error_and_kind_of_error() {
    let world = World::new().await;
    world.shop.client.batch_execute(SEED).await.unwrap();
    let mut connection = world.connection().await;
    let kinds = job_control::failure_kinds(&mut connection).await.unwrap();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(kinds[0].error_kind, "shoe # of # is #");
    assert_eq!(kinds[0].count, 15);
    let filters = [
        (JobFilter { job_type: Some("sole".to_owned()), ..JobFilter::default() }, 15),
        (JobFilter { age_at_least_seconds: Some(20.0 * 3600.0), ..JobFilter::default() }, 11),
        (JobFilter { error: Some("SHOE 7 ".to_owned()), ..JobFilter::default() }, 1),
        (JobFilter { error: Some("%".to_owned()), ..JobFilter::default() }, 0),
        (JobFilter { error_kind: Some("shoe # of # is #".to_owned()), ..JobFilter::default() }, 30),
        (JobFilter { error: Some("\0".to_owned()), ..JobFilter::default() }, 0),
    ];
    for (filter, expected) in filters {
        let wanted = ListJobs { state: Some(JobState::Failed), filter, limit: 100, ..ListJobs::default() };
        let page = job_control::list(&mut connection, &wanted).await.unwrap();
        assert_eq!(page.jobs.len(), expected, "{wanted:?}");
        assert!(page.jobs.iter().all(|job| !job.error_line.as_deref().unwrap().contains("9800000001")));
    }
}
