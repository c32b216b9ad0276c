/// A breach of one promise, and the row that the view must show.
pub(crate) struct Case {
    pub(crate) invariant: &'static str,
    pub(crate) subject: &'static str,
    /// SQL in which [`spelled_out`] replaces what stands in braces.
    pub(crate) breach: &'static str,
}

pub(crate) const fn case(invariant: &'static str, subject: &'static str, breach: &'static str) -> Case {
    Case { invariant, subject, breach }
}

/// The shop's intent that awaits payment for two of `tea`.
pub(crate) const OPEN: &str = "pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa";
/// The shop's intent that has become an order of one `tin`.
pub(crate) const ORDERED: &str = "pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb";

/// The gateway says that the open intent is paid.
const PAY_OPEN: &str = "
    INSERT INTO payment_intent_events (payment_intent_id, kind, outcome, cause) VALUES ('{open}', 'gateway_answered', 'paid', 'x');
    INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source)
    VALUES ('{open}', 'esewa', 'T1', 'completed', 50000, '{}', 'callback');";
/// The open intent's stock goes back.
const RELEASE_OPEN: &str = "
    UPDATE inventory SET available = 10, reserved = 0 WHERE variant_id = 'tea';
    INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
    VALUES ('tea', 2, -2, 0, 'released', '{open}');";
/// The order's stock is no longer the intent's, and counts stay what they are.
const DISOWN_SALE: &str = "
    INSERT INTO inventory_movements (variant_id, available_delta, reserved_delta, sold_delta, reason, payment_intent_id)
    VALUES ('tin', 0, 0, -1, 'x', '{ordered}'), ('tin', 0, 0, 1, 'x', NULL);";
/// The triggers of intents and of what hangs on them are out of the way.
const UNGUARD: &str = "
    ALTER TABLE payment_intents DISABLE TRIGGER USER; ALTER TABLE payment_intent_items DISABLE TRIGGER USER;
    ALTER TABLE payment_intent_events DISABLE TRIGGER USER; ALTER TABLE payment_gateway_verifications DISABLE TRIGGER USER;
    ALTER TABLE orders DISABLE TRIGGER USER; ALTER TABLE order_items DISABLE TRIGGER USER;";
/// Values of a refund of the ordered intent that was requested.
const REFUND_ORDERED: &str = "
    UPDATE payment_intents SET status = 'refunding', status_cause = 'x' WHERE payment_intent_id = '{ordered}';
    INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('{ordered}', 30000, 'requested', 'r', 'x');";

/// A breach as Postgres can run it.
pub(crate) fn spelled_out(breach: &str) -> String {
    breach
        .replace("{pay_open}", PAY_OPEN)
        .replace("{release_open}", RELEASE_OPEN)
        .replace("{disown_sale}", DISOWN_SALE)
        .replace("{unguard}", UNGUARD)
        .replace("{refund_ordered}", REFUND_ORDERED)
        .replace("{open}", OPEN)
        .replace("{ordered}", ORDERED)
}
