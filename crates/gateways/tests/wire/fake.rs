//! A gateway of a test's own: one TCP listener that answers every connection in the same way and keeps what it got.

use std::{sync::Arc, time::Duration};

use gateways::HttpClient;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};

/// Long enough for a busy machine; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// For the tests in which it must pass.
pub(crate) const IMPATIENCE: Duration = Duration::from_millis(200);

/// One request as it stood on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// Method and target, `POST /epayment/lookup/`.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What the fake does with every connection.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    Answer {
        status: u16,
        body: String,
    },
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// Reads the request and says nothing.
    Silence,
}

#[derive(Debug)]
pub(crate) struct FakeGateway {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    listening: JoinHandle<()>,
}

impl Drop for FakeGateway {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl FakeGateway {
    pub(crate) async fn answering(status: u16, body: &str) -> Self {
        Self::behaving(Behaviour::Answer { status, body: body.to_owned() }).await
    }

    pub(crate) async fn behaving(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn(serve(listener, behaviour, Arc::clone(&received)));
        Self { url, received, listening }
    }

    /// Every request so far, oldest first.
    pub(crate) async fn received(&self) -> Vec<Received> {
        self.received.lock().await.clone()
    }

    pub(crate) async fn only_request(&self) -> Received {
        let received = self.received().await;
        assert_eq!(received.len(), 1, "{received:?}");
        received[0].clone()
    }
}

pub(crate) fn client(timeout: Duration) -> HttpClient {
    HttpClient::new(timeout).expect("an HTTP client can be built")
}

async fn serve(listener: TcpListener, behaviour: Behaviour, received: Arc<Mutex<Vec<Received>>>) {
    let mut kept_open = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        if let Some(request) = read_request(&mut stream).await {
            received.lock().await.push(request);
        }
        // A client that has gone away is the test's own doing.
        match &behaviour {
            Behaviour::Answer { status, body } => {
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _gone = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
            Behaviour::Bytes(bytes) => {
                let _gone = stream.write_all(bytes).await;
            }
            Behaviour::Silence => kept_open.push(stream),
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
            let request = Received {
                line: line.trim_end_matches(" HTTP/1.1").to_owned(),
                head: headers.to_owned(),
                body: body.to_owned(),
            };
            let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(request);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
