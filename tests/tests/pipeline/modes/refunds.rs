//! Refunds that go wrong: what the call says is not believed, it is not made twice, and a person is asked in time.

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

/// Where a second payment ends, and its open case.
fn end_under(mode: &str) -> (&'static str, Option<&'static str>) {
    match mode {
        "refund_times_out_done" => ("refunded", None),
        "refund_refused" | "paid_by_bank" => ("under_review", Some("refund_failed")),
        _ => ("refunding", None),
    }
}

#[tokio::test]
async fn a_second_payment_goes_back_as_far_as_the_gateway_lets_it() {
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
        let (status, open_case) = end_under(mode);
        world.await_client_status(&shopper, &second, status).await;
        let intent = world.intent(&second.payment_intent_id).await;
        assert_eq!((intent.orders, intent.open_case.as_deref()), (0, open_case), "{mode}");
        let payment = world.pipeline.sandbox().payment(&second).await.unwrap();
        let refunded_minor = if status == "refunded" { payment["paid_minor"].clone() } else { json!(0) };
        assert_eq!(payment["refunded_minor"], refunded_minor, "{mode}");
    }
    world.close().await;
}
