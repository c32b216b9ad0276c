//! Everything that a shopper, the merchant's portal or the gateway can do to a payment, and where it must end.

use std::collections::BTreeSet;

use pipeline_tests::Provider::{Esewa, Khalti};

use crate::{
    modes::{Case, case, run_all},
    world::World,
};

fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(Esewa, &[]).does(&["ambiguous"]).ends("verifying"),
        case(Esewa, &[]).does(&["ambiguous", "pay"]),
        case(Khalti, &[]).does(&["fail"]).ends("failed"),
        case(Khalti, &[]).does(&["fail", "pay_late"]),
        case(Khalti, &[]).does(&["expire"]).ends("failed"),
        // Within its grace, eSewa's NOT_FOUND decides nothing.
        case(Esewa, &[]).does(&["expire"]).ends("awaiting_payment"),
    ];
    for provider in [Esewa, Khalti] {
        cases.extend([
            case(provider, &[]).does(&["leave"]).ends("awaiting_payment"),
            case(provider, &[]).does(&["leave", "pay"]),
            case(provider, &[]).does(&["pending"]).ends("verifying"),
            case(provider, &[]).does(&["pending", "pay"]),
            case(provider, &[]).does(&["cancel"]).ends("failed"),
            case(provider, &[]).does(&["cancel", "pay_late"]),
            case(provider, &[]).does(&["expire", "pay_late"]),
            case(provider, &[]).does(&["pay_twice"]),
            case(provider, &[]).does(&["pay", "deliver", "deliver"]),
            case(provider, &[]).does(&["outage", "pay"]).ends("verifying"),
            case(provider, &[]).does(&["outage", "pay", "recover"]),
            // The gateway is asked after the money has moved on.
            case(provider, &["redirect_never"]).does(&["pay", "refund"]).ends("refunded"),
            case(provider, &["redirect_never"]).does(&["pay", "reverse"]).ends("failed"),
            case(provider, &["redirect_never"])
                .does(&["pay", "partial_refund"])
                .ends_under_review("partial_refund"),
        ]);
    }
    cases
}

#[tokio::test]
async fn whatever_is_done_to_a_payment_the_shop_ends_where_the_gateway_does() {
    run_all(cases()).await;
}

#[tokio::test]
async fn every_action_that_the_sandbox_lists_is_done_to_a_payment() {
    let world = World::start().await;
    let vocabulary = world.pipeline.sandbox().vocabulary().await.unwrap();
    let listed: BTreeSet<&str> = vocabulary["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|action| action["name"].as_str().unwrap())
        .collect();
    let cases = cases();
    let done: BTreeSet<&str> = cases.iter().flat_map(|case| case.actions.iter().copied()).collect();
    assert_eq!(listed, done);
    world.close().await;
}
