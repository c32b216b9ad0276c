use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::{Client, StatusCode, header};
use tokio::{task::JoinHandle, time::timeout};

/// Bounds a browser's whole wait, the time in which nothing is ordered yet included.
const WAIT_MAX: Duration = Duration::from_secs(120);
/// What a stream may hold before it says what is waited for.
const STREAM_BYTES_MAX: usize = 64 * 1_024;

/// A browser on the confirmation page of one payment.
pub(super) struct Followed {
    pub(super) payment_intent_id: String,
    shown: JoinHandle<anyhow::Result<Instant>>,
}

impl Followed {
    /// When the page with the order's number had arrived.
    pub(super) async fn number_shown_at(self) -> anyhow::Result<Instant> {
        timeout(WAIT_MAX, self.shown).await.context("a browser still waits")??
    }
}

/// Opens the page's stream and returns once it has told where the payment stands.
pub(super) async fn follow(
    http: &Client,
    callback_url: &str,
    payment_intent_id: String,
) -> anyhow::Result<Followed> {
    let page = format!("{callback_url}/payment/status/{payment_intent_id}");
    let request = http.get(format!("{page}/stream")).header(header::ACCEPT, "text/event-stream");
    let mut stream = request.timeout(WAIT_MAX).send().await.context("no stream")?;
    ensure!(stream.status() == StatusCode::OK, "the stream answered {}", stream.status());
    let first = stream.chunk().await?.context("the stream ended at once")?;
    ensure!(String::from_utf8_lossy(&first).contains("\"paid\""), "the payment stands elsewhere");
    let http = http.clone();
    let shown = tokio::spawn(async move {
        let mut text = String::new();
        while !text.contains("\"confirmed\"") {
            let chunk = stream.chunk().await?.context("the stream ended before the order was there")?;
            text.push_str(&String::from_utf8_lossy(&chunk));
            ensure!(text.len() < STREAM_BYTES_MAX, "the stream tells no end");
        }
        // The page's script fetches the words of the new status, and the number with them.
        let loaded = http.get(&page).header(header::ACCEPT, "text/html").send().await?.text().await?;
        let shown_at = Instant::now();
        ensure!(loaded.contains("id=\"order-number\">ORD-"), "the page shows no number: {loaded}");
        Ok(shown_at)
    });
    Ok(Followed { payment_intent_id, shown })
}
