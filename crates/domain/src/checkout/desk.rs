//! Where requests for intents wait for one another: those that come together are made into intents in one transaction.
//!
//! A sale of one variant is bound by the commits that its row's lock lets through, one after the other; a group of fifty
//! takes the lock once. A lone request waits for nobody: groups are never filled up, only what waits is taken.

use std::{collections::HashSet, convert::Infallible, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use schema::Error;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{
    Checkout, CreateIntent, CreateIntentError,
    create_intent::create_alone,
    request::Request,
    session::{self, Session},
    together::create_together,
};
use crate::queue::current_trace_context;

/// Requests in one transaction: a bound on how long a variant's row is locked, and on how much longer one waits who comes
/// just too late for a group. At 64 a sale sells no more a second, and one in twenty waits longer.
const GROUP_MAX: usize = 24;
/// Transactions under way: while one commits, the next reads and inserts.
const GROUPS_MAX: usize = 2;
/// Requests that may wait; one more is refused.
const WAITING_MAX: usize = 4_096;
/// A group that finds less stock than it read starts again so often; then each of its requests goes alone.
const READS_MAX: u32 = 3;

/// Takes requests for intents.
#[derive(Debug, Clone)]
pub struct IntentDesk {
    checkout: Checkout,
    waiting: mpsc::Sender<Waiting>,
}

/// Serves whoever waits at the desk.
#[derive(Debug)]
pub struct IntentClerk {
    checkout: Checkout,
    waiting: mpsc::Receiver<Waiting>,
}

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: Arc<Request>,
    /// Of whoever asks: the question's job goes on with it.
    pub(super) trace_context: Option<Value>,
    served: oneshot::Sender<Served>,
}

/// What came of a request in its group.
#[derive(Debug)]
pub(super) enum Served {
    /// The body of the answer, stored under the key.
    Answered(Vec<u8>),
    /// The gateway has to be asked for a session; this request has the key until then.
    Leased(Session),
    Refused(CreateIntentError),
    /// It is not simply a first request for a cart that can be bought: it needs a transaction of its own.
    Alone,
}

impl IntentDesk {
    /// A desk, and the clerk without whom nobody at it is served.
    pub fn open(checkout: Checkout) -> (Self, IntentClerk) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let clerk = IntentClerk { checkout: checkout.clone(), waiting: receiver };
        (Self { checkout, waiting: sender }, clerk)
    }

    /// Makes an intent as [`super::create_intent`] does, in one transaction with others that wait. May be dropped: the
    /// same key then gets what came of it.
    pub async fn create_intent(&self, command: CreateIntent) -> Result<Vec<u8>, CreateIntentError> {
        let request = Arc::new(Request::checked(command)?);
        let gateway = self.checkout.gateway(request.provider)?;
        let (sender, served) = oneshot::channel();
        let waiting = Waiting {
            request: Arc::clone(&request),
            trace_context: current_trace_context().map(|context| context.0),
            served: sender,
        };
        let full = |_| Error::Unavailable(format!("{WAITING_MAX} requests for intents wait already"));
        self.waiting.try_send(waiting).map_err(full)?;
        match served.await {
            Ok(Served::Answered(body)) => Ok(body),
            Ok(Served::Leased(session)) => session::open(&self.checkout, gateway, &request, session).await,
            Ok(Served::Refused(error)) => Err(error),
            // Also where the clerk has gone: the request loses nothing but company.
            Ok(Served::Alone) | Err(_) => create_alone(&self.checkout, gateway, &request).await,
        }
    }
}

impl IntentClerk {
    /// Serves until it is dropped. What is not committed then is rolled back; those who still wait go alone.
    pub async fn serve(mut self) -> Infallible {
        let mut groups = FuturesUnordered::new();
        let mut taken = Vec::with_capacity(GROUP_MAX);
        loop {
            tokio::select! {
                Some(()) = groups.next(), if !groups.is_empty() => {}
                count = self.waiting.recv_many(&mut taken, GROUP_MAX), if groups.len() < GROUPS_MAX => {
                    if count == 0 {
                        // No desk is left; nobody will come.
                        std::future::pending::<()>().await;
                    }
                    groups.push(serve_group(&self.checkout, std::mem::take(&mut taken)));
                }
            }
        }
    }
}

async fn serve_group(checkout: &Checkout, taken: Vec<Waiting>) {
    let (group, others) = first_of_each_user(taken);
    let served = match serve_together(checkout, &group).await {
        Ok(served) => served,
        Err(error) => {
            tracing::info!(%error, requests = group.len(), "a group of requests for intents goes one by one");
            group.iter().map(|_| Served::Alone).collect()
        }
    };
    let alone = others.into_iter().map(|waiting| (waiting, Served::Alone));
    for (waiting, served) in group.into_iter().zip(served).chain(alone) {
        // Whoever has gone away asks again with the same key.
        drop(waiting.served.send(served));
    }
}

/// One cart takes one request at a time.
fn first_of_each_user(taken: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut users = HashSet::new();
    taken.into_iter().partition(|waiting| users.insert(waiting.request.user_id.clone()))
}

async fn serve_together(checkout: &Checkout, group: &[Waiting]) -> Result<Vec<Served>, CreateIntentError> {
    let mut connection = checkout.pool.connection().await?;
    for _ in 1..READS_MAX {
        match create_together(&mut connection, checkout, group).await {
            Err(CreateIntentError::InsufficientStock(_)) => {}
            served => return served,
        }
    }
    create_together(&mut connection, checkout, group).await
}
