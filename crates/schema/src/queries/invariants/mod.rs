//! The check of `invariant_violations`: what to look at, what was found, where it goes on.
//!
//! Whoever checks holds the one row of `invariant_check_progress`, so nobody else writes here meanwhile.

pub mod changes;
pub mod checkpoints;
pub mod findings;
pub mod progress;

/// Every promise of `invariant_violations`, so that figures can say zero. docs/invariants.md tells what each means.
pub const INVARIANTS: &[&str] = &[
    // Of intents: money, refunds, reviews.
    "verified_payment_has_an_outcome",
    "verified_intent_has_a_verification",
    "verified_payment_stays_verified",
    "verification_is_the_gateways_answer",
    "gateway_transaction_is_used_once",
    "gateway_reference_belongs_to_one_intent",
    "intent_amount_is_the_sum_of_its_lines",
    "order_amount_is_the_verified_amount",
    "order_total_is_the_sum_of_its_lines",
    "unknown_is_not_failed",
    "unknown_keeps_its_question",
    "order_is_not_also_refunded",
    "order_is_refunded_with_its_intent",
    "refunds_never_exceed_what_was_paid",
    "refund_is_requested_once",
    "refunding_intent_has_its_refund",
    "refunded_intent_has_its_refund",
    "refunded_payment_refunds_its_intent",
    "refund_under_way_has_a_job",
    "refund_settles_or_has_a_case",
    "intent_under_review_has_an_open_case",
    "intent_has_one_open_case",
    // Of intents: reservations, orders, carts, work, history.
    "movements_follow_the_reservation",
    "reservation_ends_with_its_intent",
    "intent_becomes_one_order",
    "completed_intent_has_its_order",
    "order_settles_its_reservation",
    "order_has_items",
    "order_lines_are_the_snapshot",
    "order_number_is_given_once",
    "bought_cart_moves_to_its_next_round",
    "closed_cart_round_has_its_order",
    "cart_has_one_open_intent",
    "order_intent_and_cart_have_one_owner",
    "open_question_has_a_job",
    "question_ends_in_time",
    "verified_payment_has_a_job",
    "verified_payment_is_settled_in_time",
    "status_is_the_fold_of_its_events",
    "history_follows_the_status_table",
    // Of variants.
    "stock_is_never_negative",
    "reserved_stock_is_what_intents_hold",
    "movements_reproduce_stock",
    // Of jobs.
    "attempts_are_bounded",
    "failed_money_job_has_a_case",
    "lease_is_rescued_in_time",
    "only_a_processing_job_is_held",
    "live_job_has_its_key_alone",
];
