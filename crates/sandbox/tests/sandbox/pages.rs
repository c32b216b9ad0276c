use serde_json::json;

use crate::support::world;

#[tokio::test]
async fn the_payment_pages_say_that_no_money_moves_and_offer_the_actions() {
    let world = world().await;
    world.open_esewa("page", "100").await;
    let pidx = world.open_khalti("page").await;
    for (path, button) in [
        ("/esewa/pay/page".to_owned(), "/esewa/pay/page/ambiguous".to_owned()),
        (format!("/khalti/pay?pidx={pidx}"), format!("/khalti/pay/{pidx}/fail")),
    ] {
        let text = world.get(&path).await.text().await.unwrap();
        assert!(text.contains("SANDBOX – no real money"), "{path}");
        assert!(text.contains("Rs. 100.0"), "{path}");
        assert!(text.contains(&format!("action=\"{button}\"")), "{path}");
        assert!(text.contains(">Close the tab</button>"), "{path}");
        assert!(!text.contains("<script"), "{path}");
    }
    let index = world.get("/").await.text().await.unwrap();
    assert!(index.contains("/esewa/pay/page") && index.contains(&pidx));
}

#[tokio::test]
async fn a_button_does_what_the_action_does_and_sends_the_browser_on() {
    let world = world().await;
    let pidx = world.open_khalti("button").await;
    let answer = world.client.post(world.at(&format!("/khalti/pay/{pidx}/pay"))).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("https://shop.example/khalti/return?"));
    assert_eq!(world.payment("khalti", &pidx).await["paid_minor"], 10_000);
    assert_eq!(world.act("khalti", &pidx, "deliver").await, [location]);
}

#[tokio::test]
async fn several_returns_are_offered_as_links_and_none_is_explained() {
    let world = world().await;
    world.open_esewa("links", "100").await;
    world.set_modes_with("esewa", "links", json!({ "modes": ["redirect_twice"] })).await;
    let answer = world.client.post(world.at("/esewa/pay/links/pay")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert_eq!(text.matches("<a href=\"https://shop.example/esewa/success?data=").count(), 2);
    let left = world.client.post(world.at("/esewa/pay/links/leave")).send().await.unwrap();
    assert!(left.text().await.unwrap().contains("not sent back"));
}

#[tokio::test]
async fn refusals_are_pages_too() {
    let world = world().await;
    for path in ["/esewa/pay/nobody", "/khalti/pay?pidx=nobody"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status(), 404);
        assert!(answer.text().await.unwrap().contains("No such payment"));
    }
    world.open_esewa("unpaid", "100").await;
    let refund = world.client.post(world.at("/esewa/pay/unpaid/refund")).send().await.unwrap();
    assert_eq!(refund.status(), 409);
    assert!(refund.text().await.unwrap().contains("not possible while the payment is Initiated"));
    let button = world.client.post(world.at("/esewa/pay/nobody/pay")).send().await.unwrap();
    assert_eq!(button.status(), 404);
}

#[tokio::test]
async fn a_shopper_can_pay_and_close_the_tab() {
    let world = world().await;
    let pidx = world.open_khalti("gone").await;
    let pay = world.client.post(world.at(&format!("/khalti/pay/{pidx}/pay"))).form(&[("then", "leave")]);
    let answer = pay.send().await.unwrap();
    assert_eq!(answer.status(), 200, "the browser stays");
    let text = answer.text().await.unwrap();
    assert!(text.contains("You closed the tab") && text.contains("https://shop.example/khalti/return?"));
    assert_eq!(world.payment("khalti", &pidx).await["paid_minor"], 10_000);
}
