//! The page that a shopper comes back to.

use browser_tests::{Window, WindowOptions, World, until};
use pipeline_tests::{Program, Provider, Signal};

/// Waits until the page itself says this status.
async fn await_page(window: &Window, status: &str) {
    until(&format!("the page says {status}"), async || {
        let payment = window.find("#payment").await.ok()?;
        (payment.attribute("data-status").await.ok()?.as_deref() == Some(status)).then_some(())
    })
    .await;
}

async fn text(window: &Window) -> String {
    window.find("main").await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn the_number_appears_without_a_reload() {
    let world = World::start().await;
    for provider in Provider::ALL {
        let (shopper, checkout) = world.checkout(provider).await;
        let window = Window::open(WindowOptions::DESK).await.unwrap();
        window.go(&world.status_page(&checkout)).await.unwrap();
        await_page(&window, "awaiting_payment").await;
        window.script("window.isTheSamePage = true", &[]).await.unwrap();

        let returned = world.pay(&shopper, &checkout).await;
        shopper.follow(&returned).await.unwrap();
        await_page(&window, "confirmed").await;

        let number = world.order_number(&checkout).await;
        assert!(text(&window).await.contains(&number));
        assert!(text(&window).await.contains("1,25,000"), "{}", text(&window).await);
        assert_eq!(window.script("return window.isTheSamePage", &[]).await.unwrap(), true);
        assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
        window.close().await.unwrap();
    }
    world.close().await;
}

#[tokio::test]
async fn a_tab_closed_after_paying_and_opened_later_shows_the_order() {
    let world = World::start().await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let window = Window::open(WindowOptions::PHONE).await.unwrap();
    // Paid, and the tab is gone before the gateway's redirect: the question is asked all the same.
    world.pay(&shopper, &checkout).await;
    world.await_status(&shopper, &checkout, "confirmed").await;

    window.go(&world.status_page(&checkout)).await.unwrap();
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    // The redirect, found in the browser's history a day later, changes nothing and says the same.
    window.reload().await.unwrap();
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn without_javascript_the_page_refreshes_itself_until_the_order_is_there() {
    // Only the redirect asks the gateway here.
    let world = World::start_with(&[("RECONCILE__SCHEDULE_SECONDS", "300")]).await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    let options = WindowOptions { runs_scripts: false, ..WindowOptions::PHONE };
    let window = Window::open(options).await.unwrap();
    world.pipeline.signal(Program::OrderWorker(0), Signal::Stop).await.unwrap();
    let returned = world.pay(&shopper, &checkout).await;
    window.go(&returned).await.unwrap();
    await_page(&window, "paid").await;

    world.pipeline.signal(Program::OrderWorker(0), Signal::Continue).await.unwrap();
    await_page(&window, "confirmed").await;
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn a_page_that_waits_outlives_a_restart_of_the_service() {
    let mut world = World::start().await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.status_page(&checkout)).await.unwrap();
    await_page(&window, "awaiting_payment").await;
    window.script("window.isTheSamePage = true", &[]).await.unwrap();

    world.pipeline.kill(Program::PaymentCallback).await.unwrap();
    // Nobody is there to take the redirect: the order is made from the gateway's answer to our own question.
    world.pay(&shopper, &checkout).await;
    world.await_status(&shopper, &checkout, "confirmed").await;
    world.pipeline.restart(Program::PaymentCallback).await.unwrap();

    await_page(&window, "confirmed").await;
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    assert_eq!(window.script("return window.isTheSamePage", &[]).await.unwrap(), true);
    window.close().await.unwrap();
    world.close().await;
}
