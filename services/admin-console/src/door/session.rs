use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use service_kit::{
    auth::{Operator, Role},
    http::Problem,
};

use crate::view::{Frame, Section};

/// Who is asking, as the door found out.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) operator: Operator,
    /// What a form sends along to be believed.
    pub(crate) csrf: String,
    /// A line left by the request before.
    pub(super) notice: Option<String>,
}

impl Session {
    /// Whether buttons are shown. The door refuses what is pressed all the same.
    pub(crate) fn can_change(&self) -> bool {
        self.operator.role == Role::Operator
    }

    pub(crate) const fn role(&self) -> &'static str {
        match self.operator.role {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
        }
    }

    /// What every page has around it.
    pub(crate) fn frame(&self, section: Section) -> Frame {
        self.frame_of(Some(section))
    }

    /// The same, for a page that belongs to no section.
    pub(crate) fn frame_of(&self, section: Option<Section>) -> Frame {
        Frame {
            operator: self.operator.name.clone(),
            role: self.role(),
            can_change: self.can_change(),
            csrf: self.csrf.clone(),
            notice: self.notice.clone(),
            section,
        }
    }
}

impl FromRequest for Session {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.extensions().get::<Self>().cloned();
        ready(session.ok_or_else(|| Problem::internal("a page outside the door has no session")))
    }
}
