//! Every cell of the status table through the database: its trigger and constraints accept each move.

use std::time::Duration;

use domain::{
    Connection,
    orders::finalize::{ToFinalize, finalize},
    payments::{
        QuestionPolicy,
        ask::look_up,
        gateway::{Answer, Asked},
        record_answer::{RecordAnswer, Source, record_answer},
        status::{CaseKind, IntentStatus},
        transitions::{Finding, consequence},
    },
    queue::WorkerId,
};
use serde_json::json;
use test_support::factories::Intent;

use crate::support::{World, refund_terms};

const FINDINGS: [Finding; 6] = [
    Finding::Matches,
    Finding::Odd(CaseKind::UnknownStatus),
    Finding::Unpaid,
    Finding::RefundSeen,
    Finding::Undecided,
    Finding::UndecidedPastGiveUp,
];

/// An intent of a status, with the rows that such an intent has.
async fn intent_of(world: &World, status: IntentStatus, connection: &mut Connection) -> Intent {
    let intent = world.intent().await;
    let open_case =
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'undecided', '[]')";
    match status {
        IntentStatus::Created | IntentStatus::AwaitingPayment => {}
        IntentStatus::Expired | IntentStatus::Superseded | IntentStatus::Failed => {
            world.shop.release(&intent, status.as_str()).await;
        }
        IntentStatus::UnderReview => {
            world.shop.release(&intent, status.as_str()).await;
            world.shop.client.execute(open_case, &[&intent.payment_intent_id]).await.unwrap();
        }
        IntentStatus::Verified => world.shop.verify(&intent).await,
        IntentStatus::Completed => {
            world.shop.verify(&intent).await;
            let worker_id = WorkerId::unique("test");
            let lease = world.claim(&worker_id, "finalize_order", 1).await.remove(0);
            let job = ToFinalize { lease: &lease, payment_intent_id: &intent.payment_intent_id };
            finalize(connection, &worker_id, &[job], &refund_terms()).await.unwrap();
        }
        IntentStatus::Refunding | IntentStatus::Refunded => {
            world.shop.verify(&intent).await;
            world.shop.release(&intent, status.as_str()).await;
            let refund_status =
                if status == IntentStatus::Refunding { "'requested', NULL" } else { "'succeeded', now()" };
            let (id, amount_minor) = (&intent.payment_intent_id, intent.amount_minor);
            world
                .set(&format!(
                    "INSERT INTO refunds (payment_intent_id, amount_minor, idempotency_key, cause, status, settled_at)
                     VALUES ('{id}', {amount_minor}, 'refund:{id}', 'made by a test', {refund_status})"
                ))
                .await;
        }
    }
    intent
}

fn answer_for(finding: Finding, intent: &Intent) -> Answer {
    // The transaction that the factory's verification names: a second answer about the same payment.
    let transaction_id = Some(format!("transaction-{}", intent.payment_intent_id));
    match finding {
        Finding::Matches => Answer::Paid {
            transaction_id,
            amount_minor: intent.amount_minor,
            reference: intent.gateway_reference.clone(),
        },
        Finding::Odd(_) => Answer::UnheardOf { word: "ON_HOLD".to_owned() },
        Finding::Unpaid => Answer::Unpaid { word: "CANCELED".to_owned() },
        Finding::RefundSeen => Answer::Refunded { transaction_id, amount_minor: intent.amount_minor },
        Finding::Undecided | Finding::UndecidedPastGiveUp => Answer::Undecided { word: "PENDING".to_owned() },
    }
}

#[tokio::test]
async fn the_database_accepts_every_move_of_the_status_table() {
    let world = World::new().await;
    let pool = world.database.pool_as("order_worker");
    let mut connection = pool.connection().await.unwrap();
    for status in IntentStatus::ALL.iter().filter(|status| **status != IntentStatus::Created) {
        for finding in FINDINGS {
            let intent = intent_of(&world, *status, &mut connection).await;
            let found = look_up(&mut connection, &intent.payment_intent_id).await.unwrap().unwrap();
            assert_eq!(found.status, status.as_str());
            let is_past = finding == Finding::UndecidedPastGiveUp;
            let policy = QuestionPolicy {
                first_ages: vec![Duration::from_secs(60)],
                give_up_age: if is_past { Duration::ZERO } else { Duration::from_secs(86_400) },
                not_found_grace: Duration::from_secs(900),
                job_attempts_max: 20,
            };
            let asked = Asked { answer: answer_for(finding, &intent), raw_response: json!({}) };
            let command = RecordAnswer {
                intent: &found,
                asked: &asked,
                source: Source::Callback,
                policy: &policy,
                lease: None,
            };
            let recorded = record_answer(&mut connection, command).await;
            let recorded = recorded.unwrap_or_else(|error| panic!("{status:?} {finding:?}: {error}"));
            let open_case = (*status == IntentStatus::UnderReview).then_some(CaseKind::Undecided);
            let expected = consequence(*status, finding, open_case);
            assert_eq!(recorded.finding, finding);
            assert_eq!(recorded.status, expected.status.unwrap_or(*status), "{status:?} {finding:?}");
            assert_eq!(world.shop.status(&intent).await, recorded.status.as_str());
            let cases = world.shop.cases(&intent).await;
            let has_open = cases.iter().any(|(_, case)| case == "open");
            let stays_open = open_case.is_some() && expected.case_end.is_none();
            assert_eq!(has_open, expected.case.is_some() || stays_open, "{status:?} {finding:?}: {cases:?}");
        }
    }
    world.database.assert_no_violations().await;
}
