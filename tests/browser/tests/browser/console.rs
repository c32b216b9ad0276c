//! The operator's console.

use browser_tests::{Duty, Role, Window, WindowOptions, World, until};

use crate::accessibility::{assert_accessible, assert_fit};

async fn await_heading(window: &Window, heading: &str) {
    window.by_role(Role::Heading, heading).await.unwrap();
}

#[tokio::test]
async fn an_operator_signs_in_at_the_identity_provider_and_lands_where_they_wanted_to() {
    let mut world = World::start().await;
    world.open_console().await;
    let window = Window::open(WindowOptions::DESK).await.unwrap();
    window.go(&world.console_url("/admin?from=a-bookmark")).await.unwrap();
    await_heading(&window, "Sign in").await;
    window.by_role(Role::Link, "Sign in at your identity provider").await.unwrap().click().await.unwrap();
    await_heading(&window, "Sign in to the operator's console").await;
    window.by_role(Role::Button, "Sign in").await.unwrap().click().await.unwrap();
    await_heading(&window, "Overview").await;
    assert_eq!(window.url().await.unwrap(), world.console_url("/admin?from=a-bookmark"));
    let who = window.find("header").await.unwrap().text().await.unwrap();
    assert!(who.contains("sita") && who.contains("operator"), "{who}");

    window.by_role(Role::Button, "Sign out").await.unwrap().click().await.unwrap();
    await_heading(&window, "Sign in").await;
    window.go(&world.console_url("/admin")).await.unwrap();
    await_heading(&window, "Sign in").await;
    assert_eq!(window.complaints().await.unwrap(), Vec::<String>::new());
    window.close().await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn the_console_is_fit_for_everybody() {
    let mut world = World::start().await;
    world.open_console().await;
    for options in [WindowOptions::DESK, WindowOptions::PHONE] {
        let window = Window::open(options).await.unwrap();
        assert_fit(&window, &world.console_url("/admin/session"), "the page to sign in").await;
        world.enter_console(&window, Duty::Operator, "/admin").await;
        assert_fit(&window, &world.console_url("/admin"), "the overview").await;
        window.go(&world.console_url("/admin/no-such-page")).await.unwrap();
        until("the page that says so", async || window.find(".refusal").await.ok()).await;
        assert_accessible(&window, "a page that is not there").await;
        window.close().await.unwrap();
    }
    world.close().await;
}
