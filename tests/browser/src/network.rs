#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use serde_json::json;

use crate::window::Window;

impl Window {
    /// Opens an address as somebody who was never there, and returns how many bytes came over the network for it.
    ///
    /// # Errors
    /// Where nothing answers there.
    pub async fn weigh(&self, url: &str) -> anyhow::Result<u64> {
        self.devtools("Network.enable", &json!({})).await?;
        self.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true })).await?;
        self.network_events().await?;
        self.go(url).await?;
        let mut bytes = 0;
        for event in self.network_events().await? {
            let parameters = &event["params"];
            bytes += match event["method"].as_str() {
                // With headers, as they were sent: compressed where they were.
                Some("Network.loadingFinished") => {
                    parameters["encodedDataLength"].as_u64().unwrap_or_default()
                }
                _ => 0,
            };
        }
        self.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": false })).await?;
        Ok(bytes)
    }
}
