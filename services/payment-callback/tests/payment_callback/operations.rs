//! What operators rely on.

use domain::payments::gateway::Provider;

use crate::world::world;

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_and_questions_are_counted() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let url = world.redirect_after(&intent, "pay").await;
    world.open(&url).await;
    world.open(&format!("{}?pidx=another", world.callback_url(&intent))).await;
    let figures = world.client.get(world.at("/metrics")).send().await.unwrap().text().await.unwrap();
    for figure in [
        r#"payment_callbacks_total{kind="return",provider="khalti",verdict="accepted"}"#,
        r#"payment_callbacks_total{kind="return",provider="khalti",verdict="invalid"}"#,
        r#"gateway_call_duration_seconds_count{call="ask",outcome="paid",provider="khalti"}"#,
        r#"payment_callback_duration_seconds_count{kind="return",provider="khalti",verdict="accepted"}"#,
    ] {
        assert!(figures.contains(figure), "{figure} is missing in\n{figures}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ready_service_says_so() {
    let world = world().await;
    let ready = world.client.get(world.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200, "{}", ready.text().await.unwrap());
    world.finish().await;
}
