//! How the confirmation page follows its payment where the way it likes best is closed.

use browser_tests::{Meddling, Middlebox, Window, WindowOptions, World, until};
use pipeline_tests::{Program, Provider, Signal};

use crate::confirmation::await_page;

/// Until the order is there the page is the same one: what it shows comes from looking again.
#[tokio::test]
async fn where_streams_do_not_come_through_the_page_looks_again_by_itself() {
    for meddling in [Meddling::RefusesStreams, Meddling::HoldsStreamsBack] {
        let world = World::start().await;
        let (shopper, checkout) = world.checkout(Provider::Khalti).await;
        let callback = world.pipeline.address(Program::PaymentCallback).unwrap();
        let middlebox = Middlebox::before(callback, meddling).await.unwrap();
        let window = Window::open(WindowOptions::PHONE).await.unwrap();
        let page = format!("{}/payment/status/{}", middlebox.url(), checkout.payment_intent_id);
        window.go(&page).await.unwrap();
        await_page(&window, "awaiting_payment").await;
        window.script("window.isTheSamePage = true", &[]).await.unwrap();
        until("the page asked for a stream", async || (middlebox.streams_seen() > 0).then_some(())).await;

        let returned = world.pay(&shopper, &checkout).await;
        shopper.follow(&returned).await.unwrap();
        await_page(&window, "confirmed").await;
        let number = world.order_number(&checkout).await;
        let shown = window.find("main").await.unwrap().text().await.unwrap();
        assert!(shown.contains(&number), "{meddling:?}: {shown}");
        assert_eq!(window.script("return window.isTheSamePage", &[]).await.unwrap(), true, "{meddling:?}");
        window.close().await.unwrap();
        world.close().await;
    }
}

/// Some browsers keep a page that was left, and show it again as it was, script and all.
#[tokio::test]
async fn a_page_that_comes_back_as_it_was_left_asks_again_where_the_payment_stands() {
    // Only the redirect asks the gateway here.
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "300")]).await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let callback = world.pipeline.address(Program::PaymentCallback).unwrap();
    let middlebox = Middlebox::before(callback, Meddling::LetsPagesBeKept).await.unwrap();
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    world.pipeline.signal(Program::OrderWorker(0), Signal::Stop).await.unwrap();
    let returned = world.pay(&shopper, &checkout).await;
    shopper.follow(&returned).await.unwrap();
    let page = format!("{}/payment/status/{}", middlebox.url(), checkout.payment_intent_id);
    window.go(&page).await.unwrap();
    await_page(&window, "paid").await;
    let watch = "window.addEventListener('pageshow', event => { window.cameBackAsItWas = event.persisted; })";
    window.script(watch, &[]).await.unwrap();
    until("the page follows a stream", async || (middlebox.streams_seen() > 0).then_some(())).await;
    window.go(&world.shop_url("")).await.unwrap();

    world.pipeline.signal(Program::OrderWorker(0), Signal::Continue).await.unwrap();
    world.await_status(&shopper, &checkout, "confirmed").await;
    window.back().await.unwrap();
    await_page(&window, "confirmed").await;
    let came_back = "return window.cameBackAsItWas
        || JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)";
    assert_eq!(window.script(came_back, &[]).await.unwrap(), true);
    window.close().await.unwrap();
    world.close().await;
}
