use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, bail};

/// Below what kernels hand to outgoing connections, so that none of those takes a port between the look and the use.
const FIRST: u32 = 12_000;
const COUNT: u32 = 18_000;
const TRIED_MAX: u32 = 500;
/// Test processes that run side by side start far from each other.
const APART: u32 = 97;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A loopback address that nobody listens on; each is given out once a process.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..TRIED_MAX {
        let offset =
            process::id().wrapping_mul(APART).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + offset).context("port out of range")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("{TRIED_MAX} ports from {FIRST} on are all taken")
}
