use actix_web::{HttpRequest, HttpResponse};
use service_kit::http::Problem;

use crate::pages;

/// Answers HEAD and prefetches without looking anything up.
pub(crate) async fn page(request: HttpRequest) -> Result<HttpResponse, Problem> {
    pages::unattended(&request)
}
