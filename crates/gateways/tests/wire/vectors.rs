//! Published and reproduced eSewa vectors: the one outside proof that key, order and spelling are right.

use gateways::esewa::{Expected, Return, ReturnError};
use serde::Deserialize;

use crate::{
    esewa_form::{esewa, started_fields},
    signed::{SANDBOX_KEY, signature},
};

#[derive(Debug, Deserialize)]
struct Vectors {
    esewa: EsewaVectors,
}

#[derive(Debug, Deserialize)]
struct EsewaVectors {
    secret_key: String,
    product_code: String,
    request: Vec<RequestVector>,
    callback: Vec<CallbackVector>,
    negative: Vec<NegativeVector>,
}

#[derive(Debug, Deserialize)]
struct RequestVector {
    message: String,
    signature: String,
}

#[derive(Debug, Deserialize)]
struct CallbackVector {
    data: String,
    signed_message: String,
    signature: String,
    paisa: i64,
}

impl CallbackVector {
    fn uuid(&self) -> &str {
        self.signed_message.split(',').find_map(|pair| pair.strip_prefix("transaction_uuid=")).unwrap()
    }
}

#[derive(Debug, Deserialize)]
struct NegativeVector {
    data: String,
    expect: String,
}

fn vectors() -> EsewaVectors {
    serde_json::from_str::<Vectors>(include_str!("data/esewa_vectors.json")).unwrap().esewa
}

#[test]
fn the_vectors_are_whole_and_their_key_is_the_one_tests_sign_with() {
    let vectors = vectors();
    assert_eq!(vectors.secret_key, SANDBOX_KEY);
    assert_eq!(vectors.product_code, "EPAYTEST");
    assert_eq!((vectors.request.len(), vectors.callback.len(), vectors.negative.len()), (5, 4, 2));
}

#[test]
fn the_tests_own_signer_reproduces_every_vector() {
    let vectors = vectors();
    let requests = vectors.request.iter().map(|vector| (&vector.message, &vector.signature));
    let callbacks = vectors.callback.iter().map(|vector| (&vector.signed_message, &vector.signature));
    for (message, published) in requests.chain(callbacks) {
        assert_eq!(&signature(SANDBOX_KEY, message), published, "{message}");
    }
}

/// The form spells an amount in its shortest way, so the vectors spelled `100.0` and `100.00` cannot be its own.
#[tokio::test]
async fn the_form_carries_the_signature_of_every_request_vector_it_can_spell() {
    let mut reproduced = 0;
    for vector in vectors().request {
        let (total_amount, rest) =
            vector.message.strip_prefix("total_amount=").unwrap().split_once(',').unwrap();
        let uuid = rest.strip_prefix("transaction_uuid=").unwrap().split_once(',').unwrap().0;
        let amount_minor = domain::money::paisa_from_rupees(total_amount).unwrap();
        let fields = started_fields(uuid, amount_minor).await;
        let field = |name: &str| &fields.iter().find(|(found, _)| found == name).unwrap().1;
        assert_eq!(field("transaction_uuid"), uuid);
        if field("total_amount") == total_amount {
            assert_eq!(field("signature"), &vector.signature, "{}", vector.message);
            reproduced += 1;
        } else {
            assert_ne!(field("signature"), &vector.signature, "one amount, two spellings, two signatures");
        }
    }
    assert_eq!(reproduced, 3);
}

#[test]
fn every_captured_callback_verifies_against_its_own_reference_and_amount() {
    for vector in vectors().callback {
        let returned = Return::from_data(&vector.data).unwrap();
        let expected = Expected { gateway_reference: vector.uuid(), amount_minor: vector.paisa };
        let verified = esewa().verify_return(&returned, expected).unwrap();
        assert_eq!(verified.amount_minor, vector.paisa);
        assert_eq!(verified.status, "COMPLETE");
        assert!(vector.signed_message.contains(&format!("transaction_code={},", verified.transaction_code)));
    }
}

#[test]
fn a_captured_callback_is_refused_for_another_amount() {
    for vector in vectors().callback {
        let returned = Return::from_data(&vector.data).unwrap();
        let expected = Expected { gateway_reference: vector.uuid(), amount_minor: vector.paisa - 1 };
        let refused = esewa().verify_return(&returned, expected);
        let other =
            ReturnError::OtherAmount { returned_minor: vector.paisa, expected_minor: vector.paisa - 1 };
        assert_eq!(refused, Err(other));
    }
}

#[test]
fn every_negative_vector_is_refused_for_the_reason_it_names() {
    for vector in vectors().negative {
        let returned = Return::from_data(&vector.data).unwrap();
        let (gateway_reference, reason) = if vector.expect.contains("binding") {
            ("pi-esewa-00000000000000000000000000", ReturnError::OtherPayment)
        } else {
            ("1234567890", ReturnError::WrongSignature)
        };
        let refused = esewa().verify_return(&returned, Expected { gateway_reference, amount_minor: 13_300 });
        assert_eq!(refused, Err(reason), "{}", vector.expect);
    }
}

/// The signature that eSewa's documentation prints beside `100` and `11-201-13` is not this key's.
#[test]
fn the_signature_misprinted_in_the_documentation_is_not_reproduced() {
    let misprint = "4Ov7pCI1zIOdwtV2BRMUNjz1upIlT/COTxfLhWvVurE=";
    let message = "total_amount=100,transaction_uuid=11-201-13,product_code=EPAYTEST";
    assert_ne!(signature(SANDBOX_KEY, message), misprint);
    assert!(vectors().request.iter().all(|vector| vector.signature != misprint));
}
