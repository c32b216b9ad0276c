use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use pipeline_tests::fault_proxy::{Cut, FaultProxy, Message, MessageKind, Side};

/// Times that somebody asked Postgres and waited for the answer, by the name that the connection gave.
pub(super) type Counted = BTreeMap<String, u64>;

/// Counts on the wire what passes through a proxy that does nothing else. A Query ends in an answer, and so does every
/// Sync, whatever stands before it.
pub(super) struct RoundTrips {
    proxy: FaultProxy,
    counted: Arc<Mutex<Counted>>,
}

impl RoundTrips {
    pub(super) async fn before(database_url: &str) -> anyhow::Result<Self> {
        let proxy = FaultProxy::before(database_url).await?;
        let counted = Arc::new(Mutex::new(Counted::new()));
        let counting = Arc::clone(&counted);
        let which = move |message: &Message| {
            let is_asked = matches!(message.kind, MessageKind::Query | MessageKind::Sync);
            if is_asked {
                let mut counted = counting.lock().unwrap_or_else(PoisonError::into_inner);
                *counted.entry(message.application_name.to_string()).or_default() += 1;
            }
            is_asked
        };
        // The 0th message is never cut at.
        proxy.arm(Cut { which: Arc::new(which), nth: 0, side: Side::Before, again: false });
        Ok(Self { proxy, counted })
    }

    /// Where the database is to be reached for its round trips to count.
    pub(super) fn url(&self) -> &str {
        self.proxy.url()
    }

    /// What was counted since the last time.
    pub(super) fn take(&self) -> Counted {
        std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
