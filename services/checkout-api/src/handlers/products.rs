use actix_web::{HttpResponse, web::Data};
use domain::catalogue::{self, Product, Variant};
use serde::{Deserialize, Serialize};
use service_kit::http::{Problem, Query};
use utoipa::{IntoParams, ToSchema};

use super::page_size;
use crate::{app::State, error, openapi::ProblemDocument};

/// Product ids have at most so many characters.
const CURSOR_LENGTH_MAX: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListProducts {
    /// Products a page, 1 to 100; 50 if absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductsBody {
    products: Vec<ProductBody>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProductBody {
    product_id: String,
    name: String,
    description: String,
    image_url: Option<String>,
    vendor: VendorBody,
    variants: Vec<VariantBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct VendorBody {
    vendor_id: String,
    display_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct VariantBody {
    variant_id: String,
    sku: String,
    title: String,
    unit_price_minor: i64,
    currency: String,
    available: i32,
}

impl From<Product> for ProductBody {
    fn from(product: Product) -> Self {
        Self {
            product_id: product.product_id,
            name: product.name,
            description: product.description,
            image_url: product.image_url,
            vendor: VendorBody { vendor_id: product.vendor_id, display_name: product.vendor_display_name },
            variants: product.variants.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Variant> for VariantBody {
    fn from(variant: Variant) -> Self {
        Self {
            variant_id: variant.variant_id,
            sku: variant.sku,
            title: variant.title,
            unit_price_minor: variant.unit_price_minor,
            currency: variant.currency,
            available: variant.available,
        }
    }
}

/// What is for sale, with what can be had of it at this moment.
#[utoipa::path(get, path = "/api/products", tag = "catalogue", params(ListProducts), responses(
    (status = 200, body = ProductsBody),
    (status = 422, description = "`validation_failed`", body = ProblemDocument),
    (status = 429, description = "`rate_limited`", body = ProblemDocument),
    (status = 503, description = "`service_unavailable`", body = ProblemDocument),
))]
pub(crate) async fn list(state: Data<State>, query: Query<ListProducts>) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.0.limit)?;
    let cursor = query.0.cursor.as_deref();
    if cursor.is_some_and(|cursor| {
        cursor.len() > CURSOR_LENGTH_MAX || !cursor.bytes().all(|b| b.is_ascii_graphic())
    }) {
        return Err(error::field("cursor", "is not a cursor that this list has given out"));
    }
    let mut connection = state.pool.connection().await.map_err(error::database)?;
    let page = catalogue::list_products(&mut connection, limit, cursor).await.map_err(error::database)?;
    Ok(HttpResponse::Ok().json(ProductsBody {
        products: page.products.into_iter().map(Into::into).collect(),
        next_cursor: page.next_cursor,
    }))
}
