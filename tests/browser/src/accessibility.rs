//! The checker axe-core, run in the page as it is.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::{fmt, fs};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{chromedriver, window::Window};

const RUN: &str = "const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found), error => done({ error: String(error) }));";
/// Words of the checker for what keeps people out.
const SERIOUS: [&str; 2] = ["serious", "critical"];

/// What the checker found wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: String,
    pub impact: String,
    pub elements: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}): {}", self.rule, self.impact, self.elements.join(" | "))
    }
}

impl Finding {
    /// Whether it keeps somebody from using the page.
    pub fn is_serious(&self) -> bool {
        SERIOUS.contains(&self.impact.as_str())
    }

    fn read(violation: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let nodes = violation["nodes"].as_array().into_iter().flatten();
        let elements = nodes
            .map(|node| format!("{} [{}]", text(&node["html"]), text(&node["failureSummary"])))
            .collect();
        Self { rule: text(&violation["id"]), impact: text(&violation["impact"]), elements }
    }
}

impl Window {
    /// Everything that the checker has against the page as it is shown now.
    ///
    /// # Errors
    /// Where it cannot run in the page, or ran no rule at all.
    pub async fn accessibility(&self) -> anyhow::Result<Vec<Finding>> {
        let path = chromedriver::setting("AXE_SCRIPT")?;
        let checker = fs::read_to_string(&path).context("AXE_SCRIPT cannot be read")?;
        self.script(&checker, &[]).await.context("the checker cannot be loaded into the page")?;
        let found = self.script_with_callback(RUN, &[]).await?;
        if let Some(error) = found["error"].as_str() {
            bail!("the checker failed: {error}");
        }
        let violations = found["violations"].as_array().context("the checker reported nothing")?;
        Ok(violations.iter().map(Finding::read).collect())
    }
}
