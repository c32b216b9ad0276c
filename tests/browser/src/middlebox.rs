//! What stands between some browsers and the shop, and meddles with what passes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// No request of these pages has a longer head.
const HEAD_BYTES_MAX: usize = 16_384;
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What it does; everything else passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// Streams are answered in the server's place: there is none.
    RefusesStreams,
    /// Nothing of a stream comes through until it is over, which it never is.
    HoldsStreamsBack,
    /// Lets Chromium keep pages that were left, as some browsers do whatever the server says.
    LetsPagesBeKept,
}

/// A proxy before a server, on loopback. It ends with the value.
#[derive(Debug)]
pub struct Middlebox {
    address: SocketAddr,
    streams: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Middlebox {
    /// Serves on a free port.
    ///
    /// # Errors
    /// Where none is free.
    pub async fn before(server: SocketAddr, meddling: Meddling) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let (address, seen) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    // A connection that breaks is the browser's to complain about.
                    drop(pass(browser, server, meddling, &counted).await);
                });
            }
        });
        Ok(Self { address, streams: seen, serving })
    }

    /// Where browsers find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Streams that were asked for so far.
    pub fn streams_seen(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }
}

impl Drop for Middlebox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request: each connection carries no more.
async fn pass(
    mut browser: TcpStream,
    server: SocketAddr,
    meddling: Meddling,
    seen: &AtomicUsize,
) -> anyhow::Result<()> {
    let request = head_of(&mut browser).await?;
    if request.split(' ').nth(1).context("no request")?.ends_with("/stream") {
        seen.fetch_add(1, Ordering::Relaxed);
        match meddling {
            Meddling::RefusesStreams => return Ok(browser.write_all(REFUSAL).await?),
            Meddling::HoldsStreamsBack => {
                // Ends when the browser gives up.
                browser.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
            Meddling::LetsPagesBeKept => {}
        }
    }
    let mut upstream = TcpStream::connect(server).await?;
    upstream.write_all(without("connection", &request, "Connection: close\r\n").as_bytes()).await?;
    if meddling == Meddling::LetsPagesBeKept {
        let answer = head_of(&mut upstream).await?;
        browser.write_all(without("cache-control", &answer, "").as_bytes()).await?;
    }
    copy_bidirectional(&mut browser, &mut upstream).await?;
    Ok(())
}

/// A head without one of its fields, and with something else at its end.
fn without(field: &str, head: &str, instead: &str) -> String {
    let is_named =
        |line: &str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(field));
    let kept = head.lines().filter(|line| !line.is_empty() && !is_named(line));
    let kept: String = kept.flat_map(|line| [line, "\r\n"]).collect();
    format!("{kept}{instead}\r\n")
}

/// Up to the empty line. Requests for pages have no body.
async fn head_of(connection: &mut TcpStream) -> anyhow::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < HEAD_BYTES_MAX, "a head without an end");
        head.push(connection.read_u8().await?);
    }
    String::from_utf8(head).context("a head that is no text")
}
