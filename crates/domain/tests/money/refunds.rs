//! A refund leaves at most once, and is believed when the gateway's books show it.

use std::time::Duration;

use domain::{
    jobs::{Job, RefundPayment},
    payments::{status::IntentStatus, verify::Questions},
    refunds::{RefundRun, refund_payment},
};
use tokio_util::sync::CancellationToken;

use crate::world::World;

const CASE_OPEN: &[&str] = &["refund_failed"];

#[tokio::test]
async fn a_refund_is_sent_once_and_succeeds_when_the_lookup_says_so() {
    let world = World::new().await;
    let sale = world.refunding().await;
    assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded));
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    assert_eq!(world.refunds(&sale.intent).await, ["succeeded 50000"]);
    let jobs = "SELECT status FROM job_queue WHERE job_type = 'refund_payment'";
    assert_eq!(world.shop.client.query_one(jobs, &[]).await.unwrap().get::<_, String>(0), "completed");
    world.database.assert_no_violations().await;
}

/// A worker dies between the commit of `sent_at` and the call: nobody sends it again, a person is asked.
#[tokio::test]
async fn a_refund_marked_as_sent_and_never_sent_is_only_looked_up_and_becomes_a_case() {
    let world = World::new().await;
    let sale = world.refunding().await;
    let died = "UPDATE refunds SET sent_at = now() WHERE payment_intent_id = $1";
    world.shop.client.execute(died, &[&sale.intent.payment_intent_id]).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(world.run_refund().await, RefundRun::Waiting { .. }));
    }
    assert_eq!(world.refunds_made(&sale.intent).await, 0);
    assert!(world.cases(&sale.intent).await.is_empty());

    let late = Questions { policy: world.impatient(), ..world.questions.clone() };
    assert!(matches!(world.run_refund_with(&late).await, RefundRun::Waiting { .. }));
    assert!(matches!(world.run_refund_with(&late).await, RefundRun::Waiting { .. }));
    assert_eq!(world.shop.status(&sale.intent).await, "refunding");
    assert_eq!(world.cases(&sale.intent).await, CASE_OPEN);
    assert_eq!(world.refunds_made(&sale.intent).await, 0);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_call_that_timed_out_after_the_refund_was_made_is_settled_by_lookup() {
    let world = World::new().await;
    let sale = world.refunding().await;
    world.modes(&sale.intent, &["refund_times_out_done"]).await;
    assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded));
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_call_that_timed_out_undone_or_was_only_claimed_is_never_repeated() {
    for mode in ["refund_times_out_undone", "refund_claimed_undone", "refund_server_error"] {
        let world = World::new().await;
        let sale = world.refunding().await;
        world.modes(&sale.intent, &[mode]).await;
        assert!(matches!(world.run_refund().await, RefundRun::Waiting { .. }), "{mode}");
        // From now on a second call would be granted; none comes.
        world.modes(&sale.intent, &[]).await;
        let late = Questions { policy: world.impatient(), ..world.questions.clone() };
        assert!(matches!(world.run_refund_with(&late).await, RefundRun::Waiting { .. }), "{mode}");
        assert_eq!(world.refunds_made(&sale.intent).await, 0, "{mode}");
        assert_eq!(world.refunds(&sale.intent).await, ["requested 50000"], "{mode}");
        assert_eq!(world.cases(&sale.intent).await, CASE_OPEN, "{mode}");

        // The merchant does it in the portal, and the next lookup ends refund, case and job.
        world.act(&sale.intent, "refund").await;
        assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded), "{mode}");
        assert_eq!(world.refunds(&sale.intent).await, ["succeeded 50000"], "{mode}");
        assert_eq!(world.cases(&sale.intent).await, ["refund_failed: refunded"], "{mode}");
        world.database.assert_no_violations().await;
    }
}

#[tokio::test]
async fn a_refused_refund_is_failed_and_a_person_is_asked_in_one_transaction() {
    for mode in ["refund_refused", "paid_by_bank"] {
        let world = World::new().await;
        let sale = world.refunding().await;
        world.modes(&sale.intent, &[mode]).await;
        assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::UnderReview), "{mode}");
        assert_eq!(world.refunds(&sale.intent).await, ["failed 50000"], "{mode}");
        assert_eq!(world.cases(&sale.intent).await, CASE_OPEN, "{mode}");
        let kept = "SELECT gateway_reply FROM refunds WHERE payment_intent_id = $1";
        assert!(world.text(kept, &sale.intent).await.starts_with("refused: "), "{mode}");
        world.database.assert_no_violations().await;

        // The operator asks again, under a key of its own.
        world.modes(&sale.intent, &[]).await;
        world.refund(&sale.intent).await.unwrap();
        assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded), "{mode}");
        assert_eq!(world.refunds(&sale.intent).await, ["failed 50000", "succeeded 50000"], "{mode}");
        assert_eq!(world.cases(&sale.intent).await, ["refund_failed: refunded"], "{mode}");
        world.database.assert_no_violations().await;
    }
}

#[tokio::test]
async fn nothing_is_sent_while_the_gateway_does_not_say_that_the_money_is_there() {
    for mode in ["answer_server_error", "says_pending", "answer_html"] {
        let world = World::new().await;
        let sale = world.refunding().await;
        world.modes(&sale.intent, &[mode]).await;
        assert!(matches!(world.run_refund().await, RefundRun::Waiting { .. }), "{mode}");
        assert_eq!(world.refunds_made(&sale.intent).await, 0, "{mode}");
        let sent = "SELECT sent_at::text FROM refunds WHERE payment_intent_id = $1";
        assert_eq!(world.text(sent, &sale.intent).await, "", "{mode}");
        world.modes(&sale.intent, &[]).await;
        assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded), "{mode}");
        assert_eq!(world.refunds_made(&sale.intent).await, 1, "{mode}");
        world.database.assert_no_violations().await;
    }
}

#[tokio::test]
async fn what_was_refunded_in_the_portal_meanwhile_is_not_refunded_again() {
    let world = World::new().await;
    let sale = world.refunding().await;
    world.act(&sale.intent, "refund").await;
    assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded));
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    assert_eq!(world.refunds(&sale.intent).await, ["succeeded 50000"]);
    world.database.assert_no_violations().await;
}

/// Whoever lost the lease before sending sends nothing, and a stopped call is not repeated by who comes after.
#[tokio::test]
async fn a_lost_lease_sends_nothing_and_a_stopped_worker_leaves_its_job_held() {
    let world = World::new().await;
    let sale = world.refunding().await;
    let lease = world.claim(RefundPayment::JOB_TYPE).await.remove(0);
    let rescued = "UPDATE job_queue SET lease_no = lease_no + 1 WHERE id = $1";
    world.shop.client.execute(rescued, &[&lease.job_id]).await.unwrap();
    let stop = CancellationToken::new();
    let run = refund_payment(&world.questions, &sale.intent.payment_intent_id, &lease, &stop);
    assert_eq!(run.await.unwrap(), RefundRun::LeaseLost);
    assert_eq!(world.refunds_made(&sale.intent).await, 0);

    let back = "UPDATE job_queue SET lease_no = lease_no - 1 WHERE id = $1";
    world.shop.client.execute(back, &[&lease.job_id]).await.unwrap();
    stop.cancel();
    let run = refund_payment(&world.questions, &sale.intent.payment_intent_id, &lease, &stop);
    assert_eq!(run.await.unwrap(), RefundRun::Stopped);
    assert_eq!(world.refunds_made(&sale.intent).await, 0);
    world.database.assert_no_violations().await;
}

/// Where another worker gets the job, in the middle of a run.
#[derive(Debug, Clone, Copy)]
enum LostAfter {
    /// The gateway is asked, and its answer is not heard yet.
    Question,
    /// So many answers of lookups are recorded.
    Answers(u32),
}

impl LostAfter {
    /// Has the database give the job away at that moment.
    async fn arrange(self, world: &World) {
        let (event, is_now) = match self {
            Self::Question => ("UPDATE OF last_asked_at ON payment_intents", "true".to_owned()),
            Self::Answers(count) => (
                "INSERT ON payment_intent_events",
                format!(
                    "(SELECT count(*) FROM payment_intent_events WHERE cause = 'refund_lookup') = {count}"
                ),
            ),
        };
        let arrange = format!(
            "CREATE FUNCTION give_job_away() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF {is_now} THEN
                     UPDATE job_queue SET lease_no = lease_no + 1 WHERE job_type = 'refund_payment';
                 END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER give_job_away AFTER {event} FOR EACH ROW EXECUTE FUNCTION give_job_away()"
        );
        world.shop.client.batch_execute(&arrange).await.unwrap();
    }
}

/// Each step looks once more whether the job is held: what comes after the loss is another worker's to do.
#[tokio::test]
async fn a_lease_lost_between_two_steps_ends_the_refund_there() {
    let steps: [(_, &[&str], _, _, _); 4] = [
        (LostAfter::Question, &[], 0, 0, "requested 50000"),
        (LostAfter::Answers(1), &[], 1, 0, "requested 50000"),
        (LostAfter::Answers(2), &["refund_refused"], 2, 0, "requested 50000"),
        (LostAfter::Answers(2), &[], 2, 1, "succeeded 50000"),
    ];
    for (lost_after, modes, answers, sent, refund) in steps {
        let world = World::new().await;
        let sale = world.refunding().await;
        world.modes(&sale.intent, modes).await;
        lost_after.arrange(&world).await;
        let at = format!("{lost_after:?} {modes:?}");
        assert_eq!(world.run_refund().await, RefundRun::LeaseLost, "{at}");
        let heard = "SELECT count(*)::text FROM payment_intent_events
            WHERE payment_intent_id = $1 AND cause = 'refund_lookup'";
        assert_eq!(world.text(heard, &sale.intent).await, answers.to_string(), "{at}");
        assert_eq!(world.refunds_made(&sale.intent).await, sent, "{at}");
        assert_eq!(world.refunds(&sale.intent).await, [refund], "{at}");
        assert!(world.cases(&sale.intent).await.is_empty(), "{at}");
        world.database.assert_no_violations().await;
    }
}

/// The other run has committed that it sends, after this one saw that nobody had.
#[tokio::test]
async fn what_another_run_has_sent_meanwhile_is_not_sent_again() {
    let world = World::new().await;
    let sale = world.refunding().await;
    let send_meanwhile = "CREATE FUNCTION send_meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             UPDATE refunds SET sent_at = now() WHERE sent_at IS NULL;
             RETURN NULL;
         END $$;
         CREATE TRIGGER send_meanwhile AFTER INSERT ON payment_intent_events
             FOR EACH ROW EXECUTE FUNCTION send_meanwhile()";
    world.shop.client.batch_execute(send_meanwhile).await.unwrap();
    assert!(matches!(world.run_refund().await, RefundRun::Waiting { .. }));
    assert_eq!(world.refunds_made(&sale.intent).await, 0);
    assert_eq!(world.refunds(&sale.intent).await, ["requested 50000"]);
    world.database.assert_no_violations().await;
}

/// Two workers that both believe to hold the job. Half of the payment is left to refund, so the gateway would grant
/// a second call as well.
#[tokio::test]
async fn two_runs_of_one_refund_make_one_call() {
    let world = World::new().await;
    let sale = world.refunding().await;
    world.modes(&sale.intent, &["refund_refused"]).await;
    world.run_refund().await;
    world.refunded_by_hand(&sale.intent, "KH-1", 25_000).await.unwrap();
    world.refund(&sale.intent).await.unwrap();
    world.modes(&sale.intent, &[]).await;
    let lease = world.claim(RefundPayment::JOB_TYPE).await.remove(0);
    let (id, stop) = (&sale.intent.payment_intent_id, CancellationToken::new());
    let run = || refund_payment(&world.questions, id, &lease, &stop);
    let (first, second) = futures_util::join!(run(), run());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(world.refunds_made(&sale.intent).await, 1);
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn a_refund_without_a_job_gets_one_from_the_sweep() {
    let world = World::new().await;
    let sale = world.refunding().await;
    world.shop.client.execute("DELETE FROM job_queue WHERE job_type = 'refund_payment'", &[]).await.unwrap();
    let pool = world.database.pool_as("stale_job_reaper");
    let owed =
        domain::intents::owe_missing_jobs(&mut pool.connection().await.unwrap(), Duration::ZERO, 5).await;
    assert_eq!(owed.unwrap().refunds, std::slice::from_ref(&sale.intent.payment_intent_id));
    assert_eq!(world.run_refund().await, RefundRun::Ended(IntentStatus::Refunded));
    world.database.assert_no_violations().await;
}
