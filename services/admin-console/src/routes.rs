//! Every address of the service.

use actix_web::{
    HttpResponse,
    http::header,
    middleware::from_fn,
    web::{PayloadConfig, ServiceConfig, get, resource, scope},
};
use service_kit::http::{BODY_BYTES_MAX, Code, Problem};

use crate::{
    door::admit,
    pages::{assets, audit, cases, grants, jobs, orders, overview, payments, session, stock},
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(resource("/").route(get().to(home))).service(
        scope("/admin")
            .app_data(PayloadConfig::new(BODY_BYTES_MAX))
            .configure(assets::configure)
            .configure(session::configure)
            .configure(overview::configure)
            .configure(jobs::configure)
            .configure(payments::configure)
            .configure(cases::configure)
            .configure(orders::configure)
            .configure(stock::configure)
            .configure(audit::configure)
            .configure(grants::configure)
            .default_service(actix_web::web::to(nothing_here))
            .wrap(from_fn(admit)),
    );
}

async fn home() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/admin")).finish()
}

async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, "There is no such page."))
}
