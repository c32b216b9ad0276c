//! What a checkout works with, and what a shopper asks of it.

use std::time::Duration;

use domain::{
    checkout::{Checkout, CreateIntent, ShippingAddress, Terms},
    payments::gateway::Provider,
    queue::Waker,
};

use crate::world::World;

pub(crate) fn checkout(world: &World) -> Checkout {
    Checkout {
        pool: world.database.pool_as("checkout_api"),
        waker: Waker::default(),
        gateways: world.gateways(),
        terms: Terms {
            intent_ttl: Duration::from_secs(1800),
            gateway_timeout: Duration::from_secs(5),
            first_question_after: Duration::from_secs(60),
            job_attempts_max: 5,
        },
        write_answer: |started| serde_json::to_vec(&started.payment_intent_id),
    }
}

pub(crate) fn command(user_id: &str, key: &str, provider: Provider, cart_version: i64) -> CreateIntent {
    CreateIntent {
        user_id: user_id.to_owned(),
        idempotency_key: key.to_owned(),
        provider,
        cart_version,
        shipping_address: ShippingAddress {
            full_name: "Sita Rai".to_owned(),
            phone: "9800000001".to_owned(),
            line1: "Lakeside 6".to_owned(),
            line2: None,
            city: "Pokhara".to_owned(),
            province: "Gandaki".to_owned(),
            country: "NP".to_owned(),
        },
    }
}
