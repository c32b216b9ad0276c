use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    checkout::{SnapshotLine, StartedIntent},
    money::CURRENCY,
    payments::gateway::Redirection,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use utoipa::ToSchema;

/// A payment that waits for its shopper.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderIntentBody<'a> {
    payment_intent_id: &'a str,
    /// `awaiting_payment`
    status: &'static str,
    provider: &'static str,
    amount_minor: i64,
    currency: &'static str,
    /// RFC 3339, UTC. Unpaid by then, the stock is given back.
    expires_at: String,
    items: Vec<OrderIntentItemBody<'a>>,
    payment: PaymentBody<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OrderIntentItemBody<'a> {
    variant_id: &'a str,
    sku: &'a str,
    product_name: &'a str,
    title: &'a str,
    quantity: i32,
    unit_price_minor: i64,
    line_total_minor: i64,
}

/// How the browser gets to the gateway: a form to submit, or a link to open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "method")]
enum PaymentBody<'a> {
    #[serde(rename = "POST")]
    Form {
        url: &'a str,
        #[schema(value_type = std::collections::BTreeMap<String, String>)]
        #[serde(serialize_with = "in_order")]
        fields: &'a [(String, String)],
    },
    #[serde(rename = "GET")]
    Link { url: &'a str },
}

/// An object whose members stand in the order the gateway documents.
fn in_order<S: Serializer>(fields: &&[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for (name, value) in *fields {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// The body of the `201`.
pub(crate) fn write_answer(intent: &StartedIntent) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&OrderIntentBody {
        payment_intent_id: &intent.payment_intent_id,
        status: "awaiting_payment",
        provider: intent.provider.as_str(),
        amount_minor: intent.amount_minor,
        currency: CURRENCY,
        expires_at: rfc3339(intent.expires_at),
        items: intent.items.iter().map(item).collect(),
        payment: match &intent.redirection {
            Redirection::Form { url, fields } => PaymentBody::Form { url, fields },
            Redirection::Link { url } => PaymentBody::Link { url },
        },
    })
}

fn item(line: &SnapshotLine) -> OrderIntentItemBody<'_> {
    OrderIntentItemBody {
        variant_id: &line.variant_id,
        sku: &line.sku,
        product_name: &line.product_name,
        title: &line.title,
        quantity: line.quantity,
        unit_price_minor: line.unit_price_minor,
        line_total_minor: i64::from(line.quantity) * line.unit_price_minor,
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
