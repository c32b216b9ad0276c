//! Nobody is kept out of a page: axe-core finds nothing serious, in light and dark, on a desk and on a phone.

use browser_tests::{Colours, Finding, STANDINGS, Window, WindowOptions, World};
use pipeline_tests::Provider;

use crate::shop::{add, await_badge};

/// A page all told: HTML, style, scripts and pictures.
const WEIGHT_MAX_BYTES: u64 = 60_000;

/// Checks the page as it is shown now.
pub(crate) async fn assert_accessible(window: &Window, what: &str) {
    for colours in Colours::ALL {
        window.prefer(colours).await.unwrap();
        let found = window.accessibility().await.unwrap();
        let serious: Vec<String> = found.iter().filter(|f| f.is_serious()).map(Finding::to_string).collect();
        assert!(serious.is_empty(), "{what} in {} colours:\n{}", colours.word(), serious.join("\n"));
    }
}

/// Opens the page as somebody who was never there, and checks its weight and whom it keeps out.
pub(crate) async fn assert_fit(window: &Window, url: &str, what: &str) {
    let bytes = window.weigh(url).await.unwrap();
    println!("{what}: {bytes} bytes");
    assert!(bytes > 0, "the weight of {what} was not seen");
    assert!(bytes < WEIGHT_MAX_BYTES, "{what} weighs {bytes} bytes");
    assert_accessible(window, what).await;
    assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new(), "{what}");
}

#[tokio::test]
async fn the_checker_finds_what_is_wrong() {
    let world = World::start().await;
    let (_, checkout) = world.checkout(Provider::Esewa).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.status_page(&checkout)).await.unwrap();
    window.prefer(Colours::Light).await.unwrap();
    window.script("document.querySelector('p').style.color = '#999999'", &[]).await.unwrap();
    let found = window.accessibility().await.unwrap();
    assert!(found.iter().any(|f| f.rule == "color-contrast" && f.is_serious()), "{found:?}");
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn the_confirmation_page_is_fit_for_everybody_wherever_the_payment_stands() {
    let world = World::start().await;
    let desk = Window::open(WindowOptions::DESK).await.unwrap();
    let phone = Window::open(WindowOptions::PHONE).await.unwrap();
    for standing in STANDINGS {
        let checkout = world.payment_that_is(standing).await;
        let page = world.status_page(&checkout);
        for window in [&desk, &phone] {
            assert_fit(window, &page, &format!("the confirmation page, {standing}")).await;
            let shown = window.find("#payment").await.unwrap().attribute("data-status").await.unwrap();
            assert_eq!(shown.as_deref(), Some(standing));
        }
        if standing == "paid" {
            world.thaw().await;
        }
    }
    desk.close().await.unwrap();
    phone.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn the_gateways_pages_are_fit_for_everybody() {
    let world = World::start().await;
    let window = Window::open(WindowOptions::PHONE).await.unwrap();
    assert_fit(&window, &format!("{}/", world.pipeline.sandbox_url()), "the sandbox without payments").await;
    for provider in Provider::ALL {
        let (_, checkout) = world.checkout(provider).await;
        let page = world.payment_page(&checkout);
        assert_fit(&window, &page, &format!("the page of {}", provider.word())).await;
    }
    assert_fit(&window, &format!("{}/", world.pipeline.sandbox_url()), "the sandbox with payments").await;
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn the_shop_is_fit_for_everybody() {
    let world = World::start().await;
    world.sell("Ilam tea", 5).await;
    for options in [WindowOptions::DESK, WindowOptions::PHONE] {
        let window = Window::open(options).await.unwrap();
        for (path, what) in [("", "the shop"), ("/checkout", "an empty cart"), ("/orders", "no orders")] {
            assert_fit(&window, &world.shop_url(path), what).await;
        }
        window.go(&world.shop_url("")).await.unwrap();
        add(&window, "Ilam tea").await;
        await_badge(&window, "1").await;
        assert_accessible(&window, "the shop with something in the cart").await;
        assert_fit(&window, &world.shop_url("/checkout"), "the cart").await;
        assert_fit(&window, &world.shop_url("/trouble"), "the page for trouble").await;
        let sign_in = format!("{}/sign-in?next=/admin", world.pipeline.sandbox_url());
        assert_fit(&window, &sign_in, "the identity provider").await;
        window.close().await.unwrap();
    }
    world.close().await;
}
