use actix_web::{HttpResponse, web};

use crate::html::{JAVASCRIPT, asset};

/// The shop's modules, which double as the example of `docs/storefront.md`.
const SCRIPTS: [(&str, &str); 15] = [
    ("api", include_str!("../../assets/shop/api.js")),
    ("attempt", include_str!("../../assets/shop/attempt.js")),
    ("cart", include_str!("../../assets/shop/cart.js")),
    ("checkout", include_str!("../../assets/shop/checkout.js")),
    ("checkout-page", include_str!("../../assets/shop/checkout-page.js")),
    ("dom", include_str!("../../assets/shop/dom.js")),
    ("money", include_str!("../../assets/shop/money.js")),
    ("open-payment", include_str!("../../assets/shop/open-payment.js")),
    ("orders-page", include_str!("../../assets/shop/orders-page.js")),
    ("page", include_str!("../../assets/shop/page.js")),
    ("products-page", include_str!("../../assets/shop/products-page.js")),
    ("refusals", include_str!("../../assets/shop/refusals.js")),
    ("session", include_str!("../../assets/shop/session.js")),
    ("settings", include_str!("../../assets/shop/settings.js")),
    ("status", include_str!("../../assets/shop/status.js")),
];

/// `GET /shop/{script}.js`
pub(super) async fn serve(script: web::Path<String>) -> HttpResponse {
    match SCRIPTS.iter().find(|(name, _)| *name == script.as_str()) {
        Some((_, content)) => asset(JAVASCRIPT, content),
        None => HttpResponse::NotFound().finish(),
    }
}
