//! What all pages share: the frame around them, times, and how a page becomes an answer.

mod address;
mod age;
mod chart;
mod frame;
mod moment;
mod page;
mod problem;

pub(crate) use address::{address, filled};
pub(crate) use age::Age;
pub(crate) use chart::{Bar, Chart};
pub(crate) use frame::{Frame, Section};
pub(crate) use moment::{Moment, clock};
pub(crate) use page::{done, html};
pub(crate) use problem::problem_page;
