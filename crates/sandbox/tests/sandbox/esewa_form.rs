use serde_json::{Value, json};

use crate::support::{esewa_form, sign_form, world};

#[tokio::test]
async fn a_signed_form_leads_to_the_payment_page() {
    let world = world().await;
    let answer = world.submit(&esewa_form("2026-a1", "100")).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], world.at("/esewa/pay/2026-a1"));
    let payment = world.payment("esewa", "2026-a1").await;
    assert_eq!(payment["amount_minor"], 10_000);
    assert_eq!(payment["paid_minor"], 0);
    assert_eq!(payment["success_url"], "https://shop.example/esewa/success");
}

#[tokio::test]
async fn the_published_example_is_accepted_with_its_published_signature() {
    let world = world().await;
    let mut form = esewa_form("241028", "110");
    form.insert("amount".to_owned(), "100".to_owned());
    form.insert("tax_amount".to_owned(), "10".to_owned());
    form.insert("signature".to_owned(), "i94zsd3oXF6ZsSr/kGqT4sSzYQzjj1W/waxjWyRwaME=".to_owned());
    assert_eq!(world.submit(&form).await.status(), 302);
}

#[tokio::test]
async fn another_spelling_of_the_amount_than_the_signed_one_is_es104() {
    let world = world().await;
    let mut form = esewa_form("spelling", "100");
    form.insert("total_amount".to_owned(), "100.00".to_owned());
    let answer = world.submit(&form).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({ "code": "ES104", "message": "Invalid payload signature." }));
}

#[tokio::test]
async fn an_unknown_merchant_has_no_key() {
    let world = world().await;
    let mut form = esewa_form("merchant", "100");
    form.insert("product_code".to_owned(), "NOBODY".to_owned());
    sign_form(&mut form);
    let answer = world.submit(&form).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        body,
        json!({ "error_message": "Unable to fetch merchant key. Please try again later.", "code": 0 })
    );
}

#[tokio::test]
async fn wrong_sums_blanks_characters_and_urls_are_refused() {
    let world = world().await;
    for (field, value) in [
        ("tax_amount", "1"),
        ("product_service_charge", ""),
        ("transaction_uuid", "under_score"),
        ("success_url", "shop.example"),
        ("amount", "1e2"),
        ("amount", "-100"),
    ] {
        let mut form = esewa_form("refused", "100");
        form.insert(field.to_owned(), value.to_owned());
        sign_form(&mut form);
        let answer = world.submit(&form).await;
        assert_eq!(answer.status(), 400, "{field}={value}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], 0, "{field}={value}");
    }
    assert_eq!(world.get("/control/payments/esewa/refused").await.status(), 404);
}

#[tokio::test]
async fn a_transaction_uuid_is_taken_once() {
    let world = world().await;
    world.open_esewa("once", "100").await;
    let answer = world.submit(&esewa_form("once", "100")).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["error_message"], "Duplicate transaction UUID.");
}

#[tokio::test]
async fn only_a_form_post_is_answered() {
    let world = world().await;
    let path = "/esewa/api/epay/main/v2/form";
    assert_eq!(world.get(&format!("{path}?total_amount=100")).await.status(), 405);
    assert_eq!(world.post(path, json!(esewa_form("json", "100"))).await.status(), 415);
}

#[tokio::test]
async fn an_outage_of_the_form_is_reported_with_200() {
    let world = world().await;
    world.set_modes("esewa", "outage", &["form_unavailable"]).await;
    let answer = world.submit(&esewa_form("outage", "100")).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body, json!({ "code": 0, "error_message": "Service is currently unavailable" }));
    world.set_modes("esewa", "outage", &[]).await;
    world.open_esewa("outage", "100").await;
}
