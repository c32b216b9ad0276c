use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderMap, web::Data};

use super::{AuthError, TokenVerifier};
use crate::{
    http::{Code, Problem},
    settings::AuthSettings,
};

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and changes.
    Operator,
}

/// An operator, known by name to the audit log. Needs a `web::Data<OperatorVerifier>` in the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The token's `sub`: 1 to 255 characters.
    pub name: String,
    pub role: Role,
    /// When the token ends, in seconds since 1970.
    pub ends_at_seconds: i64,
}

impl Operator {
    /// # Errors
    /// `forbidden` for those who may only read.
    pub fn require_changes(&self) -> Result<(), Problem> {
        match self.role {
            Role::Operator => Ok(()),
            Role::Viewer => Err(Problem::new(Code::Forbidden, "Changes need the role `operator`.")),
        }
    }
}

/// Checks operators' tokens, which have an audience and roles of their own. A type apart from [`TokenVerifier`], so
/// that no service can admit shoppers by mistake.
#[derive(Debug)]
pub struct OperatorVerifier(TokenVerifier);

impl OperatorVerifier {
    /// Takes what [`Settings::admin_auth`](crate::settings::Settings::admin_auth) returned.
    ///
    /// # Errors
    /// The HTTP client for keys cannot be built.
    pub fn new(settings: &AuthSettings) -> Result<Self, reqwest::Error> {
        TokenVerifier::new(settings).map(Self)
    }

    /// Verifies one token, as posted to start a session.
    ///
    /// # Errors
    /// `unauthenticated`, or `forbidden` for a token without a role.
    pub async fn verify(&self, token: &str) -> Result<Operator, Problem> {
        operator(self.0.verify(token).await)
    }

    /// Verifies the token in a request's `Authorization` header.
    ///
    /// # Errors
    /// As [`OperatorVerifier::verify`].
    pub async fn verify_headers(&self, headers: &HeaderMap) -> Result<Operator, Problem> {
        operator(self.0.verify_headers(headers).await)
    }
}

fn operator(claims: Result<super::Claims, AuthError>) -> Result<Operator, Problem> {
    let claims = claims?;
    let role = match claims.role.as_deref() {
        Some("viewer") => Role::Viewer,
        Some("operator") => Role::Operator,
        Some(_) | None => {
            return Err(Problem::new(Code::Forbidden, "The token has no `role` of `viewer` or `operator`."));
        }
    };
    Ok(Operator { name: claims.sub, role, ends_at_seconds: claims.ends_at_seconds })
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let verifier = request
                .app_data::<Data<OperatorVerifier>>()
                .ok_or_else(|| Problem::internal("no OperatorVerifier in this application"))?;
            verifier.verify_headers(request.headers()).await
        })
    }
}
