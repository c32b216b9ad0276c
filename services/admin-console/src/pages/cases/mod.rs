//! Review cases: what waits for a person, the evidence side by side, and the decisions that are legal.

mod list;
mod resolve;
mod show;

use actix_web::web::{ServiceConfig, get, post, resource};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/cases").route(get().to(list::page)))
        .service(resource("/cases/{id}").route(get().to(show::page)))
        .service(resource("/cases/{id}/resolve").route(post().to(resolve::submit)))
        .service(resource("/api/cases").route(get().to(list::json)))
        .service(resource("/api/cases/{id}").route(get().to(show::json)))
        .service(resource("/api/cases/{id}/resolve").route(post().to(resolve::json)));
}
