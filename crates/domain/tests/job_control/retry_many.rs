//! Many failed jobs at once: the count that was shown is the count done, or the answer says what differed.

use domain::job_control::{
    self, CountedFailures, FailureFilter, RETRIED_TOGETHER_MAX, RetryMany, RetryManyOutcome,
};

use crate::world::{BY, World, on};

fn shoes() -> FailureFilter {
    FailureFilter { error: Some("no shoes".to_owned()), ..FailureFilter::default() }
}

async fn count(world: &World) -> CountedFailures {
    job_control::count_failures(&mut *world.connection().await, &shoes()).await.unwrap()
}

async fn retry_counted(world: &World, counted: CountedFailures) -> RetryManyOutcome {
    let filter = shoes();
    let act = RetryMany { filter: &filter, counted, by: BY };
    job_control::retry_many(&mut *world.connection().await, act).await.unwrap()
}

#[tokio::test]
async fn the_jobs_that_were_counted_are_retried_once_and_each_is_audited() {
    let world = World::new().await;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(world.job("failed", Some("no shoes today")).await);
    }
    let other = world.job("failed", Some("no laces")).await;
    let counted = count(&world).await;
    assert_eq!((counted.count, counted.are_more, counted.oldest_id), (5, false, jobs[0]));
    let late = world.job("failed", Some("no shoes either")).await;

    let outcome = retry_counted(&world, counted).await;
    let all = RetryManyOutcome { retried: 5, left_to_a_twin: 0, moved_on: 0, open_cases: 0 };
    assert_eq!(outcome, all);
    for job in jobs {
        assert_eq!(world.state(job).await, "pending attempts=0 crashes=0 due=t failed=f");
        assert_eq!(world.audited(job).await, ["hari job_retried: the gateway is back, failed -> pending"]);
    }
    for left_alone in [other, late] {
        assert!(world.state(left_alone).await.starts_with("failed"));
    }
    let repeated = retry_counted(&world, counted).await;
    assert_eq!(repeated, RetryManyOutcome { retried: 0, moved_on: 5, ..all });
}

#[tokio::test]
async fn what_differs_from_the_count_is_said() {
    let world = World::new().await;
    let (intent, _) = world.payment().await;
    let twin = "INSERT INTO job_queue (job_type, status, failed_at, last_error, idempotency_key)
        VALUES ('verify_payment', 'failed', now(), 'no shoes', 'verify_payment:' || $1)";
    world.shop.client.execute(twin, &[&intent.payment_intent_id]).await.unwrap();
    let same_key = "INSERT INTO job_queue (job_type, status, failed_at, last_error, idempotency_key)
        SELECT 'finalize_order', 'failed', now(), 'no shoes', 'finalize_order:' || $1 FROM generate_series(1, 2)";
    world.shop.client.execute(same_key, &[&intent.payment_intent_id]).await.unwrap();
    let case = "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'job_failed', '[]')";
    world.shop.client.execute(case, &[&intent.payment_intent_id]).await.unwrap();
    let mine = world.job("failed", Some("no shoes")).await;
    let counted = count(&world).await;
    assert_eq!(counted.count, 4);
    world.retry(on(mine)).await.unwrap();
    let outcome = retry_counted(&world, counted).await;
    assert_eq!(outcome, RetryManyOutcome { retried: 1, left_to_a_twin: 2, moved_on: 1, open_cases: 1 });
}

#[tokio::test]
async fn a_thousand_are_retried_together_and_a_second_click_does_not_take_the_rest() {
    let world = World::new().await;
    let many = "INSERT INTO job_queue (job_type, status, failed_at, last_error)
        SELECT 'mend_shoes', 'failed', now(), 'no shoes' FROM generate_series(1, 1500)";
    world.shop.client.execute(many, &[]).await.unwrap();
    let counted = count(&world).await;
    assert_eq!((counted.count, counted.are_more), (RETRIED_TOGETHER_MAX, true));
    let (one, other) = futures_util::join!(retry_counted(&world, counted), retry_counted(&world, counted));
    assert_eq!(one.retried + other.retried, 1000);
    assert_eq!(one.moved_on + other.moved_on, 1000);
    let rest = count(&world).await;
    assert_eq!((rest.count, rest.are_more), (500, false));
    assert_eq!(retry_counted(&world, rest).await.retried, 500);
}

#[tokio::test]
async fn two_operators_one_with_one_job_and_one_with_many_retry_it_once() {
    let world = World::new().await;
    for _ in 0..5 {
        let job = world.job("failed", Some("no shoes")).await;
        let counted = count(&world).await;
        let (many, one) = futures_util::join!(retry_counted(&world, counted), world.retry(on(job)));
        let by_hand = i64::from(!one.unwrap().is_repetition);
        assert_eq!(many.retried + by_hand, 1);
        assert_eq!(world.audited(job).await.len(), 1);
        world.claim().await;
    }
}
