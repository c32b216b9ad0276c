//! A door in front of Postgres that holds a client back between two of its statements.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::JoinHandle,
};

/// A request for TLS, which has no type byte, as the startup message that follows it has none.
const SSL_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// What the door does with the next statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy {
    /// Statements that still go through; `None`: all.
    let_through: Option<usize>,
    /// Statements seen since the door was last set.
    seen: usize,
    is_holding: bool,
}

/// Every connection through it counts.
#[derive(Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    policy: Arc<watch::Sender<Policy>>,
    doorman: JoinHandle<()>,
}

impl Door {
    /// An open door before `server`.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Policy { let_through: None, seen: 0, is_holding: false };
        let policy = Arc::new(watch::Sender::new(open));
        let shared = Arc::clone(&policy);
        let doorman = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Self { address, policy, doorman }
    }

    /// The same database, through the door.
    pub(crate) fn url(&self, database_url: &str) -> String {
        let mut url = url::Url::parse(database_url).unwrap();
        url.set_ip_host(self.address.ip()).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.into()
    }

    /// Holds back the statement after the next `let_through` ones, and all that come after it.
    pub(crate) fn hold_after(&self, let_through: usize) {
        self.policy.send_replace(Policy { let_through: Some(let_through), seen: 0, is_holding: false });
    }

    /// Lets everything through; returns how many statements came since the door was last set.
    pub(crate) fn open(&self) -> usize {
        self.policy.send_replace(Policy { let_through: None, seen: 0, is_holding: false }).seen
    }

    /// Returns when a statement is held back.
    pub(crate) async fn holds(&self) {
        self.policy.subscribe().wait_for(|policy| policy.is_holding).await.unwrap();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.doorman.abort();
    }
}

async fn pass(client: TcpStream, server: SocketAddr, policy: Arc<watch::Sender<Policy>>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    tokio::select! {
        // How a connection ends is its two ends' business.
        _ = copy(&mut from_server, &mut to_client) => {}
        _ = forward(from_client, to_server, &policy) => {}
    }
}

/// Forwards message by message, and asks before the first one of each statement.
async fn forward(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    policy: &watch::Sender<Policy>,
) -> std::io::Result<()> {
    loop {
        let request = length_and_body(&mut client).await?;
        server.write_all(&request).await?;
        if request[4..8] != SSL_REQUEST {
            break;
        }
    }
    let mut is_between_statements = true;
    loop {
        let kind = client.read_u8().await?;
        let body = length_and_body(&mut client).await?;
        if is_between_statements {
            take_turn(policy).await;
        }
        // Sync and a simple query each end what the server answers as a whole.
        is_between_statements = matches!(kind, b'S' | b'Q');
        server.write_u8(kind).await?;
        server.write_all(&body).await?;
    }
}

async fn take_turn(policy: &watch::Sender<Policy>) {
    let mut changes = policy.subscribe();
    policy.send_modify(|policy| {
        policy.is_holding |= policy.let_through.is_some_and(|let_through| policy.seen >= let_through);
        policy.seen += 1;
    });
    // A door that is gone holds nobody.
    let _ = changes.wait_for(|policy| !policy.is_holding).await;
}

/// A message without its type byte.
async fn length_and_body(client: &mut OwnedReadHalf) -> std::io::Result<Vec<u8>> {
    let length = client.read_u32().await?;
    let mut message = length.to_be_bytes().to_vec();
    message.resize(usize::try_from(length).unwrap(), 0);
    client.read_exact(&mut message[4..]).await?;
    Ok(message)
}
