//! Pages: safe, plain, and working without JavaScript.

use domain::payments::gateway::Provider;
use reqwest::Response;
use serde_json::json;

use crate::world::{World, world};

/// Code and text of a page, after checking what every page owes its reader.
async fn page(world: &World, url: &str) -> (u16, String) {
    page_of(world.browse(url).await).await
}

pub(crate) async fn page_of(response: Response) -> (u16, String) {
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-type").starts_with("text/html"));
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("vary").starts_with("Accept, Accept-Language"));
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let (code, language) = (response.status().as_u16(), header("content-language"));
    let text = response.text().await.unwrap();
    let language = format!(r#"<html lang="{}">"#, language);
    assert!(text.contains(&language) && text.contains("<h1>") && text.contains("<title>"));
    for inline in ["<script>", "javascript:", "style=", "<style", " onload", " onclick"] {
        assert!(!text.contains(inline), "inline code: {inline}");
    }
    for script in text.match_indices("<script").map(|(at, _)| &text[at..]) {
        assert!(script.starts_with("<script src="), "inline script");
    }
    (code, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_follows_the_payment_and_ends_with_the_order() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    world.set_modes(&intent, json!({ "modes": ["says_pending"], "question_count": 1 })).await;
    let url = world.redirect_after(&intent, "pay").await;
    let (code, text) = page(&world, &url).await;
    assert_eq!(code, 202);
    assert!(text.contains("Checking your payment") && text.contains("eSewa"));
    assert!(text.contains("Rs 1,250.50"));
    assert_eq!(text.matches("<h1>").count(), 1);
    assert!(text.contains(r#"role="status""#), "a screen reader hears of changes");
    let refresh = format!(r#"content="3; url=../../status/{}""#, intent.id);
    assert!(text.contains(&refresh), "it refreshes itself, and never the callback: {text}");
    assert!(text.contains(r#"<script src="../../page.js" defer></script>"#));

    let status_url = world.at(&format!("/payment/status/{}", intent.id));
    world.forget_last_question(&intent).await;
    world.open(&url).await;
    world.make_order(&intent).await;
    let (code, text) = page(&world, &status_url).await;
    assert_eq!(code, 200);
    assert!(text.contains("Order confirmed") && text.contains("ORD-"));
    assert!(
        !text.contains("http-equiv") && text.contains(r#"data-is-final="true""#),
        "a final page stands still"
    );
    assert!(text.contains(r#"href="https://shop.example/""#));
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_links_to_is_there() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    for path in [
        format!("/payment/callback/esewa/{}/failure", intent.id),
        format!("/payment/callback/esewa/{}", intent.id),
        format!("/payment/status/{}", intent.id),
    ] {
        let base = url::Url::parse(&world.at(&path)).unwrap();
        let (_, text) = page(&world, base.as_str()).await;
        for attribute in ["href=\"", "src=\"", "data-page=\"", "url="] {
            for link in text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()) {
                let target = base.join(link).unwrap();
                if target.host_str() == Some("127.0.0.1") {
                    assert!(world.browse(target.as_str()).await.status().is_success(), "{target}");
                }
            }
        }
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_pages_for_people() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let (code, text) = page(&world, &format!("{}?data=garbage", world.callback_url(&intent))).await;
    assert_eq!(code, 400);
    assert!(text.contains(&format!("../../status/{}", intent.id)), "it leads to where the payment stands");
    let unknown = world.at("/payment/status/pi_esewa_00000000000000000000000000");
    assert_eq!(page(&world, &unknown).await.0, 404);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_query_is_ever_written_into_a_page() {
    let world = world().await;
    let marker = "xss7341";
    for provider in Provider::ALL {
        let attack = format!(
            "data=%3Cscript%3E{marker}%3C/script%3E&pidx=%22%3E{marker}&status={marker}&message={marker}"
        );
        let intent = world.shop.intent(provider).await;
        let url = format!("{}?{attack}", world.callback_url(&intent));
        assert!(!page(&world, &url).await.1.contains(marker));
        assert!(!world.client.get(&url).send().await.unwrap().text().await.unwrap().contains(marker));
        let harmless = format!("{}?status={marker}&message={marker}", world.callback_url(&intent));
        assert!(!page(&world, &harmless).await.1.contains(marker));
        let status = world.at(&format!("/payment/status/{}?{attack}", intent.id));
        assert!(!page(&world, &status).await.1.contains(marker));
        let unknown = world.at(&format!("/payment/callback/{provider}/{marker}?{attack}"));
        assert!(!page(&world, &unknown).await.1.contains(marker));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_all_it_loads_is_small() {
    const BYTES_MAX: usize = 60 * 1024;
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let mut bytes = 0;
    for language in ["en", "ne"] {
        let status = world.at(&format!("/payment/status/{}?lang={language}", intent.id));
        bytes = page(&world, &status).await.1.len().max(bytes);
    }
    for asset in ["page.css", "page.js", "mark.svg"] {
        let loaded = world.browse(&world.at(&format!("/payment/{asset}"))).await;
        assert_eq!(loaded.status(), 200);
        bytes += loaded.bytes().await.unwrap().len();
    }
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
    world.finish().await;
}
