//! Pages that keep what a person wrote when it could not be done at once.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use service_kit::http::Problem;

use super::{SESSION_PATH, Session, submitted::Submitted};
use crate::view::{Frame, html};

/// A form that was sent and not carried out.
struct Work<'a> {
    action: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "work_kept.html")]
struct KeptPage<'a> {
    frame: Frame,
    work: Work<'a>,
    sign_in: &'static str,
}

#[derive(Template)]
#[template(path = "work_again.html")]
struct AgainPage<'a> {
    frame: Frame,
    work: Work<'a>,
}

/// The session has ended: nothing was done, and the form waits here until there is a new one.
pub(super) fn kept(action: &str, submitted: &Submitted) -> Result<HttpResponse, Problem> {
    let work = Work::of(action, submitted);
    let page = KeptPage { frame: Frame::outside(), work, sign_in: SESSION_PATH };
    html(StatusCode::UNAUTHORIZED, &page)
}

/// The form comes from one of our own pages, but not of this session: it is shown to whoever is signed in now, who
/// may send it as their own.
pub(super) fn again(action: &str, submitted: &Submitted, session: &Session) -> Result<HttpResponse, Problem> {
    let page = AgainPage { frame: session.frame_of(None), work: Work::of(action, submitted) };
    html(StatusCode::FORBIDDEN, &page)
}

impl<'a> Work<'a> {
    fn of(action: &'a str, submitted: &'a Submitted) -> Self {
        let fields = submitted.fields().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self { action, fields }
    }
}
