//! The page in the reader's language.

use domain::payments::gateway::Provider;

use crate::{pages::page_of, world::world};

const CHECKING: [(&str, &str); 2] = [("en", "Waiting for your payment"), ("ne", "तपाईंको भुक्तानी पर्खिँदै छौं")];

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_s_languages_decide_and_the_address_overrules_them() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Khalti).await;
    let status = world.at(&format!("/payment/status/{}", intent.id));
    for (accept_language, query, language) in [
        ("ne-NP,ne;q=0.9,en;q=0.8", "", "ne"),
        ("en,ne;q=0.5", "", "en"),
        ("de", "", "en"),
        ("en", "?lang=ne", "ne"),
        ("ne", "?lang=en", "en"),
        ("ne", "?lang=fr", "ne"),
    ] {
        let response = world.browse_in(accept_language, &format!("{status}{query}")).await;
        assert_eq!(response.headers()["content-language"], language, "{accept_language} {query}");
        let (_, text) = page_of(response).await;
        for (tag, words) in CHECKING {
            assert_eq!(text.contains(words), tag == language, "{accept_language} {query}: {words}");
        }
        assert_eq!(text.contains("id=\"unreviewed\""), language == "ne");
        let other = if language == "ne" { "en" } else { "ne" };
        assert!(text.contains(&format!("{}?lang={other}\" lang=\"{other}\"", intent.id)), "a way to {other}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_language_is_kept_when_the_page_looks_again() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let status = world.at(&format!("/payment/status/{}", intent.id));
    let chosen = page_of(world.browse(&format!("{status}?lang=ne")).await).await.1;
    let again = format!("../status/{}?lang=ne\"", intent.id);
    assert_eq!(chosen.matches(&again).count(), 2, "by script and without: {chosen}");
    let unchosen = page_of(world.browse_in("ne", &status).await).await.1;
    assert!(!unchosen.contains("?lang=ne"), "what the browser prefers, it says each time");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_speak_the_reader_s_language_too() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let damaged = format!("{}?data=garbage", world.callback_url(&intent));
    let unknown = world.at("/payment/status/pi_esewa_00000000000000000000000000");
    for (url, code, words) in [(damaged, 400, "यो ठेगाना पढ्न सकिएन"), (unknown, 404, "यस्तो भुक्तानी भेटिएन")]
    {
        let (answered, text) = page_of(world.browse_in("ne", &url).await).await;
        assert_eq!(answered, code);
        assert!(text.contains(words), "{text}");
        // Another language of a return would bring the return once more.
        assert_eq!(text.contains("?lang=en"), code == 404, "{text}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_clocks_in_kathmandu_and_programs_utc() {
    let world = world().await;
    let intent = world.shop.intent(Provider::Esewa).await;
    let moved = "UPDATE payment_intents SET updated_at = '2026-07-04T20:20:30Z' WHERE payment_intent_id = $1";
    world.database.client().await.execute(moved, &[&intent.id]).await.unwrap();
    let status = world.at(&format!("/payment/status/{}", intent.id));
    let english = page_of(world.browse(&status).await).await.1;
    assert!(
        english.contains(r#"<time datetime="2026-07-04T20:20:30+00:00">5 July 2026, 02:05</time>"#),
        "{english}"
    );
    let nepali = page_of(world.browse_in("ne", &status).await).await.1;
    assert!(nepali.contains("2026 जुलाई 5, 02:05"), "{nepali}");
    world.finish().await;
}
