//! Returns that get lost, come often, or were edited: the question to the gateway decides all the same.

use pipeline_tests::Provider::{Esewa, Khalti};

use super::{Case, case, run_all};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case(Esewa, &["form_unavailable"]).whose_page_is_closed().ends("awaiting_payment"),
        case(Esewa, &["redirect_to_failure_though_paid"]),
        case(Khalti, &["redirect_plus_for_space"]),
        case(Khalti, &["redirect_unknown_word"]),
        case(Esewa, &["amount_as_number"]),
        case(Esewa, &["amount_with_comma"]),
        case(Esewa, &["data_url_safe"]),
        case(Esewa, &["tampered_signature"]).whose_return_is_refused(),
        case(Esewa, &["short_signature"]).whose_return_is_refused(),
        case(Esewa, &["too_few_signed_fields"]).whose_return_is_refused(),
        case(Esewa, &["data_unreadable"]).whose_return_is_refused(),
    ];
    for provider in [Esewa, Khalti] {
        cases.extend([
            case(provider, &["redirect_never"]),
            case(provider, &["redirect_twice"]),
            case(provider, &["redirect_many"]).with("redirect_count", 7),
            case(provider, &["redirect_late"]),
            case(provider, &["redirect_late"]).does(&["pay", "deliver"]),
            case(provider, &["redirect_bare"]),
            case(provider, &["redirect_tampers_amount"]).whose_return_is_refused(),
            case(provider, &["redirect_foreign_payload"]).whose_return_is_refused(),
            case(provider, &["redirect_claims_paid"]).does(&["cancel"]).ends("failed"),
        ]);
    }
    cases
}

#[tokio::test]
async fn whatever_becomes_of_the_return_the_gateways_answer_decides() {
    run_all(cases()).await;
}
