use anyhow::Context;
use serde_json::{Value, json};

use crate::protocol::{ELEMENT_KEY, Protocol};

/// What people call the things that they use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Button,
    Link,
    Field,
    Choice,
    Heading,
}

impl Role {
    /// Where to look for it.
    pub(crate) fn selector(self) -> &'static str {
        match self {
            Self::Button => "button, [role=button], input[type=submit]",
            Self::Link => "a[href]",
            Self::Field => "input:not([type=hidden], [type=radio], [type=checkbox]), textarea, select",
            Self::Choice => "input[type=radio], input[type=checkbox]",
            Self::Heading => "h1, h2, h3",
        }
    }
}

/// Something on a page, as it was found. Where the page has replaced it since, every use is an error.
#[derive(Debug, Clone)]
pub struct Element {
    id: String,
    commands: Protocol,
}

impl Element {
    pub(crate) fn new(session: &Protocol, reference: &Value) -> anyhow::Result<Self> {
        let id = reference[ELEMENT_KEY].as_str().context("the driver named no element")?.to_owned();
        let commands = session.below(&format!("/element/{id}"));
        Ok(Self { id, commands })
    }

    /// As an argument of a script.
    pub fn reference(&self) -> Value {
        json!({ ELEMENT_KEY: self.id })
    }

    /// Clicks where a person would, scrolling there first.
    ///
    /// # Errors
    /// Where it cannot be clicked: hidden, covered, gone.
    pub async fn click(&self) -> anyhow::Result<()> {
        self.commands.post("/click", &json!({})).await.map(drop)
    }

    /// Types into it, after what is there.
    ///
    /// # Errors
    /// Where it cannot be typed into.
    pub async fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.commands.post("/value", &json!({ "text": text })).await.map(drop)
    }

    /// Empties it.
    ///
    /// # Errors
    /// Where it is no field.
    pub async fn clear(&self) -> anyhow::Result<()> {
        self.commands.post("/clear", &json!({})).await.map(drop)
    }

    /// Its text as it is shown.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn text(&self) -> anyhow::Result<String> {
        self.ask("/text").await
    }

    /// What a screen reader calls it.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn accessible_name(&self) -> anyhow::Result<String> {
        self.ask("/computedlabel").await
    }

    /// What a screen reader takes it for: `button`, `link`, `heading` …
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn role(&self) -> anyhow::Result<String> {
        self.ask("/computedrole").await
    }

    /// A property as JavaScript sees it, as text.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn property(&self, name: &str) -> anyhow::Result<String> {
        self.ask(&format!("/property/{name}")).await
    }

    /// An attribute; `None` where it has none of that name.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn attribute(&self, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.commands.get(&format!("/attribute/{name}")).await?.as_str().map(str::to_owned))
    }

    /// Whether a person can see it.
    ///
    /// # Errors
    /// Where it is gone.
    pub async fn is_displayed(&self) -> anyhow::Result<bool> {
        Ok(self.commands.get("/displayed").await? == true)
    }

    async fn ask(&self, path: &str) -> anyhow::Result<String> {
        Ok(self.commands.get(path).await?.as_str().unwrap_or_default().to_owned())
    }
}
