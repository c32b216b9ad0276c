//! `make screenshots`: a picture of each page, below `docs/screenshots/`, of what really happened on it.

mod palette;

use std::{fs, path::PathBuf};

use anyhow::{Context, ensure};
use browser_tests::{Colours, Duty, FailedJob, Role, Window, WindowOptions, World, until};
use pipeline_tests::run_to_end;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/screenshots");
const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/demo-catalogue.json");
/// What everybody buys.
const SKU: &str = "BOWL-PATAN-12";
/// A picture that readers of the README wait for.
const BYTES_MAX: usize = 100_000;
/// Enough for the overview's figures to be of more than one payment.
const ORDERS: usize = 12;
/// Those of the two confirmation pages, and the one whose story is shown.
const OTHER_ORDERS: usize = 3;
const NEPALI: WindowOptions = WindowOptions { languages: "ne-NP,ne", ..WindowOptions::PHONE };

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut world =
        World::start_with(&[("JOB__MAX_ATTEMPTS", "2"), ("RECONCILE__SCHEDULE_SECONDS", "300")]).await;
    world.open_console().await;
    run_to_end("catalogue", &["import", CATALOGUE], world.database.url()).await?;
    let goods = "SELECT variant_id FROM product_variants WHERE sku = $1";
    world.goods = Some(world.shop.client.query_one(goods, &[&SKU]).await?.get(0));
    shop(&world).await?;
    confirmation(&world).await?;
    console(&world).await?;
    world.close().await;
    Ok(())
}

async fn shop(world: &World) -> anyhow::Result<()> {
    let window = Window::open(WindowOptions::DESK).await?;
    window.go(&world.shop_url("")).await?;
    let mut buttons = Vec::new();
    until("the products", async || {
        buttons = window.all("#products button").await.ok()?;
        (!buttons.is_empty()).then_some(())
    })
    .await;
    for (index, button) in buttons.iter().take(2).enumerate() {
        button.click().await?;
        await_text(&window, "#cart-badge", &(index + 1).to_string()).await;
    }
    window.script("document.activeElement.blur(); scrollTo(0, 0)", &[]).await?;
    take(&window, Colours::Light, "shop").await?;
    window.go(&world.shop_url("/checkout")).await?;
    await_text(&window, "#subtotal", "Rs").await;
    take(&window, Colours::Light, "checkout").await?;
    window.by_role(Role::Button, "Pay").await?.click().await?;
    await_text(&window, "ul.actions", "Pay").await;
    take(&window, Colours::Light, "gateway").await?;
    window.close().await
}

async fn confirmation(world: &World) -> anyhow::Result<()> {
    let phone = Window::open(WindowOptions::PHONE).await?;
    let nepali = Window::open(NEPALI).await?;
    let waiting = world.payment_that_is("paid").await;
    phone.go(&world.status_page(&waiting)).await?;
    take(&phone, Colours::Dark, "confirmation-waiting").await?;
    world.thaw().await;
    let confirmed = world.payment_that_is("confirmed").await;
    phone.go(&world.status_page(&confirmed)).await?;
    take(&phone, Colours::Light, "confirmation").await?;
    nepali.go(&world.status_page(&confirmed)).await?;
    take(&nepali, Colours::Light, "confirmation-nepali").await?;
    phone.close().await?;
    nepali.close().await
}

async fn console(world: &World) -> anyhow::Result<()> {
    for _ in 0..ORDERS {
        world.payment_that_is("confirmed").await;
    }
    world.payment_that_is("under_review").await;
    let FailedJob { id, .. } = world.failed_job("Ilam tea", "asha", "no space left on device").await;
    let bought = world.payment_that_is("confirmed").await;
    let number = world.order_number(&bought).await;

    let window = Window::open(WindowOptions::DESK).await?;
    window.go(&world.console_url("/admin")).await?;
    take(&window, Colours::Light, "console-sign-in").await?;
    world.enter_console(&window, Duty::Operator, "/admin").await;
    // The figures are taken every few seconds, those of the orders less often.
    await_text(&window, "#glance", &format!("{} orders", ORDERS + OTHER_ORDERS)).await;
    take(&window, Colours::Light, "console-overview").await?;
    let first_chart = "#speed svg";
    until("the figures of the orders", async || window.find(first_chart).await.ok()).await;
    window.script("document.getElementById('speed').scrollIntoView()", &[]).await?;
    take(&window, Colours::Dark, "console-speed").await?;
    let case = "SELECT id::text FROM review_cases WHERE kind = 'amount_mismatch'";
    let case: String = world.shop.client.query_one(case, &[]).await?.get(0);
    let variant = "SELECT variant_id FROM inventory WHERE sold > 0 ORDER BY variant_id LIMIT 1";
    let variant: String = world.shop.client.query_one(variant, &[]).await?.get(0);
    let pages = [
        ("/admin/jobs".to_owned(), "console-jobs"),
        ("/admin/jobs/failures".to_owned(), "console-failures"),
        ("/admin/jobs/retry".to_owned(), "console-retry"),
        ("/admin/payments".to_owned(), "console-payments"),
        ("/admin/cases".to_owned(), "console-cases"),
        ("/admin/orders".to_owned(), "console-orders"),
        ("/admin/stock".to_owned(), "console-stock"),
        (format!("/admin/stock/{variant}"), "console-variant"),
        (format!("/admin/jobs/{id}"), "console-job"),
        (format!("/admin/payments/{}", bought.payment_intent_id), "console-payment"),
        (format!("/admin/cases/{case}"), "console-case"),
        (format!("/admin/orders/{number}"), "console-order"),
    ];
    for (page, name) in pages {
        window.go(&world.console_url(&page)).await?;
        take(&window, Colours::Light, name).await?;
    }
    // Nobody fills a form in for a picture: the log shows what an operator did.
    window.go(&world.console_url(&format!("/admin/jobs/{id}"))).await?;
    window.by_role(Role::Field, "Reason for “Retry”").await?.type_text("The disk has room again.").await?;
    window.by_role(Role::Button, "Retry").await?.click().await?;
    await_text(&window, "#job", "completed").await;
    window.go(&world.console_url("/admin/audit")).await?;
    take(&window, Colours::Light, "console-audit").await?;
    window.close().await
}

async fn await_text(window: &Window, selector: &str, wanted: &str) {
    until(&format!("{selector} says {wanted}"), async || {
        let found = window.find(selector).await.ok()?;
        found.text().await.ok()?.contains(wanted).then_some(())
    })
    .await;
}

async fn take(window: &Window, colours: Colours, name: &str) -> anyhow::Result<()> {
    window.prefer(colours).await?;
    let complaints = window.complaints().await?;
    ensure!(complaints.is_empty(), "{name}: {complaints:?}");
    let picture = palette::reduce(&window.screenshot().await?)?;
    ensure!(picture.len() < BYTES_MAX, "the picture {name} has {} bytes", picture.len());
    let path = PathBuf::from(FOLDER).join(format!("{name}.png"));
    fs::create_dir_all(FOLDER)?;
    fs::write(&path, &picture).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}: {} bytes", path.file_name().unwrap_or_default().display(), picture.len());
    Ok(())
}
