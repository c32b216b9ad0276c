//! A gateway inside the test: it knows what was paid and counts what it is asked to give back.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
};

use domain::payments::{
    Gateways,
    gateway::{
        Answer, Asked, Gateway, Provider, Question, RefundReply, RefundRequest, StartPayment,
        StartPaymentError, StartedPayment,
    },
};
use serde_json::json;

/// Khalti, where everything that is asked about was paid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Till {
    refunds: Arc<Mutex<HashMap<String, usize>>>,
}

impl Till {
    pub(crate) fn gateways(&self) -> Gateways {
        Gateways::new(vec![Arc::new(self.clone())])
    }

    /// How often a transaction was to be given back.
    pub(crate) fn refunds_of(&self, transaction_id: &str) -> usize {
        self.refunds.lock().unwrap().get(transaction_id).copied().unwrap_or_default()
    }
}

/// The gateway transaction of an intent; the factories name it so.
pub(crate) fn transaction_of(payment_intent_id: &str) -> String {
    format!("transaction-{payment_intent_id}")
}

type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Gateway for Till {
    fn provider(&self) -> Provider {
        Provider::Khalti
    }

    fn reference_in_advance(&self, _: &str) -> Option<String> {
        None
    }

    fn start(&self, _: StartPayment) -> Answering<'_, Result<StartedPayment, StartPaymentError>> {
        unreachable!("no payment is started here")
    }

    fn ask(&self, question: Question) -> Answering<'_, Asked> {
        let transaction = transaction_of(&question.payment_intent_id);
        let is_back = self.refunds_of(&transaction) > 0;
        let (transaction_id, amount_minor) = (Some(transaction), question.amount_minor);
        let answer = if is_back {
            Answer::Refunded { transaction_id, amount_minor }
        } else {
            Answer::Paid { transaction_id, amount_minor, reference: question.gateway_reference }
        };
        Box::pin(async { Asked { answer, raw_response: json!({}) } })
    }

    fn refund(&self, request: RefundRequest) -> Answering<'_, RefundReply> {
        *self.refunds.lock().unwrap().entry(request.transaction_id).or_default() += 1;
        Box::pin(async { RefundReply::Accepted })
    }
}
