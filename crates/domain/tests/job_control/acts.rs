//! One job at a time: done once, harmless when repeated, refused where the job has moved on.

use domain::{
    job_control::{self, JobAct, JobActError, JobState},
    operators::{ByHand, Unaccountable},
};

use crate::world::{BY, World, on};

#[tokio::test]
async fn a_failed_job_is_retried_once_with_all_its_attempts_and_audited() {
    let world = World::new().await;
    let job = world.job("failed", Some("no shoes")).await;
    let acted = world.retry(on(job)).await.unwrap();
    assert!(!acted.is_repetition && acted.is_due, "{acted:?}");
    assert_eq!(world.state(job).await, "pending attempts=0 crashes=0 due=t failed=f");
    assert!(world.retry(on(job)).await.unwrap().is_repetition);
    assert_eq!(world.audited(job).await, ["hari job_retried: the gateway is back, failed -> pending"]);
}

#[tokio::test]
async fn a_second_click_does_not_retry_a_job_that_failed_again_meanwhile() {
    let world = World::new().await;
    let job = world.job("failed", Some("no shoes")).await;
    world.retry(on(job)).await.unwrap();
    assert_eq!(world.claim().await.len(), 1);
    let refused = world.retry(on(job)).await;
    assert!(matches!(refused, Err(JobActError::HasMoved(JobState::Processing))), "{refused:?}");
    let fail = "UPDATE job_queue SET status = 'failed', failed_at = now(), locked_by = NULL, locked_until = NULL WHERE id = $1";
    world.shop.client.execute(fail, &[&job]).await.unwrap();
    let refused = world.retry(on(job)).await;
    assert!(matches!(refused, Err(JobActError::HasMoved(JobState::Failed))), "{refused:?}");
    world.retry(JobAct { lease_no: 8, ..on(job) }).await.unwrap();
}

#[tokio::test]
async fn acts_are_refused_in_states_they_are_not_for_and_for_no_job() {
    let world = World::new().await;
    for status in ["processing", "completed", "cancelled"] {
        let job = world.job(status, None).await;
        let refused = world.retry(on(job)).await;
        assert!(matches!(refused, Err(JobActError::StateForbids { .. })), "retry {status}: {refused:?}");
    }
    for status in ["processing", "completed", "failed"] {
        let job = world.job(status, None).await;
        let refused = world.cancel(on(job)).await;
        assert!(matches!(refused, Err(JobActError::StateForbids { .. })), "cancel {status}: {refused:?}");
    }
    for status in ["processing", "completed", "failed", "cancelled"] {
        let job = world.job(status, None).await;
        let refused = world.run_now(on(job)).await;
        assert!(matches!(refused, Err(JobActError::StateForbids { .. })), "run now {status}: {refused:?}");
        assert!(world.audited(job).await.is_empty());
    }
    let refused = world.retry(on(404_404)).await;
    assert!(matches!(refused, Err(JobActError::UnknownJob(404_404))), "{refused:?}");
}

#[tokio::test]
async fn a_retry_gives_way_to_the_live_job_of_its_key() {
    let world = World::new().await;
    let (intent, live) = world.payment().await;
    let dead = "INSERT INTO job_queue (job_type, status, failed_at, lease_no, idempotency_key)
        VALUES ('verify_payment', 'failed', now(), 7, 'verify_payment:' || $1) RETURNING id";
    let dead: i64 = world.shop.client.query_one(dead, &[&intent.payment_intent_id]).await.unwrap().get(0);
    let refused = world.retry(on(dead)).await;
    assert!(matches!(refused, Err(JobActError::HasALiveTwin(twin)) if twin == live), "{refused:?}");
    assert_eq!(world.state(dead).await, "failed attempts=0 crashes=0 due=t failed=t");
}

#[tokio::test]
async fn a_retried_money_job_leaves_its_case_open_and_says_so() {
    let world = World::new().await;
    let (intent, job) = world.payment().await;
    let fail = "WITH failed AS (UPDATE job_queue SET status = 'failed', failed_at = now(), last_error = 'x', lease_no = 7
                       WHERE id = $1)
        INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($2, 'job_failed', '[]')";
    world.shop.client.execute(fail, &[&job, &intent.payment_intent_id]).await.unwrap();
    let acted = world.retry(on(job)).await.unwrap();
    assert_eq!(acted.open_case_of.as_deref(), Some(intent.payment_intent_id.as_str()));
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_future_job_is_made_due_once() {
    let world = World::new().await;
    let (_, job) = world.payment().await;
    assert!(world.claim().await.is_empty());
    let act = JobAct { lease_no: 0, ..on(job) };
    assert!(!world.run_now(act).await.unwrap().is_repetition);
    assert!(world.run_now(act).await.unwrap().is_repetition);
    assert_eq!(world.audited(job).await.len(), 1);
    assert_eq!(world.claim().await.len(), 1);
    let refused = world.run_now(act).await;
    assert!(matches!(refused, Err(JobActError::HasMoved(JobState::Processing))), "{refused:?}");
}

#[tokio::test]
async fn a_cancelled_question_opens_a_case_and_is_owed_again_when_that_is_resolved() {
    let world = World::new().await;
    let (intent, job) = world.payment().await;
    let act = JobAct { lease_no: 0, ..on(job) };
    let acted = world.cancel(act).await.unwrap();
    assert_eq!(acted.open_case_of.as_deref(), Some(intent.payment_intent_id.as_str()));
    let repeated = world.cancel(act).await.unwrap();
    assert!(repeated.is_repetition && repeated.open_case_of == acted.open_case_of);
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    let evidence = "SELECT detail -> 0 ->> 'kind' FROM review_cases WHERE payment_intent_id = $1";
    let kind: String =
        world.shop.client.query_one(evidence, &[&intent.payment_intent_id]).await.unwrap().get(0);
    assert_eq!(kind, "job_cancelled");
    assert_eq!(world.audited(job).await, ["hari job_cancelled: the gateway is back, pending -> cancelled"]);

    let reaper = world.database.pool_as("stale_job_reaper");
    let mut connection = reaper.connection().await.unwrap();
    let grace = std::time::Duration::ZERO;
    let owed = domain::intents::owe_missing_jobs(&mut connection, grace, 5).await.unwrap();
    assert!(owed.questions.is_empty(), "a person is asked: {owed:?}");
    let decision = domain::review::Decision {
        payment_intent_id: &intent.payment_intent_id,
        case_id: None,
        operator: "hari",
        reason: "go on asking",
    };
    domain::review::dismiss(&mut *world.connection().await, decision).await.unwrap();
    let owed = domain::intents::owe_missing_jobs(&mut connection, grace, 5).await.unwrap();
    assert_eq!(owed.questions, [intent.payment_intent_id]);
}

#[tokio::test]
async fn a_cancelled_job_whose_payload_cannot_be_read_opens_the_case_of_the_payment_in_its_key() {
    let world = World::new().await;
    let (intent, job) = world.payment().await;
    let garble = "UPDATE job_queue SET payload = '{\"payment_intent_id\": 5}' WHERE id = $1";
    world.shop.client.execute(garble, &[&job]).await.unwrap();
    let acted = world.cancel(JobAct { lease_no: 0, ..on(job) }).await.unwrap();
    assert_eq!(acted.open_case_of.as_deref(), Some(intent.payment_intent_id.as_str()));
    assert_eq!(world.shop.cases(&intent).await, [("job_failed".to_owned(), "open".to_owned())]);
    let found = job_control::find(&mut *world.connection().await, job).await.unwrap().unwrap();
    assert_eq!(found.row.payment_intent_id.as_deref(), Some(intent.payment_intent_id.as_str()));
}

#[tokio::test]
async fn a_cancelled_job_that_is_about_no_payment_opens_no_case() {
    let world = World::new().await;
    let job = world.job("pending", None).await;
    assert_eq!(world.cancel(on(job)).await.unwrap().open_case_of, None);
    let cases = "SELECT count(*) FROM review_cases";
    assert_eq!(world.shop.client.query_one(cases, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn of_two_operators_and_a_worker_at_once_each_changes_a_job_at_most_once() {
    let world = World::new().await;
    for _ in 0..10 {
        let job = world.job("failed", Some("x")).await;
        let (one, other) = futures_util::join!(world.retry(on(job)), world.retry(on(job)));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one.is_repetition != other.is_repetition, "{one:?} {other:?}");
        let (cancelled, claimed) = futures_util::join!(world.cancel(on(job)), world.claim());
        let is_claimed = claimed.iter().any(|lease| lease.job_id == job);
        assert!(cancelled.is_ok() != is_claimed, "{cancelled:?} {claimed:?}");
        assert!(world.audited(job).await.len() <= 2);
    }
}

#[tokio::test]
async fn an_act_without_operator_or_reason_changes_nothing() {
    let world = World::new().await;
    let job = world.job("failed", None).await;
    for by in [ByHand { operator: " ", ..BY }, ByHand { reason: "", ..BY }, ByHand { reason: "a\0b", ..BY }] {
        let refused = world.retry(JobAct { by, ..on(job) }).await;
        assert!(matches!(refused, Err(JobActError::Unaccountable(Unaccountable(_)))), "{refused:?}");
    }
    assert!(world.state(job).await.starts_with("failed"));
}

#[tokio::test]
async fn one_job_is_shown_with_its_trace_its_acts_and_nothing_personal() {
    let world = World::new().await;
    let (intent, job) = world.payment().await;
    let personal = "UPDATE job_queue SET payload = payload || '{\"phone\":\"98\",\"note\":\"call 9800000001\"}',
            last_error = 'refused for 9800000001', lease_no = 7,
            trace_context = '{\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}' WHERE id = $1";
    world.shop.client.execute(personal, &[&job]).await.unwrap();
    world.run_now(on(job)).await.unwrap();
    let found = job_control::find(&mut *world.connection().await, job).await.unwrap().unwrap();
    assert_eq!(found.state, JobState::Pending);
    assert_eq!(found.row.payment_intent_id.as_deref(), Some(intent.payment_intent_id.as_str()));
    assert_eq!(found.trace_id.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(found.row.last_error.as_deref(), Some("refused for [masked]"));
    let shown = found.row.payload.to_string();
    assert!(!shown.contains("98") && shown.contains(&intent.payment_intent_id), "{shown}");
    assert_eq!(found.acts[0].action, "job_brought_forward");
    assert!(job_control::find(&mut *world.connection().await, 404_404).await.unwrap().is_none());
}
