use actix_web::HttpResponse;
use askama::Template;
use service_kit::http::{Code, Problem};

use super::{Frame, html};
use crate::door::Session;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    heading: &'static str,
    detail: &'a str,
    advice: &'static str,
    code: &'static str,
}

/// The page instead of an answer: what is wrong, which rule says so, and what to do next.
pub(crate) fn problem_page(problem: &Problem, session: Option<&Session>) -> Result<HttpResponse, Problem> {
    let code = problem.code();
    let (heading, advice) = match code {
        Code::NotFound => {
            ("There is no such page", "Check the address, or search for what you are looking for.")
        }
        Code::Forbidden => ("This is not allowed", "Nothing was changed."),
        Code::ActionRefused => (
            "Refused: things stand differently now",
            "Nothing was changed. Go back, load the page again and look before you decide again.",
        ),
        Code::ValidationFailed => {
            ("The form is not complete", "Nothing was changed. Go back and fill it in.")
        }
        Code::ServiceUnavailable => {
            ("One moment, please", "Nothing was changed. Load this page again in a few seconds.")
        }
        Code::InternalError => {
            ("Something went wrong on our side", "The log has the reason under this request's id.")
        }
        _ => (code.title(), "Nothing was changed."),
    };
    let frame = session.map_or_else(Frame::outside, |session| session.frame_of(None));
    let page = ProblemPage { frame, heading, detail: problem.detail(), advice, code: code.as_str() };
    html(code.status(), &page)
}
