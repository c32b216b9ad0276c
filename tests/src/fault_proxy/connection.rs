use std::{future::pending, net::SocketAddr, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::{sleep, timeout},
};

use crate::fault_proxy::{
    faults::{Faults, Side, Weather},
    session::{Said, Session},
};

const READ_BYTES: usize = 16 * 1024;
/// What a server answers that has no encryption to offer.
const DECLINED: &[u8] = b"N";
/// Longer than any statement of ours may run: after it, a server that is still at work is left.
const LAST_EXECUTION_MAX: Duration = Duration::from_secs(15);

pub(super) async fn accept(listener: TcpListener, server: SocketAddr, faults: Faults) {
    let mut number = 0;
    while let Ok((client, _)) = listener.accept().await {
        number += 1;
        let faults = faults.clone();
        tokio::spawn(async move {
            faults.opened();
            carry(client, server, number, &faults).await;
            faults.closed();
        });
    }
}

/// How the passage of one connection ended.
enum End {
    /// One of the ends went.
    Left,
    /// The network broke it off.
    Reset,
    Cut(Side),
}

async fn carry(client: TcpStream, server: SocketAddr, number: u64, faults: &Faults) {
    let mut resets = faults.resets();
    // Nobody there: the client sees its connection end, as it would without a proxy.
    let Ok(server) = TcpStream::connect(server).await else { return };
    // Without it the proxy adds a delay of its own, and nothing worse.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut requests = Requests {
        from_client,
        to_server,
        delay: Delay::new(faults, 2 * number),
        session: Session::default(),
    };
    let mut answers = Answers { from_server, to_client, delay: Delay::new(faults, 2 * number + 1) };
    let passage = async {
        if !requests.open(&mut answers.to_client).await {
            return End::Left;
        }
        tokio::select! {
            end = requests.carry(faults) => end,
            () = answers.carry() => End::Left,
        }
    };
    let end = tokio::select! {
        end = passage => end,
        _ = resets.changed() => End::Reset,
        () = faults.closing().cancelled() => End::Reset,
    };
    let Requests { from_client, to_server, .. } = requests;
    let Answers { from_server, to_client, .. } = answers;
    match end {
        End::Left => {}
        End::Reset => {
            faults.count(|injected| injected.resets += 1);
            for stream in [from_client.as_ref(), from_server.as_ref()] {
                // Where it cannot be set, the connection is closed instead of reset.
                let _ = stream.set_zero_linger();
            }
            // Dropped, they would say goodbye first.
            to_client.forget();
            to_server.forget();
            return;
        }
        End::Cut(Side::Before) => faults.count(|injected| injected.cuts_before += 1),
        End::Cut(Side::After) => faults.count(|injected| injected.cuts_after += 1),
    }
    drop((from_client, to_client));
    let _ = timeout(LAST_EXECUTION_MAX, let_finish(from_server, to_server)).await;
}

/// Tells the server that nothing more comes and waits until it hangs up: it has then executed all that it got.
async fn let_finish(mut from_server: OwnedReadHalf, mut to_server: OwnedWriteHalf) {
    if to_server.shutdown().await.is_err() {
        return;
    }
    let mut unheard = vec![0; READ_BYTES];
    while from_server.read(&mut unheard).await.is_ok_and(|read| read > 0) {}
}

/// From the client to the server, message by message.
struct Requests {
    from_client: OwnedReadHalf,
    to_server: OwnedWriteHalf,
    delay: Delay,
    session: Session,
}

impl Requests {
    /// Passes the start-up message on; `false` where the client went before.
    async fn open(&mut self, to_client: &mut OwnedWriteHalf) -> bool {
        loop {
            match self.session.next() {
                Ok(Some(Said::AsksForEncryption)) => {
                    if to_client.write_all(DECLINED).await.is_err() {
                        return false;
                    }
                }
                Ok(Some(Said::Opening(bytes) | Said::Message(bytes, _))) => {
                    return self.to_server.write_all(&bytes).await.is_ok();
                }
                Ok(None) => {
                    if !self.hear().await {
                        return false;
                    }
                }
                Err(_not_postgres) => return false,
            }
        }
    }

    async fn carry(&mut self, faults: &Faults) -> End {
        loop {
            let said = match self.session.next() {
                Ok(said) => said,
                Err(_not_postgres) => return End::Left,
            };
            if let Some(said) = said {
                let (bytes, cut) = match said {
                    Said::AsksForEncryption => return End::Left,
                    Said::Opening(bytes) => (bytes, None),
                    Said::Message(bytes, message) => (bytes, faults.meets(&message)),
                };
                if cut == Some(Side::Before) {
                    return End::Cut(Side::Before);
                }
                if self.to_server.write_all(&bytes).await.is_err() {
                    return End::Left;
                }
                if cut == Some(Side::After) {
                    return End::Cut(Side::After);
                }
            } else if !self.hear().await {
                return End::Left;
            }
        }
    }

    /// Reads what comes next; `false` where nothing does.
    async fn hear(&mut self) -> bool {
        let mut heard = vec![0; READ_BYTES];
        let read = self.from_client.read(&mut heard).await.unwrap_or(0);
        self.session.hear(heard.get(..read).unwrap_or_default());
        self.delay.pass().await;
        read > 0
    }
}

/// From the server to the client, as it comes.
struct Answers {
    from_server: OwnedReadHalf,
    to_client: OwnedWriteHalf,
    delay: Delay,
}

impl Answers {
    async fn carry(&mut self) {
        let mut heard = vec![0; READ_BYTES];
        while let Ok(read) = self.from_server.read(&mut heard).await {
            self.delay.pass().await;
            let answer = heard.get(..read).unwrap_or_default();
            if answer.is_empty() || self.to_client.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

/// The weather of one direction of one connection.
struct Delay {
    faults: Faults,
    weather: watch::Receiver<Weather>,
    stream: u64,
    /// How often all connections had been stranded before this one was let in.
    strandings_before: u64,
    /// What the jitter is drawn from, and the seed it was made of.
    random: Option<(u64, StdRng)>,
}

impl Delay {
    fn new(faults: &Faults, stream: u64) -> Self {
        Self {
            faults: faults.clone(),
            weather: faults.weather(),
            stream,
            strandings_before: faults.strandings(),
            random: None,
        }
    }

    /// Returns when what was read may go on.
    async fn pass(&mut self) {
        let mut is_held = false;
        loop {
            if self.faults.strandings() > self.strandings_before {
                return pending().await;
            }
            let weather = *self.weather.borrow_and_update();
            match weather {
                Weather::Clear => return,
                Weather::Latency { fixed, jitter, seed } => {
                    self.faults.count(|injected| injected.delays += 1);
                    return sleep(fixed + jitter.mul_f64(self.draw(seed))).await;
                }
                Weather::BlackHole => {
                    if !is_held {
                        self.faults.count(|injected| injected.held_back += 1);
                    }
                    is_held = true;
                    if self.weather.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// From 0 to 1.
    fn draw(&mut self, seed: u64) -> f64 {
        if self.random.as_ref().is_none_or(|(made_of, _)| *made_of != seed) {
            self.random = Some((seed, StdRng::seed_from_u64(seed.wrapping_add(self.stream))));
        }
        self.random.as_mut().map_or(0.0, |(_, random)| random.random_range(0.0..1.0))
    }
}
