use gateways::khalti::{Expected, Return, ReturnError};

const EXPECTED: Expected<'static> = Expected {
    payment_intent_id: "pi_khalti_0123456789abcdefghjkmnpqrs",
    gateway_reference: "bZQLD9wRVWo4CdESSfuSsB",
    amount_minor: 1000,
};

#[test]
fn a_successful_return_is_read_whole() {
    let returned = Return::parse(
        "pidx=bZQLD9wRVWo4CdESSfuSsB&txnId=4H7AhoXDJWg5WjrcPT9ixW&amount=1000&total_amount=1000\
         &status=Completed&mobile=98XXXXX904&tidx=4H7AhoXDJWg5WjrcPT9ixW\
         &purchase_order_id=pi_khalti_0123456789abcdefghjkmnpqrs&purchase_order_name=test\
         &transaction_id=4H7AhoXDJWg5WjrcPT9ixW",
    );
    let expected = Return {
        pidx: Some("bZQLD9wRVWo4CdESSfuSsB".to_owned()),
        status: Some("Completed".to_owned()),
        transaction_id: Some("4H7AhoXDJWg5WjrcPT9ixW".to_owned()),
        purchase_order_id: Some("pi_khalti_0123456789abcdefghjkmnpqrs".to_owned()),
        amount: Some("1000".to_owned()),
        message: None,
    };
    assert_eq!(returned, expected);
    assert_eq!(returned.check(EXPECTED), Ok(()));
    assert!(!returned.is_bare());
}

#[test]
fn a_cancelled_return_is_read_with_its_space_and_its_blanks() {
    for space in ["%20", "+"] {
        let returned = Return::parse(&format!(
            "pidx=bZQLD9wRVWo4CdESSfuSsB&transaction_id=&tidx=&amount=1000&total_amount=1000&mobile=\
             &status=User{space}canceled&purchase_order_id=pi_khalti_0123456789abcdefghjkmnpqrs"
        ));
        assert_eq!(returned.status.as_deref(), Some("User canceled"));
        assert_eq!(returned.transaction_id, None);
        assert_eq!(returned.check(EXPECTED), Ok(()));
    }
}

#[test]
fn an_unknown_word_is_only_a_word() {
    let returned = Return::parse("pidx=bZQLD9wRVWo4CdESSfuSsB&status=Whatever");
    assert_eq!(returned.status.as_deref(), Some("Whatever"));
    assert_eq!(returned.check(EXPECTED), Ok(()));
}

#[test]
fn a_return_without_pidx_is_bare_and_contradicts_nothing() {
    for query in ["", "?", "message=Could%20not%20process%20the%20payment.", "pidx=&status=", "&&==&"] {
        let returned = Return::parse(query);
        assert!(returned.is_bare(), "{query}");
        assert_eq!(returned.check(EXPECTED), Ok(()));
    }
    let told = Return::parse("message=Could not process the payment.");
    assert_eq!(told.message.as_deref(), Some("Could not process the payment."));
}

#[test]
fn a_second_question_mark_separates_too() {
    let returned = Return::parse("from=mail?pidx=bZQLD9wRVWo4CdESSfuSsB&status=Completed");
    assert_eq!(returned.pidx.as_deref(), Some("bZQLD9wRVWo4CdESSfuSsB"));
}

#[test]
fn what_contradicts_our_own_tables_is_refused_by_name() {
    let genuine =
        "pidx=bZQLD9wRVWo4CdESSfuSsB&purchase_order_id=pi_khalti_0123456789abcdefghjkmnpqrs&amount=1000";
    for (from, to, reason) in [
        ("bZQLD9wRVWo4CdESSfuSsB", "HT6o6PEZRWFJ5ygavzHWd5", ReturnError::OtherPayment),
        ("pi_khalti_0123456789abcdefghjkmnpqrs", "pi_khalti_other", ReturnError::OtherOrder),
        ("amount=1000", "amount=100", ReturnError::OtherAmount),
        ("amount=1000", "amount=Rs", ReturnError::OtherAmount),
        ("amount=1000", "total_amount=1", ReturnError::OtherAmount),
    ] {
        let tampered = Return::parse(&genuine.replace(from, to));
        assert_eq!(tampered.check(EXPECTED), Err(reason), "{to}");
    }
    assert_eq!(Return::parse(genuine).check(EXPECTED), Ok(()));
}

#[test]
fn a_notifications_fields_are_read_like_the_redirects() {
    let fields = [("pidx", "bZQLD9wRVWo4CdESSfuSsB"), ("status", "Completed")];
    let owned = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let parsed = Return::parse("pidx=bZQLD9wRVWo4CdESSfuSsB&status=Completed");
    assert_eq!(Return::from_fields(owned), parsed);
}
