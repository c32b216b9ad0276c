use actix_web::web::ServiceConfig;
pub(crate) fn configure(_config: &mut ServiceConfig) {}
