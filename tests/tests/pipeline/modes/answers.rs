//! Answers that are missing, wrong or odd: unknown is not failed, and odd is never an order.

use pipeline_tests::Provider::{Esewa, Khalti};

use super::{Case, case, run_all};

/// Long enough to outlast the services' patience, see `GATEWAY__TIMEOUT_MS` of the tests.
const SLOW_MS: u64 = 1_500;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for provider in [Esewa, Khalti] {
        for mode in [
            "answer_slow",
            "answer_forbidden",
            "answer_rate_limited",
            "answer_server_error",
            "answer_html",
            "answer_truncated",
            "answer_dropped",
            "answer_wrong_reference",
            "says_pending",
            "says_not_found",
        ] {
            cases.push(case(provider, &[mode]).with("slow_ms", SLOW_MS).ends("verifying"));
            cases.push(case(provider, &[mode]).with("slow_ms", SLOW_MS).with("question_count", 1));
        }
        cases.extend([
            case(provider, &["answer_wrong_amount"]).ends_under_review("amount_mismatch"),
            case(provider, &["answer_without_transaction_id"]).ends_under_review("unknown_status"),
            case(provider, &["reused_transaction_id"]).ends_under_review("transaction_reused"),
            case(provider, &["says_unknown_word"]).ends_under_review("unknown_status"),
        ]);
    }
    cases.extend([
        case(Esewa, &["says_ambiguous"]).ends("verifying"),
        case(Esewa, &["says_unavailable"]).ends("verifying"),
        case(Esewa, &["says_unavailable"]).with("question_count", 1),
        case(Esewa, &["other_merchant"]).whose_return_is_refused().ends("awaiting_payment"),
        case(Esewa, &["camel_case_answer"]),
        case(Esewa, &["whole_rupee_answer"]),
        case(Esewa, &["accepts_any_amount"]),
        case(Khalti, &["says_initiated"]).ends("verifying"),
        case(Khalti, &["invalid_token"]).ends("verifying"),
        case(Khalti, &["invalid_token"]).with("question_count", 1),
        case(Khalti, &["khalti_error_shape"]).does(&["cancel"]).ends("failed"),
        case(Khalti, &["says_not_found", "not_found_status_code_shape"]).ends("verifying"),
        case(Khalti, &["redirect_never", "title_case_partial_refund"])
            .does(&["pay", "partial_refund"])
            .ends_under_review("partial_refund"),
        case(Khalti, &["paid_by_bank"]),
    ]);
    cases
}

#[tokio::test]
async fn missing_answers_keep_the_question_open_and_odd_ones_are_reviewed() {
    run_all(cases()).await;
}
