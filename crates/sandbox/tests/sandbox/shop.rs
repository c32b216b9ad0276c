use std::{collections::BTreeSet, fs, path::Path};

use reqwest::{Response, StatusCode};
use sandbox::SandboxSettings;
use serde_json::{Value, json};

use crate::support::{World, world, world_with};

const CHECKOUT_URL: &str = "http://127.0.0.1:18080";
const CONSOLE_URL: &str = "http://127.0.0.1:18082";

async fn open_shop() -> World {
    world_with(SandboxSettings {
        checkout_url: Some(format!("{CHECKOUT_URL}/")),
        callback_url: Some("http://127.0.0.1:18081".to_owned()),
        console_url: Some(CONSOLE_URL.to_owned()),
        ..SandboxSettings::default()
    })
    .await
}

/// A page's text, after a look at what it may run and load.
async fn page(answer: Response) -> String {
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = answer.text().await.unwrap();
    for inline in ["<script>", "<style", "style=", "javascript:", " onclick", " onload"] {
        assert!(!text.contains(inline), "inline code: {inline}");
    }
    assert_eq!(text.matches("<h1>").count(), 1);
    assert!(text.contains("SANDBOX – no real money"));
    text
}

/// The addresses that a page or module of the shop loads.
fn loads(text: &str) -> BTreeSet<String> {
    let within = |mark: &'static str| text.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
    let modules = within("from \"./").map(|name| format!("/shop/{name}"));
    let own = |address: &&str| address.starts_with('/');
    within("src=\"").chain(within("href=\"")).filter(own).map(str::to_owned).chain(modules).collect()
}

#[tokio::test]
async fn every_page_of_the_shop_loads_what_is_there_and_little_of_it() {
    const BYTES_MAX: usize = 60 * 1024;
    let world = open_shop().await;
    for path in ["/shop", "/shop/checkout", "/shop/orders"] {
        let text = page(world.get(path).await).await;
        assert!(text.contains(&format!("data-checkout-url=\"{CHECKOUT_URL}\"")), "{path}");
        let mut bytes = text.len();
        let mut left: Vec<String> = loads(&text).into_iter().collect();
        let mut loaded = BTreeSet::new();
        while let Some(address) = left.pop() {
            if !loaded.insert(address.clone()) {
                continue;
            }
            let answer = world.get(&address).await;
            assert_eq!(answer.status(), StatusCode::OK, "{address} of {path}");
            let is_link = !answer.headers()["content-type"].to_str().unwrap().starts_with("text/html");
            let content = answer.text().await.unwrap();
            if is_link {
                bytes += content.len();
                left.extend(loads(&content));
            }
        }
        assert!(loaded.iter().any(|address| address == "/shop/api.js"), "{loaded:?}");
        assert!(bytes < BYTES_MAX, "{path}: {bytes} bytes");
    }
}

#[tokio::test]
async fn the_shop_s_scripts_may_call_checkout_and_nobody_else() {
    let world = open_shop().await;
    let policy = world.get("/shop").await.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains(&format!("connect-src 'self' {CHECKOUT_URL};")), "{policy}");
}

#[tokio::test]
async fn texts_of_the_catalogue_never_become_markup() {
    for script in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/shop")).unwrap() {
        let path = script.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!text.contains(markup), "{markup} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn without_a_checkout_the_shop_says_what_it_lacks() {
    let world = world().await;
    for path in ["/shop", "/shop/checkout"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        let text = page(answer).await;
        assert!(text.contains("SANDBOX__CHECKOUT_URL") && text.contains("CHECKOUT__ALLOWED_ORIGINS"));
    }
}

#[tokio::test]
async fn trouble_is_made_and_unmade_by_a_form() {
    let world = world().await;
    let save = |body: &'static str| {
        let request = world.client.post(world.at("/shop/trouble"));
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send()
    };
    let saved =
        save("slow_ms=250&question_count=2&mode=says_pending&mode=redirect_twice&mode=nonsense").await;
    assert_eq!(saved.unwrap().status(), StatusCode::SEE_OTHER);
    let defaults: Value = world.get("/control/defaults").await.json().await.unwrap();
    let wanted = json!({ "modes": ["redirect_twice", "says_pending"], "slow_ms": 250, "question_count": 2 });
    assert_eq!(defaults, wanted);
    let text = page(world.get("/shop/trouble?saved=yes").await).await;
    assert!(text.contains("value=\"says_pending\" checked") && text.contains("value=\"250\""));
    assert!(text.contains("Saved: 2 chosen"));

    let too_slow = save("slow_ms=999999999&mode=answer_slow").await.unwrap();
    assert_eq!(too_slow.status(), StatusCode::BAD_REQUEST);
    save("mode=says_pending&everything=well").await.unwrap();
    let defaults: Value = world.get("/control/defaults").await.json().await.unwrap();
    assert_eq!(defaults, json!({ "modes": [] }));
}

#[tokio::test]
async fn every_mode_can_be_chosen_in_one_place() {
    let world = world().await;
    let text = page(world.get("/shop/trouble").await).await;
    let listed: Value = world.get("/control/modes").await.json().await.unwrap();
    for mode in listed["modes"].as_array().unwrap() {
        let choice = format!("value=\"{}\"", mode["name"].as_str().unwrap());
        assert_eq!(text.matches(&choice).count(), 1, "{choice}");
    }
}

#[tokio::test]
async fn an_operator_signs_in_with_a_token_of_the_console_s_audience() {
    let world = open_shop().await;
    let text = page(world.get("/sign-in?next=/admin/jobs%3Fstate=failed").await).await;
    assert!(text.contains("name=\"next\" value=\"/admin/jobs?state=failed\""));
    let claim = [("name", "<b>sita</b>"), ("role", "viewer"), ("next", "/admin/jobs?a=1&b=\"2\"")];
    let answer = world.client.post(world.at("/sign-in")).form(&claim).send().await.unwrap();
    let text = page(answer).await;
    assert!(text.contains(&format!("method=\"post\" action=\"{CONSOLE_URL}/admin/session\"")));
    assert!(!text.contains("<b>sita"), "a name stays text");
    let token = text.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap().claims;
    assert_eq!((&claims["aud"], &claims["role"]), (&json!("operators"), &json!("viewer")));
    assert_eq!(claims["sub"], "<b>sita</b>");

    let senseless = [("name", "sita"), ("role", "owner"), ("next", "/admin")];
    let answer = world.client.post(world.at("/sign-in")).form(&senseless).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn without_a_console_nobody_signs_in() {
    let world = world().await;
    assert_eq!(world.get("/sign-in").await.status(), StatusCode::NOT_FOUND);
}
