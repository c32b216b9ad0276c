//! What clients were told. Whatever it was, it must stay true.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use pipeline_tests::{Answer, Checkout};
use serde_json::Value;

/// Complaints kept; the rest are counted.
const COMPLAINTS_MAX: usize = 200;

/// An intent that somebody was answered 201 about.
#[derive(Debug, Clone)]
pub(crate) struct ToldIntent {
    pub(crate) user_id: String,
    pub(crate) provider: &'static str,
    pub(crate) gateway_reference: String,
    pub(crate) amount_minor: i64,
    /// The last status heard, when one was.
    pub(crate) status: Option<String>,
    pub(crate) order_number: Option<String>,
}

#[derive(Debug, Default)]
struct Records {
    intents: HashMap<String, ToldIntent>,
    complaints: Vec<String>,
    complaints_dropped: u64,
}

/// Everything that clients heard in this run, and what they have to complain about.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Records>);

impl Told {
    /// A 201. The same key must have had the same bytes each time; who compares them is the caller.
    pub(crate) fn intent(&self, user_id: &str, checkout: &Checkout) {
        let told = ToldIntent {
            user_id: user_id.to_owned(),
            provider: checkout.provider.word(),
            gateway_reference: checkout.gateway_reference.clone(),
            amount_minor: checkout.amount_minor,
            status: None,
            order_number: None,
        };
        let known = self.records().intents.insert(checkout.payment_intent_id.clone(), told);
        if let Some(known) = known {
            self.complain(format!(
                "{}: made for {user_id}, and before for {}",
                checkout.payment_intent_id, known.user_id
            ));
        }
    }

    /// A status, heard after everything that was heard of this intent before. `is_in_order` is false for answers to
    /// questions that were asked side by side: they say what was true at some moment, not which came last.
    pub(crate) fn status(&self, answer: &Value, is_in_order: bool) {
        let word = |field: &str| answer.get(field).and_then(Value::as_str).map(str::to_owned);
        let (Some(id), Some(status)) = (word("payment_intent_id"), word("status")) else {
            return self.complain(format!("a status without id or status: {answer}"));
        };
        let number = word("order_number");
        let complaint = {
            let mut records = self.records();
            let Some(intent) = records.intents.get_mut(&id) else { return };
            let complaint = intent.objection(&id, &status, number.as_deref());
            if number.is_some() {
                intent.order_number = number;
            }
            if is_in_order {
                intent.status = Some(status);
            }
            complaint.filter(|_| is_in_order)
        };
        complaint.into_iter().for_each(|complaint| self.complain(complaint));
    }

    /// An answer that nobody should ever get.
    pub(crate) fn unexpected(&self, asked: &str, answer: &Answer) {
        self.complain(format!("{asked} was answered {}: {}", answer.status, answer.text));
    }

    pub(crate) fn complain(&self, complaint: String) {
        let mut records = self.records();
        if records.complaints.len() < COMPLAINTS_MAX {
            records.complaints.push(complaint);
        } else {
            records.complaints_dropped += 1;
        }
    }

    pub(crate) fn intents_made(&self) -> usize {
        self.records().intents.len()
    }

    pub(crate) fn intents(&self) -> HashMap<String, ToldIntent> {
        self.records().intents.clone()
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        let records = self.records();
        let mut complaints = records.complaints.clone();
        if records.complaints_dropped > 0 {
            complaints.push(format!("and {} more", records.complaints_dropped));
        }
        complaints
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // Every change of the records is complete when its guard goes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ToldIntent {
    /// What is wrong with hearing this now.
    pub(crate) fn objection(&self, id: &str, status: &str, number: Option<&str>) -> Option<String> {
        if let Some(before) = self.status.as_deref()
            && !may_follow(before, status)
        {
            return Some(format!("{id}: told {before}, then {status}"));
        }
        if status == "confirmed" && number.is_none() {
            return Some(format!("{id}: confirmed without an order number"));
        }
        match (self.order_number.as_deref(), number) {
            (Some(before), Some(now)) if before != now => Some(format!("{id}: told {before}, then {now}")),
            _ => None,
        }
    }
}

/// Whether a client who was told `before` may later be told `after`. Nobody resolves review cases by hand in this run.
pub(crate) fn may_follow(before: &str, after: &str) -> bool {
    match before {
        "paid" => ["paid", "confirmed", "refunding", "refunded", "under_review"].contains(&after),
        "confirmed" => ["confirmed", "refunded"].contains(&after),
        "refunding" => ["refunding", "refunded", "under_review"].contains(&after),
        "refunded" => after == "refunded",
        // A case about an undecided payment is ended by a later answer.
        "under_review" => !["awaiting_payment", "expired", "verifying"].contains(&after),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use pipeline_tests::Provider;
    use serde_json::json;

    use super::*;

    fn told(statuses: &[Value]) -> Vec<String> {
        let told = Told::default();
        let checkout = Checkout {
            payment_intent_id: "pi".to_owned(),
            provider: Provider::Esewa,
            amount_minor: 1,
            gateway_reference: "pi".to_owned(),
            payment: Value::Null,
        };
        told.intent("somebody", &checkout);
        for status in statuses {
            told.status(status, true);
        }
        told.complaints()
    }

    #[test]
    fn a_purchase_that_goes_forward_gives_no_cause_for_complaint() {
        let heard = ["awaiting_payment", "verifying", "expired", "paid"]
            .map(|status| json!({ "payment_intent_id": "pi", "status": status, "order_number": null }));
        assert_eq!(told(&heard), Vec::<String>::new());
    }

    #[test]
    fn whoever_was_told_that_it_is_paid_or_ordered_may_not_be_told_otherwise() {
        let paid = json!({ "payment_intent_id": "pi", "status": "paid" });
        let confirmed =
            |number| json!({ "payment_intent_id": "pi", "status": "confirmed", "order_number": number });
        let failed = json!({ "payment_intent_id": "pi", "status": "failed" });
        assert_eq!(told(&[paid, failed.clone()]).len(), 1);
        assert_eq!(told(&[confirmed("ORD-1"), failed]).len(), 1);
        assert_eq!(told(&[confirmed("ORD-1"), confirmed("ORD-2")]).len(), 1);
        assert_eq!(told(&[json!({ "payment_intent_id": "pi", "status": "confirmed" })]).len(), 1);
    }
}
