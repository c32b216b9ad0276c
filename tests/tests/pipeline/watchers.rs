//! Pages and programs that follow a payment to its end.

use std::time::Duration;

use pipeline_tests::{Checkout, Provider};
use reqwest::{Method, RequestBuilder, header};
use tokio::time::timeout;

use crate::world::{SOON, World};

/// Reads a stream to its end, and returns the statuses it told, in order.
async fn statuses_told(request: RequestBuilder) -> Vec<String> {
    let answer = request.header(header::ACCEPT, "text/event-stream").timeout(SOON).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let text = answer.text().await.unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    let status = |data: &str| {
        serde_json::from_str::<serde_json::Value>(data).unwrap()["status"].as_str().unwrap().to_owned()
    };
    data.map(status).collect()
}

#[tokio::test]
async fn streams_tell_every_change_and_close_when_the_order_is_there() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        shopper.open_payment_page(&checkout).await.unwrap();
        let Checkout { payment_intent_id, .. } = &checkout;
        let own = format!("/api/orders/check-status/stream?payment_intent_id={payment_intent_id}");
        let public = format!("{}/payment/status/{payment_intent_id}/stream", world.pipeline.callback_url());
        let followed = async {
            tokio::join!(
                statuses_told(shopper.request(Method::GET, &own)),
                statuses_told(world.pipeline.http().get(public)),
            )
        };
        let paid = async {
            let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
            shopper.follow(&redirects[0]).await.unwrap();
        };
        let ((own, public), ()) =
            timeout(SOON + Duration::from_secs(5), async { tokio::join!(followed, paid) }).await.unwrap();
        for told in [own, public] {
            assert_eq!(told.last().map(String::as_str), Some("confirmed"), "{told:?}");
            let mut once = told.clone();
            once.dedup();
            assert_eq!(once, told, "a status was told twice");
        }
    }
    world.close().await;
}

#[tokio::test]
async fn a_browser_gets_a_page_that_says_where_the_payment_stands() {
    let world = World::start().await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    shopper.open_payment_page(&checkout).await.unwrap();
    let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();
    let browser = |url: &str| world.pipeline.http().get(url).header(header::ACCEPT, "text/html");
    let returned = shopper.send(browser(&redirects[0])).await.unwrap();
    assert_eq!(returned.status, 200);
    assert!(returned.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(returned.headers["referrer-policy"], "no-referrer");
    assert_eq!(returned.headers["cache-control"], "no-store");
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    let page = format!("{}/payment/status/{}", world.pipeline.callback_url(), checkout.payment_intent_id);
    let status = shopper.status(&checkout.payment_intent_id).await.unwrap();
    let page = shopper.send(browser(&page)).await.unwrap();
    assert!(page.text.contains(status["order_number"].as_str().unwrap()), "{}", page.text);
    assert!(!page.text.contains("Asha"), "the page says who bought");
    world.close().await;
}
