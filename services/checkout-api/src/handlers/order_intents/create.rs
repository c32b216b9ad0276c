use actix_web::{HttpResponse, http::header::ContentType, web::Data};
use domain::{
    checkout::{CreateIntent, ShippingAddress},
    payments::gateway::Provider,
};
use serde::Deserialize;
use service_kit::{
    auth::Shopper,
    http::{Json, Problem},
};
use utoipa::ToSchema;

use super::idempotency_key::IdempotencyKey;
use crate::{app::State, error, metrics::CREATED, openapi::ProblemDocument};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrderIntent {
    provider: ProviderName,
    /// The version of the cart that the shopper saw.
    cart_version: i64,
    shipping_address: AddressBody,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ProviderName {
    Esewa,
    Khalti,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddressBody {
    #[schema(max_length = 100)]
    full_name: String,
    /// 7 to 15 digits; `+`, `-`, blanks and parentheses may stand between them.
    phone: String,
    #[schema(max_length = 200)]
    line1: String,
    #[schema(max_length = 200)]
    line2: Option<String>,
    #[schema(max_length = 100)]
    city: String,
    #[schema(max_length = 100)]
    province: String,
    #[schema(max_length = 100)]
    country: String,
}

impl From<ProviderName> for Provider {
    fn from(name: ProviderName) -> Self {
        match name {
            ProviderName::Esewa => Self::Esewa,
            ProviderName::Khalti => Self::Khalti,
        }
    }
}

impl From<AddressBody> for ShippingAddress {
    fn from(body: AddressBody) -> Self {
        Self {
            full_name: body.full_name,
            phone: body.phone,
            line1: body.line1,
            line2: body.line2,
            city: body.city,
            province: body.province,
            country: body.country,
        }
    }
}

/// Reserves the cart and starts a payment for it.
///
/// The same key and body get the same answer, byte for byte. A refusal is not stored; after `gateway_unavailable` the
/// same key goes on with the same intent.
#[utoipa::path(post, path = "/api/checkout/order-intents", tag = "checkout", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for each purchase")),
    request_body = CreateOrderIntent, responses(
    (status = 201, body = super::OrderIntentBody),
    (status = 400, description = "`malformed_json`, `idempotency_key_missing`", body = ProblemDocument),
    (status = 401, description = "`unauthenticated`", body = ProblemDocument),
    (status = 409, description = "`cart_changed` (with `cart_version`), `insufficient_stock` (with `lines`), \
        `variant_unavailable` (with `variant_ids`), `already_paid` (with `payment_intent_id`), `request_in_progress`",
        body = ProblemDocument),
    (status = 413, description = "`payload_too_large`", body = ProblemDocument),
    (status = 415, description = "`unsupported_media_type`", body = ProblemDocument),
    (status = 422, description = "`validation_failed` (also where the gateway refuses the payment), `cart_empty`, \
        `amount_below_minimum`, `idempotency_key_reused`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 502, description = "`gateway_unavailable`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn create(
    state: Data<State>,
    shopper: Shopper,
    key: IdempotencyKey,
    body: Json<CreateOrderIntent>,
) -> Result<HttpResponse, Problem> {
    let provider = body.0.provider.into();
    let command = CreateIntent {
        user_id: shopper.user_id,
        idempotency_key: key.0,
        provider,
        cart_version: body.0.cart_version,
        shipping_address: body.0.shipping_address.into(),
    };
    let outcome = state.desk.create_intent(command).await.map_err(error::create_intent);
    let code = outcome.as_ref().map_or_else(|problem| problem.code().as_str(), |_| CREATED);
    state.metrics.intent(provider, code);
    Ok(HttpResponse::Created().content_type(ContentType::json()).body(outcome?))
}
