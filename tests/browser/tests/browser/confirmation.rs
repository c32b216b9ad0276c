//! The page that a shopper comes back to.

use browser_tests::{Window, WindowOptions, World, until};
use pipeline_tests::{Program, Provider, Signal};

/// Waits until the page itself says this status.
pub(crate) async fn await_page(window: &Window, status: &str) {
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

/// One browser on a machine that is busy with tests; `make bench ONLY=followers` measures two hundred on one that is not.
const SHOWN_WITHIN_MS: f64 = 3_000.0;

#[tokio::test]
async fn the_number_is_shown_soon_after_the_order_is_made() {
    let world = World::start().await;
    let (shopper, checkout) = world.checkout(Provider::Esewa).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.status_page(&checkout)).await.unwrap();
    let watch = "new MutationObserver(() => {
            if (document.getElementById('order-number') && !window.shownAt) window.shownAt = Date.now();
        }).observe(document.body, { childList: true, subtree: true })";
    window.script(watch, &[]).await.unwrap();
    let returned = world.pay(&shopper, &checkout).await;
    shopper.follow(&returned).await.unwrap();
    await_page(&window, "confirmed").await;
    let shown_at = window.script("return window.shownAt", &[]).await.unwrap().as_f64().unwrap();
    // The order's time is that of its transaction's start, so the commit is counted in.
    let made =
        "SELECT (extract(epoch FROM created_at) * 1000)::float8 FROM orders WHERE payment_intent_id = $1";
    let made_at: f64 =
        world.shop.client.query_one(made, &[&checkout.payment_intent_id]).await.unwrap().get(0);
    let elapsed_ms = shown_at - made_at;
    println!("the number was shown {elapsed_ms:.0} ms after the order's transaction began");
    assert!((0.0..SHOWN_WITHIN_MS).contains(&elapsed_ms), "{elapsed_ms} ms");
    window.close().await.unwrap();
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

#[tokio::test]
async fn a_reader_of_nepali_reads_nepali_and_finds_english() {
    let world = World::start().await;
    let checkout = world.payment_that_is("confirmed").await;
    let window = Window::open(WindowOptions { languages: "ne-NP,ne", ..WindowOptions::PHONE }).await.unwrap();
    window.go(&world.status_page(&checkout)).await.unwrap();
    let page = window.find("html").await.unwrap();
    assert_eq!(page.attribute("lang").await.unwrap().as_deref(), Some("ne"));
    assert!(text(&window).await.contains("तपाईंको अर्डर पक्का भयो"), "{}", text(&window).await);
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    // Every sign has a shape: a font that lacks one draws the same box for all.
    let drawn = "const canvas = new OffscreenCanvas(80, 40), pen = canvas.getContext('2d');
        pen.font = `24px ${getComputedStyle(document.querySelector('h1')).fontFamily}`;
        const draw = sign => { pen.clearRect(0, 0, 80, 40); pen.fillText(sign, 4, 30); return pen.getImageData(0, 0, 80, 40).data.join(); };
        return new Set([...arguments[0]].map(draw)).size";
    let signs = "अरडकपभयतई";
    let shapes = window.script(drawn, &[signs.into()]).await.unwrap();
    assert_eq!(shapes, signs.chars().count(), "signs that look the same have no font");

    window.find("#other-language").await.unwrap().click().await.unwrap();
    until("the English page", async || {
        let page = window.find("html").await.ok()?;
        (page.attribute("lang").await.ok()?.as_deref() == Some("en")).then_some(())
    })
    .await;
    assert!(text(&window).await.contains("Order confirmed"), "{}", text(&window).await);
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn the_back_button_and_a_reload_ask_again_where_the_payment_stands() {
    let world = World::start().await;
    let (shopper, checkout) = world.checkout(Provider::Khalti).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.status_page(&checkout)).await.unwrap();
    await_page(&window, "awaiting_payment").await;
    window.find("#back-to-shop").await.unwrap().click().await.unwrap();
    until("the shop", async || window.find("#products").await.ok()).await;

    world.pay(&shopper, &checkout).await;
    world.await_status(&shopper, &checkout, "confirmed").await;
    window.back().await.unwrap();
    await_page(&window, "confirmed").await;
    window.reload().await.unwrap();
    await_page(&window, "confirmed").await;
    assert!(text(&window).await.contains(&world.order_number(&checkout).await));
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn an_unknown_payment_gets_a_page_that_says_so() {
    let world = World::start().await;
    let window = Window::open(WindowOptions::PHONE).await.unwrap();
    let nobody =
        format!("{}/payment/status/pi_esewa_00000000000000000000000000", world.pipeline.callback_url());
    let answer = world.pipeline.http().get(&nobody).header("Accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    window.go(&nobody).await.unwrap();
    assert!(text(&window).await.contains("We know no such payment"), "{}", text(&window).await);
    crate::accessibility::assert_accessible(&window, "the page for an unknown payment").await;
    window.close().await.unwrap();
    world.close().await;
}
