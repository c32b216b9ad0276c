//! Everything that happened to one payment, in order.

use domain::{
    review::{CaseState, ListCases, list_cases},
    story::tell,
};
use test_support::factories::Provider;

use crate::world::World;

#[tokio::test]
async fn a_story_tells_everything_in_order_and_hides_what_is_personal() {
    let world = World::new().await;
    let sale = world.intent(Provider::Khalti).await;
    let id = &sale.intent.payment_intent_id;
    let callback = "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload)
        VALUES ($1, 'khalti', 'return', 'accepted', 'pidx=abc&mobile=9800000001&status=Completed')";
    world.shop.client.execute(callback, &[id]).await.unwrap();
    world.shop.release(&sale.intent, "expired").await;
    world.set_stock(&sale.variant, 0).await;
    world.act(&sale.intent, "pay").await;
    world.hear(&sale.intent).await;
    world.finalize().await;
    world.modes(&sale.intent, &["refund_refused"]).await;
    world.run_refund().await;
    world.refunded_by_hand(&sale.intent, "KH-7", 50_000).await.unwrap();

    let pool = world.database.pool_as("admin_console");
    let mut connection = pool.connection().await.unwrap();
    let entries = tell(&mut connection, id).await.unwrap().unwrap();
    assert!(entries.is_sorted_by_key(|entry| entry.at));
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
    let in_order = [
        "intent_made",
        "callback_received",
        "gateway_answered",
        "refund_requested",
        "refund_sent",
        "case_opened",
        "case_resolved",
        "operator_acted",
    ];
    let mut rest = kinds.iter();
    for kind in in_order {
        assert!(rest.any(|found| *found == kind) || kinds.contains(&kind), "{kind} is not told: {kinds:?}");
    }
    for kind in ["status_changed", "payment_verified", "stock_moved", "job_enqueued", "job_completed"] {
        assert!(kinds.contains(&kind), "{kind} is not told: {kinds:?}");
    }
    let told = serde_json::to_string(&entries.iter().map(|entry| &entry.detail).collect::<Vec<_>>()).unwrap();
    assert!(told.contains("mobile=[masked]"), "{told}");
    for hidden in ["9800000001", "Sita Rai", "Pokhara"] {
        assert!(!told.contains(hidden), "{hidden} is told: {told}");
    }
    assert!(tell(&mut connection, "pi_esewa_nowhere").await.unwrap().is_none());
    world.database.assert_no_violations().await;
}

#[tokio::test]
async fn cases_are_listed_oldest_first_page_by_page() {
    let world = World::new().await;
    let mut sales = Vec::new();
    for _ in 0..3 {
        sales.push(world.late_without_stock(Provider::Esewa).await);
    }
    world.dismiss(&sales[1].intent).await.unwrap();
    let pool = world.database.pool_as("admin_console");
    let mut connection = pool.connection().await.unwrap();
    let page = ListCases::first(Some(CaseState::Open), 1);
    let first = list_cases(&mut connection, page).await.unwrap();
    assert_eq!(first[0].payment_intent_id, sales[0].intent.payment_intent_id);
    let next = list_cases(&mut connection, ListCases { after_id: first[0].id, ..page }).await.unwrap();
    assert_eq!(next[0].payment_intent_id, sales[2].intent.payment_intent_id);
    let all = list_cases(&mut connection, ListCases::first(None, 500)).await;
    let resolutions: Vec<Option<String>> = all.unwrap().into_iter().map(|case| case.resolution).collect();
    assert_eq!(resolutions, [None, Some("dismissed".to_owned()), None]);
}
