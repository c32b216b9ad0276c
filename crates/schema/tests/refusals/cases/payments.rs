use super::Case;

pub(super) const CASES: &[Case] = &[
    (
        "a_callback_is_of_an_intent",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'esewa', 'return', 'accepted', '')",
    ),
    (
        "callback_provider_is_known",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'paypal', 'return', 'accepted', '')",
    ),
    (
        "callback_kind_is_known",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'pigeon', 'accepted', '')",
    ),
    (
        "callback_verdict_is_known",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'return', 'paid', '')",
    ),
    (
        "an_invalid_callback_says_why",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'return', 'invalid', '')",
    ),
    (
        "raw_payload_is_at_most_16_kib",
        "INSERT INTO payment_callbacks (payment_intent_id, provider, kind, verdict, raw_payload) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'return', 'accepted', repeat('x', 16385))",
    ),
    ("payment_callbacks_are_append_only", "UPDATE payment_callbacks SET raw_payload = ''"),
    ("payment_callbacks_are_append_only", "DELETE FROM payment_callbacks"),
    (
        "a_verification_is_of_an_intent",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'esewa', 'T1', 'completed', 50000, '{}', 'callback')",
    ),
    (
        "verification_provider_is_known",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'paypal', 'T1', 'completed', 50000, '{}', 'callback')",
    ),
    (
        "gateway_transaction_id_is_1_to_255_characters",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', '', 'completed', 50000, '{}', 'callback')",
    ),
    (
        "a_gateway_transaction_is_used_once",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', '0007G36', 'completed', 50000, '{}', 'callback')",
    ),
    (
        "verification_status_is_known",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'pending', 50000, '{}', 'callback')",
    ),
    (
        "verified_amount_is_never_negative",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', -1, '{}', 'callback')",
    ),
    (
        "verification_currency_is_npr",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source, currency) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 50000, '{}', 'callback', 'USD')",
    ),
    (
        "verification_source_is_known",
        "INSERT INTO payment_gateway_verifications (payment_intent_id, provider, gateway_transaction_id, status, amount_minor, raw_response, source) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'esewa', 'T1', 'completed', 50000, '{}', 'rumour')",
    ),
    (
        "verification_status_never_goes_back",
        "UPDATE payment_gateway_verifications SET status = 'refunded'; UPDATE payment_gateway_verifications SET status = 'completed'",
    ),
    ("verification_status_never_goes_back", "UPDATE payment_gateway_verifications SET amount_minor = 1"),
    ("verifications_are_never_deleted", "DELETE FROM payment_gateway_verifications"),
    (
        "a_refund_is_of_an_intent",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 100, 'requested', 'r1', 'asked')",
    ),
    (
        "a_refund_is_positive",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 'requested', 'r1', 'asked')",
    ),
    (
        "refund_status_is_known",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'sent', 'r1', 'asked', now())",
    ),
    (
        "a_refund_is_requested_once",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked')",
    ),
    (
        "a_settled_refund_says_when",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'succeeded', 'r1', 'asked')",
    ),
    (
        "refunds_never_exceed_what_was_paid",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 60001, 'requested', 'r1', 'asked')",
    ),
    (
        "refunds_never_exceed_what_was_paid",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 30000, 'succeeded', 'r1', 'asked', now()); INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 30001, 'requested', 'r2', 'asked')",
    ),
    (
        "refunds_are_never_deleted",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); DELETE FROM refunds",
    ),
    (
        "an_intent_has_one_refund_under_way",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r2', 'asked')",
    ),
    (
        "a_refund_is_sent_once",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); UPDATE refunds SET sent_at = now(); UPDATE refunds SET sent_at = NULL",
    ),
    (
        "a_settled_refund_never_changes",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at, portal_reference, requested_by) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'succeeded', 'r1', 'asked', now(), 'P1', 'hari'); UPDATE refunds SET status = 'failed'",
    ),
    (
        "a_settled_refund_never_changes",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); UPDATE refunds SET amount_minor = 99",
    ),
    (
        "gateway_reply_is_at_most_1000_characters",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked'); UPDATE refunds SET gateway_reply = repeat('x', 1001)",
    ),
    (
        "a_refund_by_hand_is_never_sent",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, portal_reference, requested_by, sent_at) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked', 'P1', 'hari', now())",
    ),
    (
        "a_refund_by_hand_names_its_operator",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, portal_reference) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked', 'P1')",
    ),
    (
        "portal_reference_is_1_to_255_characters",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, portal_reference, requested_by) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'requested', 'r1', 'asked', '', 'hari')",
    ),
    (
        "a_portal_reference_is_recorded_once",
        "INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at, portal_reference, requested_by) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'succeeded', 'r1', 'asked', now(), 'P1', 'hari'); INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause, settled_at, portal_reference, requested_by) VALUES ('pi_esewa_bbbbbbbbbbbbbbbbbbbbbbbbbb', 100, 'succeeded', 'r2', 'asked', now(), 'P1', 'hari')",
    ),
    (
        "a_payment_going_back_becomes_no_order",
        "UPDATE payment_intents SET status = 'verified', status_cause = 'paid' WHERE payment_intent_id = 'pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa'; INSERT INTO refunds (payment_intent_id, amount_minor, status, idempotency_key, cause) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 100, 'requested', 'r1', 'asked')",
    ),
    (
        "a_case_is_of_an_intent",
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_cccccccccccccccccccccccccc', 'undecided', '[]')",
    ),
    (
        "case_kind_is_known",
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'odd', '[]')",
    ),
    (
        "case_detail_is_a_list_of_evidence",
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '{}')",
    ),
    (
        "case_status_is_known",
        "INSERT INTO review_cases (payment_intent_id, kind, detail, status, resolution, resolved_by, resolved_at, resolution_reason) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]', 'closed', 'dismissed', 'x', now(), 'x')",
    ),
    (
        "case_resolution_is_known",
        "INSERT INTO review_cases (payment_intent_id, kind, detail, status, resolution, resolved_by, resolved_at) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]', 'resolved', 'forgotten', 'x', now())",
    ),
    (
        "a_resolved_case_says_how_and_by_whom",
        "INSERT INTO review_cases (payment_intent_id, kind, detail, status, resolution) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]', 'resolved', 'refunded')",
    ),
    (
        "a_dismissal_says_why",
        "INSERT INTO review_cases (payment_intent_id, kind, detail, status, resolution, resolved_by, resolved_at) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]', 'resolved', 'dismissed', 'x', now())",
    ),
    (
        "an_intent_has_one_open_case",
        "INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]'); INSERT INTO review_cases (payment_intent_id, kind, detail) VALUES ('pi_esewa_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'undecided', '[]')",
    ),
];
