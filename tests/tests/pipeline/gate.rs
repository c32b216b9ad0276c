use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A door in front of a server: while it is shut, every connection breaks and none is made.
pub(crate) struct Gate {
    address: SocketAddr,
    open: watch::Sender<bool>,
    doorman: JoinHandle<()>,
}

impl Gate {
    /// An open door in front of `server`.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        let doorman = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let mut is_open = is_open.clone();
                if *is_open.borrow_and_update() {
                    tokio::spawn(pass(caller, server, is_open));
                }
            }
        });
        Self { address, open, doorman }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn shut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.doorman.abort();
    }
}

async fn pass(mut caller: TcpStream, server: SocketAddr, mut is_open: watch::Receiver<bool>) {
    let Ok(mut behind) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // How a connection ended is its two ends' business.
        _ = copy_bidirectional(&mut caller, &mut behind) => {}
        _ = is_open.changed() => {}
    }
}
