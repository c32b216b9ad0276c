//! Refunds that go wrong. Nothing is given back by itself yet: money that can become no order is shown to a person,
//! and a gateway that mistreats refunds is not asked for one.

use pipeline_tests::Provider;
use serde_json::json;

use crate::world::World;

pub(super) const MODES: [&str; 6] = [
    "refund_times_out_done",
    "refund_times_out_undone",
    "refund_refused",
    "refund_server_error",
    "refund_claimed_undone",
    "paid_by_bank",
];

#[tokio::test]
async fn a_second_payment_is_reviewed_however_the_gateway_treats_refunds() {
    let world = World::start().await;
    for mode in MODES {
        let (shopper, second) = world.checkout(Provider::Khalti).await;
        let modes = json!({ "modes": [mode], "slow_ms": 500 });
        world.pipeline.sandbox().set_modes(&second, &modes).await.unwrap();
        shopper.open_payment_page(&second).await.unwrap();
        let first = shopper.checkout(Provider::Esewa).await.unwrap();
        shopper.pay(&first).await.unwrap();
        world.await_client_status(&shopper, &first, "confirmed").await;

        let redirects = shopper.at_gateway(&second, "pay").await.unwrap();
        shopper.follow(&redirects[0]).await.unwrap();
        world.await_client_status(&shopper, &second, "under_review").await;
        let intent = world.intent(&second.payment_intent_id).await;
        assert_eq!((intent.orders, intent.open_case.as_deref()), (0, Some("second_payment")), "{mode}");
        let payment = world.pipeline.sandbox().payment(&second).await.unwrap();
        assert_eq!((&payment["status"], &payment["refunded_minor"]), (&json!("paid"), &json!(0)), "{mode}");
    }
    world.close().await;
}
