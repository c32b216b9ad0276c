//! One module a part of the console. Each brings its addresses, its pages, and the same as JSON below `/admin/api`.

pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod grants;
pub(crate) mod jobs;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod payments;
pub(crate) mod session;
pub(crate) mod stock;
