use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{modes::ModeSet, provider::Provider};

/// What really happened to a payment, in the sandbox's own words; each provider spells it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Initiated,
    Pending,
    Ambiguous,
    Paid,
    Cancelled,
    Expired,
    Failed,
    Reversed,
    Refunded,
    PartiallyRefunded,
}

/// Money taken from the shopper.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Charge {
    pub(crate) transaction_id: String,
    pub(crate) amount_minor: i64,
    pub(crate) charged_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundedThrough {
    Portal,
    Api,
}

/// Money given back to the shopper.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refund {
    pub(crate) amount_minor: i64,
    pub(crate) through: RefundedThrough,
    pub(crate) refunded_at: DateTime<Utc>,
}

/// What a merchant asked for.
#[derive(Debug, Clone)]
pub(crate) struct PaymentRequest {
    pub(crate) provider: Provider,
    /// eSewa's `transaction_uuid`, Khalti's `pidx`.
    pub(crate) reference: String,
    /// Khalti's `purchase_order_id`; eSewa has none.
    pub(crate) purchase_order_id: Option<String>,
    pub(crate) purchase_order_name: Option<String>,
    pub(crate) amount_minor: i64,
    /// For Khalti both URLs are the one `return_url`.
    pub(crate) success_url: String,
    pub(crate) failure_url: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// One payment as the gateway's books know it.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) request: PaymentRequest,
    pub(crate) status: Status,
    /// The latest charge's, or what the gateway calls a payment it halted.
    pub(crate) transaction_id: Option<String>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) refunds: Vec<Refund>,
    /// Status or lookup questions that reached the gateway, answered or not.
    pub(crate) questions: u64,
    pub(crate) redirects_delivered: u64,
    pub(crate) redirects_held: Vec<String>,
    pub(crate) last_redirect: Option<String>,
    pub(crate) modes: ModeSet,
}

impl Payment {
    pub(crate) fn new(request: PaymentRequest, modes: ModeSet) -> Self {
        Self {
            request,
            status: Status::Initiated,
            transaction_id: None,
            charges: Vec::new(),
            refunds: Vec::new(),
            questions: 0,
            redirects_delivered: 0,
            redirects_held: Vec::new(),
            last_redirect: None,
            modes,
        }
    }

    pub(crate) fn paid_minor(&self) -> i64 {
        self.charges.iter().map(|charge| charge.amount_minor).sum()
    }

    pub(crate) fn refunded_minor(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount_minor).sum()
    }

    pub(crate) fn refundable_minor(&self) -> i64 {
        self.paid_minor() - self.refunded_minor()
    }

    /// Known by its reference or, at Khalti, by the merchant's own id.
    pub(crate) fn answers_to(&self, key: &str) -> bool {
        self.request.reference == key || self.request.purchase_order_id.as_deref() == Some(key)
    }

    /// An unfinished payment whose time has passed is expired, whenever someone looks.
    pub(crate) fn expire_if_due(&mut self, now: DateTime<Utc>) {
        let undecided = match self.request.provider {
            Provider::Esewa => matches!(self.status, Status::Initiated | Status::Pending),
            // A pending Khalti payment is in the bank's hands: its link's end decides nothing.
            Provider::Khalti | Provider::Identity => self.status == Status::Initiated,
        };
        if undecided && now >= self.request.expires_at {
            self.status = Status::Expired;
        }
    }

    /// Writes a refund into the books; the caller has checked that so much is left.
    pub(crate) fn record_refund(&mut self, amount_minor: i64, through: RefundedThrough, now: DateTime<Utc>) {
        self.refunds.push(Refund { amount_minor, through, refunded_at: now });
        self.status = if self.refundable_minor() > 0 { Status::PartiallyRefunded } else { Status::Refunded };
    }

    pub(crate) fn view(&self) -> PaymentView {
        let payment = self.clone();
        PaymentView {
            provider: payment.request.provider,
            reference: payment.request.reference,
            purchase_order_id: payment.request.purchase_order_id,
            status: payment.status,
            amount_minor: payment.request.amount_minor,
            paid_minor: self.paid_minor(),
            refunded_minor: self.refunded_minor(),
            transaction_id: payment.transaction_id,
            charges: payment.charges,
            refunds: payment.refunds,
            questions: payment.questions,
            redirects_delivered: payment.redirects_delivered,
            redirects_held: payment.redirects_held.len(),
            success_url: payment.request.success_url,
            failure_url: payment.request.failure_url,
            created_at: payment.request.created_at,
            expires_at: payment.request.expires_at,
            modes: payment.modes,
        }
    }
}

/// A payment as `/control/payments` shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PaymentView {
    pub(crate) provider: Provider,
    pub(crate) reference: String,
    pub(crate) purchase_order_id: Option<String>,
    pub(crate) status: Status,
    pub(crate) amount_minor: i64,
    pub(crate) paid_minor: i64,
    pub(crate) refunded_minor: i64,
    pub(crate) transaction_id: Option<String>,
    pub(crate) charges: Vec<Charge>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) questions: u64,
    pub(crate) redirects_delivered: u64,
    pub(crate) redirects_held: usize,
    pub(crate) success_url: String,
    pub(crate) failure_url: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) modes: ModeSet,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::clock;

    fn looked_at_when_due(provider: Provider, status: Status) -> Status {
        let now = clock::now();
        let request = PaymentRequest {
            provider,
            reference: "reference".to_owned(),
            purchase_order_id: None,
            purchase_order_name: None,
            amount_minor: 10_000,
            success_url: String::new(),
            failure_url: String::new(),
            created_at: now - TimeDelta::seconds(300),
            expires_at: now,
        };
        let mut payment = Payment { status, ..Payment::new(request, ModeSet::default()) };
        payment.expire_if_due(now - TimeDelta::milliseconds(1));
        assert_eq!(payment.status, status, "not due yet");
        payment.expire_if_due(now);
        payment.status
    }

    #[test]
    fn only_undecided_payments_expire() {
        assert_eq!(looked_at_when_due(Provider::Esewa, Status::Initiated), Status::Expired);
        assert_eq!(looked_at_when_due(Provider::Esewa, Status::Pending), Status::Expired);
        assert_eq!(looked_at_when_due(Provider::Khalti, Status::Initiated), Status::Expired);
        assert_eq!(looked_at_when_due(Provider::Khalti, Status::Pending), Status::Pending);
        for decided in [Status::Ambiguous, Status::Paid, Status::Cancelled, Status::Refunded] {
            assert_eq!(looked_at_when_due(Provider::Esewa, decided), decided);
        }
    }
}
