//! Asking: who is asked, how often, and what is known before.

use std::{sync::Arc, time::Duration};

use schema::{Connection, Error, queries::payment_intents};

use super::{
    IntentUnderQuestion,
    gateway::{Asked, Gateway, Provider, Question},
};

/// Two questions about one intent are at least this far apart when callbacks cause them.
pub const QUESTION_DISTANCE: Duration = Duration::from_secs(2);

/// The gateways that are configured.
#[derive(Debug, Clone)]
pub struct Gateways(Vec<Arc<dyn Gateway>>);

impl Gateways {
    pub fn new(gateways: Vec<Arc<dyn Gateway>>) -> Self {
        Self(gateways)
    }

    /// The gateway of a provider, unless it is off.
    pub fn get(&self, provider: Provider) -> Option<&dyn Gateway> {
        self.0.iter().find(|gateway| gateway.provider() == provider).map(|gateway| &**gateway)
    }

    /// The gateway behind the word of `payment_intents.provider`.
    pub fn by_word(&self, provider: &str) -> Option<&dyn Gateway> {
        provider.parse().ok().and_then(|provider| self.get(provider))
    }
}

/// When questions are asked and when their answers are final.
#[derive(Debug, Clone)]
pub struct QuestionPolicy {
    /// Ages of the intent at which the first questions are due, ascending.
    pub first_ages: Vec<Duration>,
    /// Age at which a still undecided intent opens a review case; asking goes on.
    pub give_up_age: Duration,
    /// Age before which NOT_FOUND is never final.
    pub not_found_grace: Duration,
    /// For the order's job.
    pub job_attempts_max: i32,
}

/// What is stored about an intent before it is asked about; `None`: no such intent.
pub async fn look_up(
    connection: &mut Connection,
    payment_intent_id: &str,
) -> Result<Option<IntentUnderQuestion>, Error> {
    payment_intents::read::under_question(connection, payment_intent_id).await
}

/// What is stored about the intent behind a gateway's handle.
pub async fn look_up_by_reference(
    connection: &mut Connection,
    provider: Provider,
    gateway_reference: &str,
) -> Result<Option<IntentUnderQuestion>, Error> {
    payment_intents::read::under_question_by_reference(connection, provider.as_str(), gateway_reference).await
}

/// Takes the right to ask now. `false`: somebody asked less than two seconds ago and will record the answer.
pub async fn may_ask_now(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    payment_intents::status::claim_question_if_not_asked_within(
        connection,
        payment_intent_id,
        QUESTION_DISTANCE.as_secs_f64(),
    )
    .await
}

/// Notes that the gateway is being asked, however long ago it was asked before.
pub async fn note_asked(connection: &mut Connection, payment_intent_id: &str) -> Result<bool, Error> {
    payment_intents::status::claim_question_if_not_asked_within(connection, payment_intent_id, 0.0).await
}

/// The question about an intent: our reference, our amount. `None` while the gateway has no session for it.
pub fn question_about(intent: &IntentUnderQuestion) -> Option<Question> {
    Some(Question {
        payment_intent_id: intent.payment_intent_id.clone(),
        gateway_reference: intent.gateway_reference.clone()?,
        amount_minor: intent.amount_minor,
    })
}

/// Asks. Holds no connection; not knowing is an answer.
pub async fn ask(gateway: &dyn Gateway, question: Question) -> Asked {
    gateway.ask(question).await
}
