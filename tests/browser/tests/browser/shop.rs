//! The demo shop, from the shelf to the order.

use browser_tests::{ARROW_DOWN, ENTER, Role, Window, WindowOptions, World, until};
use pipeline_tests::Provider;

use crate::confirmation::await_page;

const STOCK: i32 = 100;
/// Markup in a name is a name.
const HOSTILE: &str =
    "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title='taken over'\">";

pub(crate) async fn await_badge(window: &Window, count: &str) {
    until(&format!("the cart's badge says {count}"), async || {
        let badge = window.find("#cart-badge").await.ok()?;
        (badge.text().await.ok()? == count).then_some(())
    })
    .await;
}

async fn click(window: &Window, role: Role, name: &str) {
    window.by_role(role, name).await.unwrap().click().await.unwrap();
}

/// Puts one of it into the cart, on the page of products.
pub(crate) async fn add(window: &Window, product: &str) {
    click(window, Role::Button, &format!("Add to cart: {product}, 100 g")).await;
}

async fn await_gateway(window: &Window) {
    until("the gateway's page", async || window.find("ul.actions").await.ok()).await;
}

/// From the checkout page through the gateway.
pub(crate) async fn pay(window: &Window) {
    click(window, Role::Button, "Pay").await;
    await_gateway(window).await;
    click(window, Role::Button, "Pay").await;
}

async fn await_text(window: &Window, selector: &str, wanted: &str) {
    until(&format!("{selector} says {wanted}"), async || {
        let found = window.find(selector).await.ok()?;
        found.text().await.ok()?.contains(wanted).then_some(())
    })
    .await;
}

fn gateway(provider: Provider) -> &'static str {
    match provider {
        Provider::Esewa => "eSewa",
        Provider::Khalti => "Khalti",
    }
}

#[tokio::test]
async fn a_purchase_through_each_gateway_ends_with_an_order_and_an_empty_cart() {
    let world = World::start().await;
    world.sell("Ilam tea", STOCK).await;
    for provider in Provider::ALL {
        let window = Window::open(WindowOptions::DESK).await.unwrap();
        window.go(&world.shop_url("")).await.unwrap();
        await_badge(&window, "0").await;
        add(&window, "Ilam tea").await;
        await_badge(&window, "1").await;
        add(&window, "Ilam tea").await;
        await_badge(&window, "2").await;
        window.script("window.isTheSamePage = true", &[]).await.unwrap();
        let shop = window.tabs().await.unwrap().remove(0);

        window.new_tab().await.unwrap();
        window.go(&world.shop_url("/checkout")).await.unwrap();
        await_text(&window, "#subtotal", "Rs 2,50,000.00").await;
        click(&window, Role::Choice, gateway(provider)).await;
        pay(&window).await;
        await_page(&window, "confirmed").await;
        let number = window.find("#order-number").await.unwrap().text().await.unwrap();
        assert!(number.starts_with("ORD-"), "{number}");

        window.switch_to(&shop).await.unwrap();
        await_badge(&window, "0").await;
        await_text(&window, "#payment-news", &number).await;
        assert_eq!(window.script("return window.isTheSamePage", &[]).await.unwrap(), true);

        window.go(&world.shop_url("/orders")).await.unwrap();
        await_text(&window, "#orders", &number).await;
        assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
        window.close().await.unwrap();
    }
    world.close().await;
}

#[tokio::test]
async fn a_purchase_needs_no_mouse() {
    let world = World::start().await;
    world.sell("Ilam tea", STOCK).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.shop_url("")).await.unwrap();
    window.by_role(Role::Button, "Add to cart: Ilam tea, 100 g").await.unwrap();
    window.tab_to("Add to cart: Ilam tea, 100 g").await.unwrap();
    window.press(ENTER).await.unwrap();
    await_badge(&window, "1").await;
    // From the end of the page the keyboard comes round to its beginning.
    window.tab_to("Cart, 1 item").await.unwrap();
    window.press(ENTER).await.unwrap();
    window.by_role(Role::Button, "Pay").await.unwrap();
    window.tab_to("eSewa").await.unwrap();
    window.press(ARROW_DOWN).await.unwrap();
    assert_eq!(window.focused().await.unwrap().accessible_name().await.unwrap(), "Khalti");
    window.tab_to("Pay").await.unwrap();
    window.press(ENTER).await.unwrap();
    await_gateway(&window).await;
    window.tab_to("Pay").await.unwrap();
    window.press(ENTER).await.unwrap();
    await_page(&window, "confirmed").await;
    window.tab_to("Back to the shop").await.unwrap();
    window.press(ENTER).await.unwrap();
    await_badge(&window, "0").await;
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn a_price_that_changed_and_goods_that_ran_out_are_shown_before_anything_is_charged() {
    let world = World::start().await;
    let variant_id = world.sell("Ilam tea", STOCK).await;
    let window = Window::open(WindowOptions::PHONE).await.unwrap();
    window.go(&world.shop_url("")).await.unwrap();
    add(&window, "Ilam tea").await;
    await_badge(&window, "1").await;
    add(&window, "Ilam tea").await;
    await_badge(&window, "2").await;
    window.go(&world.shop_url("/checkout")).await.unwrap();
    await_text(&window, "#subtotal", "Rs 2,50,000.00").await;

    let dearer = "UPDATE product_variants SET unit_price_minor = 13000000 WHERE variant_id = $1";
    world.shop.client.execute(dearer, &[&variant_id]).await.unwrap();
    click(&window, Role::Button, "Pay").await;
    await_text(&window, "#refusal", "A price or the cart has changed").await;
    await_text(&window, "#subtotal", "Rs 2,60,000.00").await;

    let sell_out = "SELECT set_stock($1, 1, 'counted')";
    world.shop.client.execute(sell_out, &[&variant_id]).await.unwrap();
    click(&window, Role::Button, "Pay").await;
    await_text(&window, "#refusal", "you want 2, there are 1").await;
    click(&window, Role::Button, "Take 1").await;
    await_text(&window, "#subtotal", "Rs 1,30,000.00").await;

    pay(&window).await;
    await_page(&window, "confirmed").await;
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn markup_in_a_products_name_stays_text_in_the_shop() {
    let world = World::start().await;
    world.sell(HOSTILE, STOCK).await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.shop_url("")).await.unwrap();
    await_text(&window, "#products h2", HOSTILE).await;
    add(&window, HOSTILE).await;
    await_badge(&window, "1").await;
    window.go(&world.shop_url("/checkout")).await.unwrap();
    await_text(&window, "#cart-lines", HOSTILE).await;
    pay(&window).await;
    await_page(&window, "confirmed").await;
    window.go(&world.shop_url("/orders")).await.unwrap();
    await_text(&window, "#orders", HOSTILE).await;
    assert!(!window.title().await.unwrap().contains("taken over"));
    assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
    window.close().await.unwrap();
    world.close().await;
}
