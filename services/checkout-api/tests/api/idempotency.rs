use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    khalti::Reply,
    server::{PATIENCE, Server, order},
};

const INTENTS: &str = "SELECT count(*) FROM payment_intents";

#[tokio::test]
async fn the_same_key_in_parallel_makes_one_intent_and_one_answer() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 50).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let answers = futures_util::future::join_all((0..20).map(|_| server.pay(&cart, "k", "esewa"))).await;
    for answer in &answers {
        answer.ok(201);
        assert_eq!(answer.text, answers[0].text);
    }
    assert_eq!(server.count(INTENTS).await, 1);
    assert_eq!(server.shop.stock(&tea).await, (48, 2, 0));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_repetition_gets_the_stored_answer_whatever_has_happened_since() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    for provider in ["esewa", "khalti"] {
        let first = server.pay(&cart, provider, provider).await;
        first.ok(201);
        server.execute("UPDATE product_variants SET unit_price_minor = unit_price_minor + 1").await;
        let again = server.pay(&cart, provider, provider).await;
        assert_eq!((again.status.as_u16(), &again.text), (201, &first.text));
        server.execute("UPDATE product_variants SET unit_price_minor = unit_price_minor - 1").await;
    }
    assert_eq!(server.khalti.calls(), 1);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_key_is_one_users_and_one_bodys() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let (cart, other) = (server.shop.cart(&[(&tea, 1)]).await, server.shop.cart(&[(&tea, 1)]).await);
    let first = server.pay(&cart, "k", "esewa").await;
    first.ok(201);
    let mut body = order("esewa", 1);
    body["shipping_address"]["city"] = "Butwal".into();
    server.pay_with(&cart.user_id, "k", &body).await.refused(422, "idempotency_key_reused");
    let others = server.pay(&other, "k", "esewa").await;
    others.ok(201);
    assert_ne!(others.text, first.text);
    let spaced = serde_json::to_string_pretty(&order("esewa", 1)).unwrap();
    let request = server
        .request(reqwest::Method::POST, "/api/checkout/order-intents")
        .bearer_auth(crate::server::token(&cart.user_id))
        .header("Idempotency-Key", "k")
        .header("Content-Type", "application/json")
        .body(spaced);
    assert_eq!(server.send(request).await.text, first.text, "bodies are compared parsed");
}

#[tokio::test]
async fn a_refusal_stores_nothing_under_its_key() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 1).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    server.pay(&cart, "k", "esewa").await.refused(409, "insufficient_stock");
    server.execute(&format!("SELECT set_stock('{tea}', 2, 'delivery')")).await;
    server.pay(&cart, "k", "khalti").await.ok(201);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn after_an_outage_the_same_key_goes_on_with_the_same_intent() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    server.khalti.will([Reply::Outage, Reply::Outage]);
    for _ in 0..2 {
        let refused = server.pay(&cart, "k", "khalti").await;
        refused.refused(502, "gateway_unavailable");
        assert!(refused.retry_after.is_some());
    }
    server.pay(&cart, "k", "esewa").await.refused(422, "idempotency_key_reused");
    let intent = server.pay(&cart, "k", "khalti").await.ok(201);
    assert_eq!(intent["items"][0]["quantity"], 2);
    assert_eq!((server.count(INTENTS).await, server.khalti.calls()), (1, 3));
    assert_eq!(server.shop.stock(&tea).await, (3, 2, 0));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn while_the_gateway_is_asked_a_repetition_is_told_to_wait() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let gate = Arc::new(Semaphore::new(0));
    server.khalti.will([Reply::SessionWhenReleased(Arc::clone(&gate))]);
    let (first, ()) = tokio::join!(server.pay(&cart, "k", "khalti"), async {
        called(&server, 1).await;
        let waiting = server.pay(&cart, "k", "khalti").await;
        waiting.refused(409, "request_in_progress");
        let seconds: u64 = waiting.retry_after.as_ref().unwrap().parse().unwrap();
        assert!((1..=7).contains(&seconds), "{seconds}");
        assert_eq!(server.shop.stock(&tea).await, (3, 2, 0), "held before the gateway answers");
        gate.add_permits(1);
    });
    first.ok(201);
    assert_eq!(server.pay(&cart, "k", "khalti").await.text, first.text);
    assert_eq!(server.khalti.calls(), 1);
    server.assert_no_violations().await;
}

#[tokio::test]
async fn a_request_that_died_at_the_gateway_is_gone_on_with_when_its_lease_is_over() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    // What a crash after the first transaction leaves: an intent without a session, and a lease that runs.
    server.khalti.will([Reply::Outage]);
    server.pay(&cart, "k", "khalti").await.refused(502, "gateway_unavailable");
    server.execute("UPDATE idempotency_keys SET leased_until = now() + interval '1 hour'").await;
    server.pay(&cart, "k", "khalti").await.refused(409, "request_in_progress");
    server.execute("UPDATE idempotency_keys SET leased_until = now() - interval '1 second'").await;
    let answers = futures_util::future::join_all((0..6).map(|_| server.pay(&cart, "k", "khalti"))).await;
    let made = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert!(made >= 1);
    for answer in answers.iter().filter(|answer| answer.status.as_u16() != 201) {
        answer.refused(409, "request_in_progress");
    }
    assert_eq!((server.count(INTENTS).await, server.khalti.calls()), (1, 2));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn the_slower_of_two_sessions_is_lost_and_both_get_one_answer() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let gate = Arc::new(Semaphore::new(0));
    server.khalti.will([Reply::SessionWhenReleased(Arc::clone(&gate))]);
    let (slow, fast) = tokio::join!(server.pay(&cart, "k", "khalti"), async {
        called(&server, 1).await;
        server.execute("UPDATE idempotency_keys SET leased_until = now() - interval '1 second'").await;
        let fast = server.pay(&cart, "k", "khalti").await;
        gate.add_permits(1);
        fast
    });
    fast.ok(201);
    assert_eq!((slow.status, &slow.text), (fast.status, &fast.text));
    assert_eq!(server.khalti.calls(), 2);
    server.assert_no_violations().await;
}

/// The first request comes back to an intent that has ended, while the next one is at the gateway under the same key.
#[tokio::test]
async fn whoever_lost_its_lease_on_a_key_does_not_end_the_next_ones() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let (first, next) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    server.khalti.will([first.clone(), next.clone()].map(Reply::SessionWhenReleased));
    let leased = "SELECT count(*) FROM idempotency_keys WHERE idempotency_key = 'k' AND leased_until > now()";
    let lost = async {
        let lost = server.pay(&cart, "k", "khalti").await;
        let leased = server.count(leased).await;
        next.add_permits(1);
        (lost, leased)
    };
    let held = async {
        called(&server, 1).await;
        server.execute("UPDATE idempotency_keys SET leased_until = now() - interval '1 second'").await;
        server.pay(&cart, "k", "khalti").await
    };
    let superseding = async {
        called(&server, 2).await;
        server.pay(&cart, "another", "esewa").await.ok(201);
        first.add_permits(1);
    };
    let ((lost, leased), held, ()) = tokio::join!(lost, held, superseding);
    lost.refused(409, "request_in_progress");
    held.refused(409, "request_in_progress");
    assert_eq!(leased, 1, "the lease was another's");
    server.assert_no_violations().await;
}

#[tokio::test]
async fn an_intent_that_ended_while_its_key_waited_is_replaced_under_the_same_key() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    server.khalti.will([Reply::Outage]);
    server.pay(&cart, "k", "khalti").await.refused(502, "gateway_unavailable");
    // Its time is up, but nobody has expired it yet.
    server.execute("UPDATE payment_intents SET expires_at = now() - interval '1 second'").await;
    server.pay(&cart, "k", "khalti").await.ok(201);
    let ended = "SELECT count(*) FROM payment_intents WHERE status = 'superseded'";
    assert_eq!((server.count(ended).await, server.count(INTENTS).await), (1, 2));
    assert_eq!(server.shop.stock(&tea).await, (3, 2, 0));
    server.assert_no_violations().await;
}

#[tokio::test]
async fn an_intent_superseded_at_the_gateway_is_not_shown() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let gate = Arc::new(Semaphore::new(0));
    server.khalti.will([Reply::SessionWhenReleased(Arc::clone(&gate))]);
    let (overtaken, newer) = tokio::join!(server.pay(&cart, "first", "khalti"), async {
        called(&server, 1).await;
        let newer = server.pay(&cart, "second", "esewa").await;
        gate.add_permits(1);
        newer
    });
    newer.ok(201);
    overtaken.refused(409, "request_in_progress");
    let references =
        "SELECT count(*) FROM payment_intents WHERE provider = 'khalti' AND gateway_reference IS NULL";
    assert_eq!(server.count(references).await, 1);
    assert_eq!(server.shop.stock(&tea).await, (3, 2, 0));
    server.assert_no_violations().await;
}

/// Waits until Khalti has been called so often.
async fn called(server: &Server, times: usize) {
    let arrived = async {
        while server.khalti.calls() < times {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.unwrap();
}

#[tokio::test]
async fn a_shopper_who_hangs_up_while_the_gateway_is_asked_can_go_on() {
    let server = Server::start().await;
    let tea = server.shop.variant(10_000, 5).await;
    let cart = server.shop.cart(&[(&tea, 2)]).await;
    let gate = Arc::new(Semaphore::new(0));
    server.khalti.will([Reply::SessionWhenReleased(Arc::clone(&gate))]);
    let hanging_up = async {
        called(&server, 1).await;
    };
    tokio::select! {
        _ = server.pay(&cart, "k", "khalti") => panic!("answered before Khalti did"),
        () = hanging_up => {}
    }
    gate.add_permits(1);
    let gone_on = async {
        loop {
            let answer = server.pay(&cart, "k", "khalti").await;
            if answer.status.as_u16() == 201 {
                return;
            }
            answer.refused(409, "request_in_progress");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone_on).await.unwrap();
    assert_eq!(server.count(INTENTS).await, 1);
    assert_eq!(server.shop.stock(&tea).await, (3, 2, 0));
    server.assert_no_violations().await;
}
