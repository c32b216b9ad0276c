//! What a callback is worth: read once before the intent is known, compared with it afterwards.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::payments::{
    IntentUnderQuestion,
    callback::{CallbackKind, Judge, Named, Verdict},
};
use gateways::{
    esewa::{self, Esewa},
    khalti,
};

/// The fields of a notification, each as its literal text.
pub(crate) type Fields = BTreeMap<String, String>;

/// A gateway's return as it was read; `None` where nothing was returned.
type EsewaReturn = Result<Option<esewa::Return>, esewa::ReturnError>;

/// Judges what eSewa's redirect brought. Only the failure redirect comes without `data`.
pub(crate) fn esewa_redirect(esewa: Option<Esewa>, kind: CallbackKind, raw_query: &str) -> Judge {
    let returned = esewa::Return::from_query(raw_query);
    Box::new(move |intent| match judge_esewa(esewa.as_ref(), returned, intent) {
        Verdict::Incomplete if kind == CallbackKind::FailureReturn => Verdict::Accepted,
        verdict => verdict,
    })
}

/// Judges what Khalti's redirect brought.
pub(crate) fn khalti_redirect(raw_query: &str) -> Judge {
    let returned = khalti::Return::parse(raw_query);
    Box::new(move |intent| judge_khalti(&returned, intent))
}

/// Judges a notification with eSewa's fields: `data` as in the redirect, or what `data` holds, or just a name.
pub(crate) fn esewa_webhook(esewa: Option<Esewa>, fields: &Fields) -> (Option<Named>, Judge) {
    let returned = esewa_return_in(fields);
    let claimed = fields.get("transaction_uuid").cloned();
    let uuid = claimed.clone().or_else(|| returned.as_ref().ok()?.as_ref()?.transaction_uuid());
    let named = named_intent(fields, "payment_intent_id").or(uuid.map(Named::Reference));
    let judge: Judge = Box::new(move |intent| {
        if claimed.is_some() && claimed != intent.gateway_reference {
            return Verdict::Invalid { reason: "`transaction_uuid` is another payment's".to_owned() };
        }
        judge_esewa(esewa.as_ref(), returned, intent)
    });
    (named, judge)
}

/// Judges a notification with Khalti's fields.
pub(crate) fn khalti_webhook(fields: &Fields) -> (Option<Named>, Judge) {
    let returned = khalti::Return::from_fields(fields.clone());
    let named = named_intent(fields, "payment_intent_id")
        .or_else(|| returned.pidx.clone().map(Named::Reference))
        .or_else(|| returned.purchase_order_id.clone().map(Named::Intent));
    (named, Box::new(move |intent| judge_khalti(&returned, intent)))
}

fn named_intent(fields: &Fields, name: &str) -> Option<Named> {
    fields.get(name).cloned().map(Named::Intent)
}

/// Signed fields in the clear are put back into the form in which eSewa signs and sends them.
fn esewa_return_in(fields: &Fields) -> EsewaReturn {
    if let Some(data) = fields.get("data") {
        return esewa::Return::from_data(data).map(Some);
    }
    if !fields.contains_key("signature") {
        return Ok(None);
    }
    let object = serde_json::to_vec(fields).or(Err(esewa::ReturnError::NotAnObject))?;
    esewa::Return::from_data(&STANDARD.encode(object)).map(Some)
}

fn judge_esewa(esewa: Option<&Esewa>, returned: EsewaReturn, intent: &IntentUnderQuestion) -> Verdict {
    let returned = match returned {
        Ok(Some(returned)) => returned,
        Ok(None) | Err(esewa::ReturnError::Empty) => return Verdict::Incomplete,
        Err(error) => return Verdict::Invalid { reason: error.to_string() },
    };
    // Without the merchant's key, or a payment to compare with, a signature says nothing.
    let (Some(esewa), Some(gateway_reference)) = (esewa, &intent.gateway_reference) else {
        return Verdict::Incomplete;
    };
    let expected = esewa::Expected { gateway_reference, amount_minor: intent.amount_minor };
    match esewa.verify_return(&returned, expected) {
        Ok(_verified) => Verdict::Accepted,
        Err(error) => Verdict::Invalid { reason: error.to_string() },
    }
}

fn judge_khalti(returned: &khalti::Return, intent: &IntentUnderQuestion) -> Verdict {
    let expected = khalti::Expected {
        payment_intent_id: &intent.payment_intent_id,
        gateway_reference: intent.gateway_reference.as_deref().unwrap_or_default(),
        amount_minor: intent.amount_minor,
    };
    match returned.check(expected) {
        Ok(()) if returned.pidx.is_some() => Verdict::Accepted,
        Ok(()) => Verdict::Incomplete,
        Err(error) => Verdict::Invalid { reason: error.to_string() },
    }
}
