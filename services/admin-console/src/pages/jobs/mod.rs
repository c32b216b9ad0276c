//! Jobs: by state and filter, by kind of failure, one by one; and what may be done to them.

mod act;
mod failures;
mod filter;
mod list;
mod refusal;
mod retry_many;
mod show;

use actix_web::web::{ServiceConfig, get, post, resource};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/jobs").route(get().to(list::page)))
        .service(resource("/jobs/failures").route(get().to(failures::page)))
        .service(
            resource("/jobs/retry").route(get().to(retry_many::page)).route(post().to(retry_many::submit)),
        )
        .service(resource("/jobs/{id}").route(get().to(show::page)))
        .service(resource("/jobs/{id}/{act}").route(post().to(act::submit)))
        .service(resource("/api/jobs").route(get().to(list::json)))
        .service(resource("/api/jobs/failures").route(get().to(failures::json)))
        .service(
            resource("/api/jobs/retry")
                .route(get().to(retry_many::json_count))
                .route(post().to(retry_many::json)),
        )
        .service(resource("/api/jobs/{id}").route(get().to(show::json)))
        .service(resource("/api/jobs/{id}/{act}").route(post().to(act::json)));
}
