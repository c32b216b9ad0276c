//! A database that goes away and comes back.

use pipeline_tests::{Program, Provider};
use reqwest::Method;
use test_support::TestDatabase;

use crate::{
    gate::Gate,
    world::{World, until},
};

const SERVICES: [Program; 4] =
    [Program::CheckoutApi, Program::PaymentCallback, Program::OrderWorker(0), Program::StaleJobReaper];

async fn readiness(world: &World, program: Program) -> u16 {
    let url = format!("http://{}/readyz", world.pipeline.address(program).unwrap());
    world.pipeline.http().get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_database_that_is_down_gives_503_and_every_service_recovers_by_itself() {
    let database = TestDatabase::create().await;
    let mut url = url::Url::parse(database.url()).unwrap();
    let server = url.socket_addrs(|| Some(5432)).unwrap()[0];
    let gate = Gate::before(server).await;
    url.set_port(Some(gate.address().port())).unwrap();
    let world = World::start_at(database, url.as_str(), &[]).await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    shopper.open_payment_page(&checkout).await.unwrap();
    let redirects = shopper.at_gateway(&checkout, "pay").await.unwrap();

    gate.shut();
    let version = 1;
    let refusals = [
        shopper.send(shopper.request(Method::GET, "/api/cart")).await.unwrap(),
        shopper.send(shopper.request(Method::GET, "/api/products")).await.unwrap(),
        shopper.ask_for_intent(Provider::Khalti, version, "during-the-outage").await.unwrap(),
        // Not stored, so not acknowledged.
        shopper.follow(&redirects[0]).await.unwrap(),
    ];
    for refused in refusals {
        let told = (refused.status.as_u16(), refused.code());
        assert_eq!(told, (503, "service_unavailable".to_owned()), "{}", refused.text);
        assert!(refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    }
    for program in SERVICES {
        until(&format!("{program} says that it is not ready"), async || {
            (readiness(&world, program).await == 503).then_some(())
        })
        .await;
    }

    gate.open();
    for program in SERVICES {
        until(&format!("{program} is ready again"), async || {
            (readiness(&world, program).await == 200).then_some(())
        })
        .await;
    }
    assert!(shopper.follow(&redirects[0]).await.unwrap().status.is_success());
    world.await_client_status(&shopper, &checkout, "confirmed").await;
    world.buy(Provider::Khalti).await;
    world.close().await;
}
