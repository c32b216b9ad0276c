//! Every address of the service.

use actix_web::{
    Resource,
    guard::fn_guard,
    web::{ServiceConfig, get, head, post, resource},
};

use crate::{
    handlers::{
        assets, esewa_failure, esewa_return, khalti_return, status, status_stream, unattended, webhook,
    },
    pages::STATUS_PAGE,
    preference::is_prefetch,
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            callback("/payment/callback/esewa/{payment_intent_id}").route(get().to(esewa_return::receive)),
        )
        .service(
            callback("/payment/callback/esewa/{payment_intent_id}/failure")
                .route(get().to(esewa_failure::receive)),
        )
        .service(
            callback("/payment/callback/khalti/{payment_intent_id}").route(get().to(khalti_return::receive)),
        )
        .service(resource("/payment/webhook/{provider}").route(post().to(webhook::receive)))
        .service(resource(STATUS_PAGE).route(get().to(status::show)))
        .service(
            resource("/payment/status/{payment_intent_id}/stream").route(get().to(status_stream::follow)),
        )
        .service(resource("/payment/page.css").route(get().to(assets::style)))
        .service(resource("/payment/page.js").route(get().to(assets::script)))
        .service(resource("/payment/mark.svg").route(get().to(assets::mark)));
}

/// An address that gateways send browsers to: only a browser that somebody looks at changes anything.
fn callback(path: &str) -> Resource {
    resource(path)
        .route(head().to(unattended::page))
        .route(get().guard(fn_guard(|context| is_prefetch(&context.head().headers))).to(unattended::page))
}
