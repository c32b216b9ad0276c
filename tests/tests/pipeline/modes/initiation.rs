//! Khalti's initiation fails in every way it can; the same key goes on with the same intent.

use pipeline_tests::{Checkout, Provider};
use serde_json::json;

use crate::world::World;

/// Modes under which no session can be had, with the code that callers get.
const REFUSED: [(&str, u16, &str); 6] = [
    ("initiate_slow", 502, "gateway_unavailable"),
    ("initiate_server_error", 502, "gateway_unavailable"),
    ("initiate_html", 502, "gateway_unavailable"),
    ("initiate_dropped", 502, "gateway_unavailable"),
    ("invalid_token", 502, "gateway_unavailable"),
    ("initiate_refused", 422, "validation_failed"),
];

pub(super) fn driven() -> impl Iterator<Item = (String, String)> {
    let modes = REFUSED.iter().map(|(mode, ..)| *mode).chain(["long_lived_link"]);
    modes.map(|mode| (mode.to_owned(), "khalti".to_owned()))
}

#[tokio::test]
async fn a_gateway_that_opens_no_session_can_be_asked_again_with_the_same_key() {
    let world = World::start_with(&[("GATEWAY__TIMEOUT_MS", "500")]).await;
    let sandbox = world.pipeline.sandbox();
    for (mode, status, code) in REFUSED {
        let variant = world.variant().await;
        let shopper = world.shopper_with(&[(&variant, 1)]).await;
        let version = shopper.cart().await.unwrap()["version"].as_i64().unwrap();
        sandbox.set_defaults(&json!({ "modes": [mode], "slow_ms": 1_000 })).await.unwrap();
        let refused = shopper.ask_for_intent(Provider::Khalti, version, mode).await.unwrap();
        let told = (refused.status.as_u16(), refused.code());
        assert_eq!(told, (status, code.to_owned()), "{mode}: {}", refused.text);
        let goes_on = status == 502;
        assert_eq!(refused.headers.contains_key("retry-after"), goes_on, "{mode}");
        assert_eq!(world.stock(&variant).await.1, i32::from(goes_on), "{mode}");

        sandbox.set_defaults(&json!({ "modes": [] })).await.unwrap();
        let answer = shopper.ask_for_intent(Provider::Khalti, version, mode).await.unwrap();
        let checkout = Checkout::from_answer(Provider::Khalti, answer).unwrap();
        shopper.pay(&checkout).await.unwrap();
        world.await_client_status(&shopper, &checkout, "confirmed").await;
        assert_eq!(world.stock(&variant).await, (999, 0, 1), "{mode}");
    }
    let refused_once = "SELECT count(*) FROM payment_intents WHERE status = 'failed'";
    assert_eq!(world.count(refused_once).await, 1);

    sandbox.set_defaults(&json!({ "modes": ["long_lived_link"] })).await.unwrap();
    let (_, checkout) = world.buy(Provider::Khalti).await;
    assert_eq!(sandbox.payment(&checkout).await.unwrap()["modes"]["modes"], json!(["long_lived_link"]));
    world.close().await;
}
