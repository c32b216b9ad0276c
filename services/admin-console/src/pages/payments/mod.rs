//! Payments: found by whatever is known of one, and told whole.

mod ask;
mod list;
mod show;
mod words;

use actix_web::web::{ServiceConfig, get, post, resource};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/payments").route(get().to(list::page)))
        .service(resource("/payments/{payment_intent_id}").route(get().to(show::page)))
        .service(resource("/payments/{payment_intent_id}/ask").route(post().to(ask::submit)))
        .service(resource("/api/payments").route(get().to(list::json)))
        .service(resource("/api/payments/{payment_intent_id}").route(get().to(show::json)))
        .service(resource("/api/payments/{payment_intent_id}/ask").route(post().to(ask::json)));
}
