//! Who comes in, and what a session is.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, world};

const PAGES: [&str; 4] = ["/admin", "/admin/", "/admin/audit", "/admin/grants"];
const ADDRESSES: [&str; 4] =
    ["/admin/api/overview", "/admin/api/audit", "/admin/api/grants", "/admin/api/session"];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_anything_without_a_session() {
    let world = world().await;
    let stranger = world.stranger();
    for page in PAGES.into_iter().chain(["/admin/nothing"]) {
        let answer = stranger.get(page).await;
        assert_eq!(answer.code, 303, "{page}");
        assert!(answer.header("location").starts_with("/admin/session?next=%2Fadmin"), "{page}");
        assert_eq!(answer.text, "");
    }
    for address in ADDRESSES.into_iter().chain(["/admin/api", "/admin/api/nothing"]) {
        let answer = stranger.get(address).await;
        assert_eq!(
            (answer.code, answer.json()["code"].as_str()),
            (401, Some("unauthenticated")),
            "{address}"
        );
    }
    for open in ["/admin/session", "/admin/console.css", "/admin/console.js", "/admin/icon.svg"] {
        assert_eq!(stranger.get(open).await.code, 200, "{open}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_for_operators_open_the_console() {
    let world = world().await;
    let wrong = [
        (json!({ "sub": "sita", "audience": "storefront", "role": "operator" }), 401),
        (json!({ "sub": "hari", "audience": "operators" }), 403),
        (json!({ "sub": "hari", "audience": "operators", "role": "root" }), 403),
        (
            json!({ "sub": "hari", "audience": "operators", "role": "operator", "modes": ["token_expired"] }),
            401,
        ),
        (
            json!({ "sub": "hari", "audience": "operators", "role": "operator", "modes": ["token_unsigned"] }),
            401,
        ),
        (
            json!({ "sub": "hari", "audience": "operators", "role": "operator", "modes": ["token_wrong_issuer"] }),
            401,
        ),
    ];
    for (request, code) in wrong {
        let token = world.token(request.clone()).await;
        let answer = world.stranger().send_form("/admin/session", &[("token", &token)], &[]).await;
        assert_eq!(answer.code, code, "{request}");
        assert!(answer.text.contains("role=\"alert\"") && answer.set_cookie("admin_session").is_none());
        assert_ne!(world.holding(&token).get("/admin").await.code, 200, "{request}");
    }
    let answer = world.stranger().send_form("/admin/session", &[("token", "<script>")], &[]).await;
    assert_eq!(answer.code, 401);
    assert_eq!(world.stranger().send_form("/admin/session", &[], &[]).await.code, 422);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_that_only_the_browser_and_the_console_see() {
    let world = world().await;
    let token = world.token_of("hari", "operator").await;
    let answer = world
        .stranger()
        .send_form("/admin/session", &[("token", &token), ("next", "/admin/audit?action=x")], &[])
        .await;
    assert_eq!((answer.code, answer.header("location")), (303, "/admin/audit?action=x"));
    let cookie = answer.set_cookie("admin_session").unwrap();
    for attribute in ["; Path=/admin", "; HttpOnly", "; Secure", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{attribute}: {cookie}");
    }
    let who = world.holding(&token).get("/admin/api/session").await.json();
    assert_eq!((who["operator"].as_str(), who["role"].as_str()), (Some("hari"), Some("operator")));
    let ends_at = who["ends_at"].as_str().unwrap();
    let (_, expires) = cookie.split_once("Expires=").unwrap();
    let expires = expires.split(';').next().unwrap();
    assert!(expires.ends_with(" GMT") && expires.contains(&ends_at[11..19]), "{expires} is not {ends_at}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn next_leads_to_a_page_of_the_console_only() {
    let world = world().await;
    let token = world.token_of("hari", "viewer").await;
    for elsewhere in
        ["https://evil.example/", "//evil.example/admin", "/\\evil.example", "/metrics", "javascript:1"]
    {
        let fields = [("token", token.as_str()), ("next", elsewhere)];
        let answer = world.stranger().send_form("/admin/session", &fields, &[]).await;
        assert_eq!((answer.code, answer.header("location")), (303, "/admin"), "{elsewhere}");
    }
    let page = world.stranger().get("/admin/session?next=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(page.code == 200 && !page.text.contains("<script>alert"), "{}", page.text);
    assert!(page.text.contains("/sign-in?next=%2Fadmin"), "the provider is linked: {}", page.text);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_page_may_stand_on_another_origin_or_site() {
    let world = world().await;
    let token = world.token_of("hari", "operator").await;
    let fields = [("token", token.as_str()), ("next", "/admin/audit")];
    let same_site = [("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")];
    let answer = world.stranger().send_form("/admin/session", &fields, &same_site).await;
    assert_eq!((answer.code, answer.header("location")), (303, "/admin/audit"));

    // The browser would not bring a strict cookie along on a redirect that another site began.
    let cross_site = [("origin", "https://id.example"), ("sec-fetch-site", "cross-site")];
    let answer = world.stranger().send_form("/admin/session", &fields, &cross_site).await;
    assert_eq!(answer.code, 200);
    assert!(answer.set_cookie("admin_session").is_some());
    assert!(answer.text.contains(r#"http-equiv="refresh" content="0; url=/admin/audit""#), "{}", answer.text);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_another_site_asks_again_from_our_own_page() {
    let world = world().await;
    let request =
        world.stranger().request(Method::GET, "/admin/audit?action=x").header("sec-fetch-site", "cross-site");
    let answer = Answer::of(request.send().await.unwrap()).await;
    assert_eq!(answer.code, 200);
    assert!(answer.text.contains(r#"content="0; url=/admin/audit?action=x""#), "{}", answer.text);
    assert!(!answer.text.contains("<nav"), "it shows nothing");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_takes_the_session_out_of_the_browser() {
    let world = world().await;
    for role in ["viewer", "operator"] {
        let browser = world.signed_in("hari", role).await;
        let answer = browser.submit("/admin/session/end", &[]).await;
        assert_eq!((answer.code, answer.header("location")), (303, "/admin/session"));
        assert!(answer.set_cookie("admin_session").unwrap().contains("Max-Age=0"));
        let by_script = browser
            .request(Method::DELETE, "/admin/session")
            .header("origin", &world.url)
            .header("x-csrf-token", browser.get("/admin").await.csrf());
        assert_eq!(by_script.send().await.unwrap().status(), 303);
        let foreign =
            browser.request(Method::DELETE, "/admin/session").header("origin", "https://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403);
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_run_only_our_own_script_and_are_never_stored_or_framed() {
    let world = world().await;
    let browser = world.signed_in("hari", "viewer").await;
    for path in PAGES.into_iter().chain(["/admin/session", "/admin/nothing"]) {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        for directive in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        // Under no-referrer, browsers would hide the origin of our own forms from us.
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(!answer.text.contains("style=") && !answer.text.contains("<style"), "{path}");
        assert!(!answer.text.contains("onclick") && answer.text.matches("<script").count() == 1, "{path}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_addresses_that_are_not_there_are_named_as_such() {
    let world = world().await;
    let browser = world.signed_in("hari", "operator").await;
    let missing = browser.get("/admin/nothing/here").await;
    assert_eq!(missing.code, 404);
    assert!(
        missing.text.contains("There is no such page") && missing.text.contains("<nav"),
        "{}",
        missing.text
    );
    let missing = browser.get("/admin/api/nothing").await;
    assert_eq!((missing.code, missing.json()["code"].as_str()), (404, Some("not_found")));
    assert_eq!(browser.get("/admin/grants/1/revoke").await.code, 405);
    assert_eq!(browser.submit("/admin/audit", &[]).await.code, 405);
    assert_eq!(browser.get("/admin/audit?before=soon").await.code, 422);
    assert_eq!(browser.get("/admin/audit?nonsense=1").await.code, 422);
    for page in PAGES {
        let head = Answer::of(browser.request(Method::HEAD, page).send().await.unwrap()).await;
        assert_eq!((head.code, head.text.as_str()), (200, ""), "{page}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_figures_need_no_session() {
    let world = world().await;
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(world.stranger().get(path).await.code, 200, "{path}");
    }
    world.finish().await;
}
