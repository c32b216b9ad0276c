//! The document behind `/openapi.json`.

use serde::Serialize;
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::handlers::{cart, check_status, order_intents, orders, products};

/// A refusal (RFC 9457, `application/problem+json`). Program against `code`; some codes bring further members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: String,
    request_id: String,
    /// With `validation_failed`.
    errors: Option<Vec<FieldErrorDocument>>,
    /// With `cart_changed`.
    cart_version: Option<i64>,
    /// With `insufficient_stock`.
    lines: Option<Vec<crate::error::ShortLineBody>>,
    /// With `variant_unavailable` at checkout.
    variant_ids: Option<Vec<String>>,
    /// With `already_paid`.
    payment_intent_id: Option<String>,
    /// With `amount_below_minimum`.
    amount_minor: Option<i64>,
    /// With `amount_below_minimum`.
    minimum_minor: Option<i64>,
}

/// One field that breaks a rule.
#[derive(Debug, Serialize, ToSchema)]
struct FieldErrorDocument {
    field: String,
    message: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "checkout-api",
        description = "Catalogue, cart, checkout and order status of a shop. Amounts are whole paisa (`_minor`), NPR. \
            Beside the answers listed, any address may answer `method_not_allowed` (405) and `internal_error` (500)."
    ),
    paths(
        products::list,
        cart::get,
        cart::put_item,
        cart::delete_item,
        order_intents::create,
        check_status::get,
        check_status::stream,
        orders::list,
        orders::get,
    ),
    components(schemas(ProblemDocument, check_status::StatusBody)),
    modifiers(&BearerToken)
)]
struct Description;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Describes every address of this service and every answer it gives.
pub fn document() -> Document {
    Description::openapi()
}
