//! Wake-ups between processes. A wake-up is a hint: whoever misses one polls.

use diesel::sql_types::{Text, Untyped};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;

use crate::{Connection, Error, PoolSettings, pool};

/// What a wake-up is about; each is a Postgres channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Jobs became due; it tells their types, with commas between them, or [`ANY`].
    JobQueue,
    /// The status of intents changed; it tells their ids likewise.
    PaymentIntents,
}

impl Channel {
    const fn as_str(self) -> &'static str {
        match self {
            Self::JobQueue => "job_queue",
            Self::PaymentIntents => "payment_intents",
        }
    }
}

/// Told where any may be meant.
pub const ANY: &str = "";

statement! {
    Notify<'a> { channel: &'a str, payload: &'a str } -> Untyped;
    "SELECT pg_notify(" (channel as Text) ", " (payload as Text) ")"
}

/// Wakes the listeners of a channel and tells them at most 7,999 bytes. Runs outside any transaction: a NOTIFY inside one
/// makes commits wait for each other.
pub async fn notify(connection: &mut Connection, channel: Channel, told: &str) -> Result<(), Error> {
    Notify { channel: channel.as_str(), payload: told }.execute(connection).await?;
    Ok(())
}

/// A connection of its own that hears one channel.
pub struct Listener {
    connection: Connection,
}

impl Listener {
    /// Connects and listens.
    pub async fn connect(settings: &PoolSettings, channel: Channel) -> Result<Self, Error> {
        let mut connection = pool::connect(settings).await?;
        connection.batch_execute(&format!("LISTEN {}", channel.as_str())).await?;
        Ok(Self { connection })
    }

    /// Waits for the next wake-up; returns what it tells. An error means that the connection is gone: connect again, and look
    /// once, since wake-ups may have been missed.
    pub async fn heard(&mut self) -> Result<String, Error> {
        let mut notifications = std::pin::pin!(self.connection.notifications_stream());
        match notifications.next().await {
            Some(notification) => notification.map(|told| told.payload).map_err(Error::from),
            None => Err(Error::Unavailable("the listening connection was closed".to_owned())),
        }
    }
}
