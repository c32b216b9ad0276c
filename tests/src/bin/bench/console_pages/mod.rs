//! The console's pages over a month of business: a million jobs, two hundred thousand orders.

mod console;

use std::time::{Duration, Instant};

use anyhow::ensure;
use console::Console;
use pipeline_tests::{Filling, fill};
use tokio_postgres::Client;

use crate::{
    cluster::Cluster,
    connections::connect,
    latencies::Latencies,
    report::{Row, Target},
    rounds::Samples,
    say,
};

const FILLING: Filling = Filling { jobs: 1_000_000, orders: 200_000 };
/// Looks at a page in one round; the first ones of a page are not counted.
const LOOKS: usize = 40;
const WARM_UP: usize = 3;
const PAGE_P95_MS_MOST: f64 = 300.0;
const PAGE_KIB_MOST: f64 = 60.0;

/// A page: what it shows, where it is, and what was measured.
struct Page {
    shows: &'static str,
    path: String,
    p50: Samples,
    p95: Samples,
    kib: f64,
}

pub(crate) async fn run(cluster: &Cluster) -> anyhow::Result<Vec<Row>> {
    let url = cluster.fresh_database("console_pages").await?;
    let observer = connect(&url).await?;
    fill(&observer, FILLING, |done| say(&format!("  {done}"))).await?;
    let mut pages = pages(&observer).await?;
    let console = Console::start(&url).await?;
    for round in 1..=cluster.rounds {
        say(&format!(
            "  round {round} of {}: {LOOKS} looks at each of {} pages",
            cluster.rounds,
            pages.len()
        ));
        for page in &mut pages {
            look(&console, page).await?;
        }
    }
    console.stop().await?;
    Ok(pages.into_iter().flat_map(Page::rows).collect())
}

async fn look(console: &Console, page: &mut Page) -> anyhow::Result<()> {
    let mut latencies = Latencies::default();
    for number in 0..WARM_UP + LOOKS {
        let began = Instant::now();
        let body = console.get(&page.path).await?;
        let took: Duration = began.elapsed();
        if number >= WARM_UP {
            latencies.add(took);
        }
        ensure!(body.contains("<h1>"), "{} is no page: {body}", page.path);
        page.kib = f64::from(u32::try_from(body.len())?) / 1_024.0;
    }
    page.p50.push(latencies.percentile(50)?);
    page.p95.push(latencies.percentile(95)?);
    Ok(())
}

impl Page {
    fn new(shows: &'static str, path: impl Into<String>) -> Self {
        Self { shows, path: path.into(), p50: Samples::default(), p95: Samples::default(), kib: 0.0 }
    }

    fn rows(self) -> [Row; 3] {
        let Self { shows, p50, p95, kib, path: _ } = self;
        [
            Row::new(format!("console: {shows}, p50"), "ms", p50),
            Row::new(format!("console: {shows}, p95"), "ms", p95).target(Target::AtMost(PAGE_P95_MS_MOST)),
            Row::new(format!("console: {shows}, size"), "KiB", Samples::one(kib))
                .target(Target::AtMost(PAGE_KIB_MOST)),
        ]
    }
}

/// Every page with a list or a search in it, the worst searches among them: those that find nothing.
async fn pages(observer: &Client) -> anyhow::Result<Vec<Page>> {
    let read = "SELECT (SELECT max(id) FROM job_queue WHERE status = 'failed')::text,
        (SELECT max(id) / 2 FROM job_queue)::text, (SELECT max(id) FROM review_cases)::text, payment_intent_id, order_number
        FROM orders ORDER BY created_at DESC OFFSET 777 LIMIT 1";
    let row = observer.query_one(read, &[]).await?;
    let [failed, middle, case, payment, order] = [0, 1, 2, 3, 4].map(|column| row.get::<_, String>(column));
    Ok(vec![
        Page::new("overview", "/admin"),
        Page::new("jobs", "/admin/jobs"),
        Page::new("jobs, half-way through", format!("/admin/jobs?after={middle}")),
        Page::new("pending jobs", "/admin/jobs?state=pending"),
        Page::new("failed jobs", "/admin/jobs?state=failed"),
        Page::new("jobs by a type there is none of", "/admin/jobs?type=nothing"),
        Page::new("pending jobs by a type there is none of", "/admin/jobs?state=pending&type=nothing"),
        Page::new("failed jobs by an error there is none of", "/admin/jobs?state=failed&error=nothing"),
        Page::new("failures by kind", "/admin/jobs/failures"),
        Page::new("failed jobs counted before a retry", "/admin/jobs/retry?error=JSON"),
        Page::new("one job", format!("/admin/jobs/{failed}")),
        Page::new("payments", "/admin/payments"),
        Page::new("payments found by order", format!("/admin/payments?q={order}")),
        Page::new("payments found by user", "/admin/payments?q=filled-shopper-777"),
        Page::new("one payment and its story", format!("/admin/payments/{payment}")),
        Page::new("review cases", "/admin/cases"),
        Page::new("one review case", format!("/admin/cases/{case}")),
        Page::new("orders", "/admin/orders"),
        Page::new("one order", format!("/admin/orders/{order}")),
        Page::new("stock", "/admin/stock"),
        Page::new("stock that there is none of", "/admin/stock?q=nothing"),
        Page::new("one variant", "/admin/stock/filled-77"),
        Page::new("audit", "/admin/audit"),
    ])
}
