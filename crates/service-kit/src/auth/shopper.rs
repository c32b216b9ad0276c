use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};

use super::TokenVerifier;
use crate::http::Problem;

/// The shopper a request comes from. Needs a `web::Data<TokenVerifier>` in the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shopper {
    /// The token's `sub`: 1 to 255 characters.
    pub user_id: String,
}

impl FromRequest for Shopper {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let verifier = request
                .app_data::<Data<TokenVerifier>>()
                .ok_or_else(|| Problem::internal("no TokenVerifier in this application"))?;
            let claims = verifier.verify_headers(request.headers()).await?;
            Ok(Self { user_id: claims.sub })
        })
    }
}
