//! Every address of the service.

use actix_web::web::{self, ServiceConfig, resource};
use utoipa_swagger_ui::SwaggerUi;

use crate::handlers::{cart, check_status, order_intents, orders, products};

pub(crate) fn configure(config: &mut ServiceConfig, document: &utoipa::openapi::OpenApi) {
    config
        .service(resource("/api/products").get(products::list))
        .service(resource("/api/cart").get(cart::get))
        .service(resource("/api/cart/items/{variant_id}").put(cart::put_item).delete(cart::delete_item))
        .service(resource("/api/checkout/order-intents").post(order_intents::create))
        .service(resource("/api/orders/check-status").get(check_status::get))
        .service(resource("/api/orders/check-status/stream").get(check_status::stream))
        .service(resource("/api/orders").get(orders::list))
        .service(resource("/api/orders/{order_number}").get(orders::get))
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document.clone()));
}
