//! A door in front of Postgres that knows what passes through it, for finding out what its loss does.

mod connection;
mod faults;
mod message;
mod session;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

pub use faults::{ArmedCut, Cut, Injected, Side, Weather};
pub use message::{Message, MessageKind};

use crate::fault_proxy::faults::Faults;

const DEFAULT_PORT: u16 = 5432;

/// A TCP proxy on loopback before one Postgres server. It reads the frontend's messages, so that a fault can hit the
/// n-th of them, and does with connections what networks do: delay, swallow, reset, cut.
///
/// Whose connections suffer is decided by who is given [`FaultProxy::url`]: one proxy a service where it matters, and
/// [`Message::application_name`] where several share one. TLS is declined, since what cannot be read cannot be counted.
///
/// Dropping it takes no new connections and ends those that are open.
#[derive(Debug)]
pub struct FaultProxy {
    url: String,
    address: SocketAddr,
    faults: Faults,
    doorman: JoinHandle<()>,
}

impl FaultProxy {
    /// A proxy that lets everything through, before the server that `database_url` names.
    ///
    /// # Errors
    /// Where the URL names no reachable address or no port is free.
    pub async fn before(database_url: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(database_url).context("the database's URL cannot be read")?;
        let addresses = url.socket_addrs(|| Some(DEFAULT_PORT)).context("the database has no address")?;
        let server = *addresses.first().context("the database has no address")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for a proxy")?;
        let address = listener.local_addr()?;
        let host = address.ip().to_string();
        url.set_host(Some(&host)).context("the database's URL takes no host")?;
        url.set_port(Some(address.port())).ok().context("the database's URL takes no port")?;
        let faults = Faults::default();
        let doorman = tokio::spawn(connection::accept(listener, server, faults.clone()));
        Ok(Self { url: url.into(), address, faults, doorman })
    }

    /// The database's URL with the proxy's address in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to every byte from now on, until told otherwise.
    pub fn set_weather(&self, weather: Weather) {
        self.faults.set_weather(weather);
    }

    /// Resets every connection that is open now (RST, nothing is flushed); later ones are let in.
    pub fn reset_connections(&self) {
        self.faults.reset_connections();
    }

    /// Connections that are open now lead nowhere any more, as when a server vanishes without a word: bytes are accepted,
    /// none comes out, and nobody says so. Later ones are let in.
    pub fn strand_connections(&self) {
        self.faults.strand();
    }

    /// Arms a cut in place of the one before it. It counts messages from now on, over all connections.
    pub fn arm(&self, cut: Cut) -> ArmedCut {
        self.faults.arm(cut)
    }

    /// Takes the cut back; counting ends.
    pub fn disarm(&self) {
        self.faults.disarm();
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.faults.connections()
    }

    /// Faults injected so far, by kind.
    pub fn injected(&self) -> Injected {
        self.faults.injected()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.doorman.abort();
        self.faults.close();
    }
}
