//! What a case's page offers is what the decisions do: option and decision are compared in every kind of case.

use domain::{
    Connection,
    review::{self, PortalRefund, Resolution, ResolveError, open_file},
};
use test_support::factories::{Intent, Provider};

use crate::world::{World, decision};

/// Why a tried decision was taken back.
enum TakenBack {
    Legal,
    Illegal(ResolveError),
    Schema(schema::Error),
}

impl From<schema::Error> for TakenBack {
    fn from(error: schema::Error) -> Self {
        Self::Schema(error)
    }
}

impl schema::FromSchema for TakenBack {
    fn schema_error(&self) -> Option<&schema::Error> {
        if let Self::Schema(error) = self { Some(error) } else { None }
    }
}

/// Makes a decision and takes it back; the law that refused it, if one did.
async fn tried(
    connection: &mut Connection,
    world: &World,
    intent: &Intent,
    resolution: Resolution,
) -> Option<String> {
    let portal = PortalRefund { portal_reference: "portal-1", amount_minor: 1 };
    let taken_back = schema::transaction(connection, async |connection| {
        let decided = match resolution {
            Resolution::Fulfilled => review::fulfil(connection, decision(intent), 5).await,
            Resolution::Refunded => review::refund(connection, decision(intent), &world.terms).await,
            Resolution::RefundedByHand => {
                review::refunded_by_hand(connection, decision(intent), portal).await
            }
            Resolution::Dismissed => review::dismiss(connection, decision(intent)).await,
        };
        Err::<(), TakenBack>(decided.map_or_else(TakenBack::Illegal, |_| TakenBack::Legal))
    })
    .await;
    match taken_back {
        Err(TakenBack::Legal) => None,
        Err(TakenBack::Illegal(law)) => Some(law.to_string()),
        Err(TakenBack::Schema(error)) => panic!("{error}"),
        Ok(()) => panic!("every try is taken back"),
    }
}

async fn assert_options_are_the_decisions(world: &World, intent: &Intent) -> Vec<Resolution> {
    let pool = world.database.pool_as("admin_console");
    let mut connection = pool.connection().await.unwrap();
    let case = "SELECT id FROM review_cases WHERE payment_intent_id = $1 ORDER BY id DESC LIMIT 1";
    let case: i64 = world.shop.client.query_one(case, &[&intent.payment_intent_id]).await.unwrap().get(0);
    let file = open_file(&mut connection, case, &world.terms).await.unwrap().unwrap();
    assert_eq!(file.options.len(), 4);
    let mut offered = Vec::new();
    for option in file.options {
        let law = tried(&mut connection, world, intent, option.resolution).await;
        let told = option.consequence.as_ref().err().map(ToString::to_string);
        assert_eq!(told, law, "{:?} of {file_case:?}", option.resolution, file_case = file.case);
        if told.is_none() {
            offered.push(option.resolution);
        }
    }
    offered
}

async fn open_case(world: &World, intent: &Intent) {
    let open = "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ($1, 'job_failed', '[]')";
    world.shop.client.execute(open, &[&intent.payment_intent_id]).await.unwrap();
}

#[tokio::test]
async fn every_case_offers_exactly_the_decisions_that_are_legal_for_it() {
    use Resolution::{Dismissed, Fulfilled, Refunded, RefundedByHand};
    let world = World::new().await;

    let late = world.late_without_stock(Provider::Esewa).await;
    assert_eq!(assert_options_are_the_decisions(&world, &late.intent).await, [RefundedByHand, Dismissed]);
    world.set_stock(&late.variant, 2).await;
    let offered = assert_options_are_the_decisions(&world, &late.intent).await;
    assert_eq!(offered, [Fulfilled, RefundedByHand, Dismissed]);
    world.refunded_by_hand(&late.intent, "part", 10_000).await.unwrap();
    assert_eq!(assert_options_are_the_decisions(&world, &late.intent).await, [RefundedByHand, Dismissed]);

    let odd = world.under_review(Provider::Khalti).await;
    let offered = assert_options_are_the_decisions(&world, &odd.intent).await;
    assert_eq!(offered, [Refunded, RefundedByHand, Dismissed]);

    let undecided = world.intent(Provider::Esewa).await;
    world.hear_with(&undecided.intent, &world.impatient()).await;
    assert_eq!(assert_options_are_the_decisions(&world, &undecided.intent).await, [Dismissed]);

    let verified = world.paid(Provider::Khalti).await;
    open_case(&world, &verified.intent).await;
    let offered = assert_options_are_the_decisions(&world, &verified.intent).await;
    assert_eq!(offered, [Fulfilled, Refunded, RefundedByHand]);

    let ordered = world.completed(Provider::Esewa).await;
    open_case(&world, &ordered.intent).await;
    let offered = assert_options_are_the_decisions(&world, &ordered.intent).await;
    assert_eq!(offered, [Fulfilled, RefundedByHand, Dismissed]);

    let refunding = world.refunding().await;
    open_case(&world, &refunding.intent).await;
    let offered = assert_options_are_the_decisions(&world, &refunding.intent).await;
    assert_eq!(offered, [Refunded, RefundedByHand]);

    let unpaid = world.intent(Provider::Khalti).await;
    open_case(&world, &unpaid.intent).await;
    assert_eq!(assert_options_are_the_decisions(&world, &unpaid.intent).await, [Dismissed]);
}

#[tokio::test]
async fn a_resolved_case_offers_nothing_and_its_file_hides_what_is_personal() {
    let world = World::new().await;
    let late = world.late_without_stock(Provider::Khalti).await;
    world.modes(&late.intent, &["refund_refused"]).await;
    world.run_refund().await;
    let id = &late.intent.payment_intent_id;
    let callback = "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
        VALUES ($1, 'khalti', 'return', 'accepted', 'pidx=abc&mobile=9800000001&status=Completed')";
    world.shop.client.execute(callback, &[id]).await.unwrap();
    world.dismiss(&late.intent).await.unwrap();
    let pool = world.database.pool_as("admin_console");
    let mut connection = pool.connection().await.unwrap();
    let case: i64 = world
        .text("SELECT max(id)::text FROM review_cases WHERE payment_intent_id = $1", &late.intent)
        .await
        .parse()
        .unwrap();
    let file = open_file(&mut connection, case, &world.terms).await.unwrap().unwrap();
    assert!(file.options.is_empty());
    assert_eq!(file.payment.amount_minor, 50_000);
    assert_eq!((file.lines.len(), file.verifications.len(), file.callbacks.len()), (1, 1, 1));
    assert!(!file.answers.is_empty() && !file.refunds.is_empty() && !file.acts.is_empty());
    let shown = format!("{file:?}");
    for hidden in ["9800000001", "Sita Rai", "Pokhara"] {
        assert!(!shown.contains(hidden), "{hidden} is shown: {shown}");
    }
    assert!(open_file(&mut connection, 404_404, &world.terms).await.unwrap().is_none());
}

#[tokio::test]
async fn a_decision_about_an_older_case_does_not_end_the_newer_one() {
    let world = World::new().await;
    let ordered = world.completed(Provider::Khalti).await;
    open_case(&world, &ordered.intent).await;
    let newest = "SELECT max(id)::text FROM review_cases WHERE payment_intent_id = $1";
    let first: i64 = world.text(newest, &ordered.intent).await.parse().unwrap();
    world.dismiss(&ordered.intent).await.unwrap();
    open_case(&world, &ordered.intent).await;
    let pool = world.database.pool_as("admin_console");
    let about_the_first = review::Decision { case_id: Some(first), ..decision(&ordered.intent) };
    let refused = review::dismiss(&mut pool.connection().await.unwrap(), about_the_first).await;
    assert!(matches!(refused, Err(ResolveError::AnotherCase { .. })), "{refused:?}");
    assert_eq!(world.cases(&ordered.intent).await, ["job_failed: dismissed", "job_failed"]);
}
