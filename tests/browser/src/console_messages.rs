#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use serde_json::{Value, json};

use crate::window::Window;

/// Browsers ask every host for it, without any page having said that there is one.
const ICON: &str = "/favicon.ico ";

impl Window {
    /// What the browser's console has complained about since the last call: errors of scripts, refusals by the
    /// content security policy, files that did not come.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.session.post("/se/log", &json!({ "type": "browser" })).await?;
        let severe = entries.as_array().into_iter().flatten().filter(|entry| entry["level"] == "SEVERE");
        let messages = severe.filter_map(|entry| entry["message"].as_str());
        Ok(messages.filter(|message| !message.contains(ICON)).map(str::to_owned).collect())
    }

    /// Chromium's own account of the network since the last call.
    pub(crate) async fn network_events(&self) -> anyhow::Result<Vec<Value>> {
        let entries = self.session.post("/se/log", &json!({ "type": "performance" })).await?;
        let messages = entries.as_array().into_iter().flatten().filter_map(|entry| entry["message"].as_str());
        messages.map(|text| Ok(serde_json::from_str::<Value>(text)?["message"].take())).collect()
    }
}
