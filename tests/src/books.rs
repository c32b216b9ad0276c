//! The gateways' books against ours, payment by payment.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use serde_json::Value;
use tokio_postgres::{Client, Row};

use crate::sandbox_control::SandboxControl;

/// What the two sides disagree on; nothing, when all is well.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Money was taken, and there is neither order nor refund nor review case, nor anybody still asking.
    pub missing: Vec<String>,
    /// One payment has more than one outcome, or one charge counts for two payments.
    pub duplicate: Vec<String>,
    /// Amounts differ, and nobody was told to look.
    pub mismatching: Vec<String>,
    /// We count on money that the gateway never took, or returned money it still has.
    pub invented: Vec<String>,
}

/// A payment as its gateway has it.
struct Payment {
    reference: String,
    status: String,
    amount_minor: i64,
    refunded_minor: i64,
    /// Amounts by transaction id.
    charges: HashMap<String, i64>,
}

/// An intent as we have it, with what came of it.
struct Intent {
    payment_intent_id: String,
    gateway_reference: String,
    amount_minor: i64,
    confirmed_orders: i64,
    order_total_minor: Option<i64>,
    refunds: i64,
    refunded_minor: i64,
    /// Open cases, and those that a person dismissed.
    cases: i64,
    is_asked_about: bool,
}

/// A charge that we counted on.
struct Verification {
    payment_intent_id: String,
    gateway_transaction_id: String,
    amount_minor: i64,
}

const INTENTS: &str = "
    SELECT pi.payment_intent_id, coalesce(pi.gateway_reference, ''), pi.amount_minor,
           (SELECT count(*) FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id AND o.status = 'confirmed'),
           (SELECT max(total_minor) FROM orders o WHERE o.payment_intent_id = pi.payment_intent_id),
           (SELECT count(*) FROM refunds r WHERE r.payment_intent_id = pi.payment_intent_id AND r.status <> 'failed'),
           (SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds r
             WHERE r.payment_intent_id = pi.payment_intent_id AND r.status = 'succeeded'),
           (SELECT count(*) FROM review_cases c WHERE c.payment_intent_id = pi.payment_intent_id
               AND (c.status = 'open' OR c.resolution = 'dismissed')),
           pi.question_closed_at IS NULL
           AND EXISTS (SELECT FROM job_queue j WHERE j.idempotency_key = 'verify_payment:' || pi.payment_intent_id
                          AND j.status IN ('pending', 'processing'))
      FROM payment_intents pi";

const VERIFICATIONS: &str =
    "SELECT payment_intent_id, gateway_transaction_id, amount_minor FROM payment_gateway_verifications";

/// Compares every payment of the sandbox with the database, and the other way round.
///
/// `undiscovered` names payments whose gateway hides that it took money: for them, and for no others, a question that
/// is still being asked is outcome enough.
///
/// # Errors
/// Where one of the two sides cannot be read.
pub async fn compare_books(
    rows: &Client,
    sandbox: &SandboxControl,
    undiscovered: &[&str],
) -> anyhow::Result<Differences> {
    let payments: Vec<Payment> =
        sandbox.payments().await?.iter().map(Payment::of).collect::<anyhow::Result<_>>()?;
    let intents: Vec<Intent> = rows.query(INTENTS, &[]).await?.iter().map(Intent::of).collect();
    let verifications: Vec<Verification> =
        rows.query(VERIFICATIONS, &[]).await?.iter().map(Verification::of).collect();
    let mut found = Differences::default();
    let by_reference: HashMap<&str, &Intent> =
        intents.iter().map(|intent| (intent.gateway_reference.as_str(), intent)).collect();
    for payment in payments.iter().filter(|payment| !payment.charges.is_empty()) {
        let hidden = undiscovered.contains(&payment.reference.as_str());
        match by_reference.get(payment.reference.as_str()) {
            None => found.missing.push(format!("{}: charged, and unknown to us", payment.reference)),
            Some(intent) => found.compare_paid(payment, intent, hidden),
        }
    }
    let payments: HashMap<&str, &Payment> =
        payments.iter().map(|payment| (payment.reference.as_str(), payment)).collect();
    for intent in &intents {
        found.look_for_inventions(intent, payments.get(intent.gateway_reference.as_str()).copied());
    }
    let intents: HashMap<&str, &Intent> =
        intents.iter().map(|intent| (intent.payment_intent_id.as_str(), intent)).collect();
    let mut used = HashSet::new();
    for verification in &verifications {
        let intent = intents
            .get(verification.payment_intent_id.as_str())
            .context("a verification was read whose intent was not")?;
        let payment = payments.get(intent.gateway_reference.as_str()).copied();
        found.compare_charge(verification, intent, payment);
        if !used.insert(&verification.gateway_transaction_id) {
            found.duplicate.push(format!("charge {} counts twice", verification.gateway_transaction_id));
        }
    }
    Ok(found)
}

impl Differences {
    fn compare_paid(&mut self, payment: &Payment, intent: &Intent, hidden: bool) {
        let id = &intent.payment_intent_id;
        let outcomes = intent.confirmed_orders + intent.refunds;
        let is_kept = payment.status == "paid" || payment.status == "partially_refunded";
        let is_answered_for = outcomes + intent.cases > 0 || hidden && intent.is_asked_about;
        if is_kept && !is_answered_for {
            self.missing.push(format!("{id}: charged at the gateway, nothing came of it"));
        }
        if outcomes > 1 {
            self.duplicate.push(format!("{id}: {outcomes} outcomes for one payment"));
        }
        if payment.amount_minor != intent.amount_minor {
            self.mismatching.push(format!(
                "{id}: the gateway was asked for {}, we for {}",
                payment.amount_minor, intent.amount_minor
            ));
        }
        if let Some(total_minor) = intent.order_total_minor
            && !payment.charges.values().any(|charged_minor| *charged_minor == total_minor)
        {
            self.mismatching.push(format!("{id}: ordered for {total_minor}, charged {:?}", payment.charges));
        }
    }

    fn look_for_inventions(&mut self, intent: &Intent, payment: Option<&Payment>) {
        let id = &intent.payment_intent_id;
        let is_charged = payment.is_some_and(|payment| !payment.charges.is_empty());
        if intent.order_total_minor.is_some() && !is_charged {
            self.invented.push(format!("{id}: an order, and no charge at the gateway"));
        }
        let given_back_minor = payment.map_or(0, |payment| payment.refunded_minor);
        if intent.refunded_minor > given_back_minor {
            self.invented.push(format!(
                "{id}: we say {} are refunded, the gateway {given_back_minor}",
                intent.refunded_minor
            ));
        }
    }

    fn compare_charge(&mut self, verification: &Verification, intent: &Intent, payment: Option<&Payment>) {
        let Verification { payment_intent_id, gateway_transaction_id, amount_minor } = verification;
        let charge = payment.and_then(|payment| payment.charges.get(gateway_transaction_id));
        let is_looked_at = intent.cases > 0 && intent.confirmed_orders == 0;
        match charge {
            None if !is_looked_at => self
                .invented
                .push(format!("{payment_intent_id}: verified by {gateway_transaction_id}, which charged nothing")),
            Some(charged_minor) if charged_minor != amount_minor && !is_looked_at => self.mismatching.push(
                format!("{payment_intent_id}: {gateway_transaction_id} charged {charged_minor}, we read {amount_minor}"),
            ),
            Some(_) | None => {}
        }
    }
}

impl Payment {
    fn of(entry: &Value) -> anyhow::Result<Self> {
        let text = |from: &Value, field: &str| {
            from[field].as_str().map(str::to_owned).with_context(|| format!("no {field} in {from}"))
        };
        let minor =
            |from: &Value, field: &str| from[field].as_i64().with_context(|| format!("no {field} in {from}"));
        let charges = entry["charges"].as_array().context("a payment without charges")?;
        let charges = charges
            .iter()
            .map(|charge| Ok((text(charge, "transaction_id")?, minor(charge, "amount_minor")?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            reference: text(entry, "reference")?,
            status: text(entry, "status")?,
            amount_minor: minor(entry, "amount_minor")?,
            refunded_minor: minor(entry, "refunded_minor")?,
            charges,
        })
    }
}

impl Intent {
    fn of(row: &Row) -> Self {
        Self {
            payment_intent_id: row.get(0),
            gateway_reference: row.get(1),
            amount_minor: row.get(2),
            confirmed_orders: row.get(3),
            order_total_minor: row.get(4),
            refunds: row.get(5),
            refunded_minor: row.get(6),
            cases: row.get(7),
            is_asked_about: row.get(8),
        }
    }
}

impl Verification {
    fn of(row: &Row) -> Self {
        Self { payment_intent_id: row.get(0), gateway_transaction_id: row.get(1), amount_minor: row.get(2) }
    }
}
