//! What a person opens to pay.

use std::fs;

use anyhow::Context;
use askama::Template;
use domain::payments::gateway::{Provider, Redirection};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/smoke-gateways");

#[derive(Template)]
#[template(path = "smoke_form.html")]
struct Form<'a> {
    url: &'a str,
    fields: &'a [(String, String)],
}

/// A link, or a file with the form that a gateway wants posted.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn what_to_open(provider: Provider, redirection: &Redirection) -> anyhow::Result<String> {
    match redirection {
        Redirection::Link { url } => Ok(format!("open {url}")),
        Redirection::Form { url, fields } => {
            fs::create_dir_all(FOLDER).with_context(|| format!("cannot make {FOLDER}"))?;
            let file = fs::canonicalize(FOLDER)?.join(format!("{provider}.html"));
            fs::write(&file, Form { url, fields }.render()?)
                .with_context(|| format!("cannot write {}", file.display()))?;
            Ok(format!("open {} in a browser, press its button", file.display()))
        }
    }
}
