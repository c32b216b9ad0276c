#![expect(clippy::indexing_slicing, reason = "a JSON value answers an unknown key with null")]

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    chromedriver,
    element::{Element, Role},
    protocol::Protocol,
};

const ROLE_TIMEOUT: Duration = Duration::from_secs(20);
const ROLE_LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// WebDriver's signs for keys without one.
pub const TAB: &str = "\u{E004}";
pub const ENTER: &str = "\u{E007}";
pub const ARROW_DOWN: &str = "\u{E015}";
/// More than any page has things to stop at.
const TABS_MAX: usize = 80;

/// The colours that the person's system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    Light,
    Dark,
}

impl Colours {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// The word of the style sheet's `prefers-color-scheme`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How a browser is set up before anybody looks.
#[derive(Debug, Clone, Copy)]
pub struct WindowOptions {
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    /// `Accept-Language`, most wanted first.
    pub languages: &'static str,
    pub runs_scripts: bool,
}

impl WindowOptions {
    /// A person at a desk who reads English.
    pub const DESK: Self = Self { width: 1_280, height: 800, languages: "en-GB,en", runs_scripts: true };
    /// A small phone.
    pub const PHONE: Self = Self { width: 360, height: 740, ..Self::DESK };

    fn arguments(&self, profile: &str) -> Vec<String> {
        let Self { width, height, languages, .. } = self;
        let fixed = [
            "--headless=new",
            // The pages are our own, and containers rarely allow the name spaces that the sandbox is made of.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-default-apps",
            "--disable-extensions",
            "--password-store=basic",
            "--no-proxy-server",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--font-render-hinting=none",
        ];
        let own = [
            format!("--user-data-dir={profile}"),
            format!("--window-size={width},{height}"),
            format!("--accept-lang={languages}"),
        ];
        fixed.into_iter().map(str::to_owned).chain(own).collect()
    }
}

/// A browser of the test's own, with nothing in it that another one left.
#[derive(Debug)]
pub struct Window {
    pub(crate) session: Protocol,
}

impl Window {
    /// Starts a browser.
    ///
    /// # Errors
    /// Where none can be started; the message says what is missing.
    pub async fn open(options: WindowOptions) -> anyhow::Result<Self> {
        let driver = chromedriver::running()?;
        let profile = driver.folder.join(uuid::Uuid::now_v7().to_string());
        let profile = profile.to_str().context("the profile's folder is not UTF-8")?;
        let content = if options.runs_scripts { 1 } else { 2 };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": driver.chromium.to_str().context("CHROMIUM is not UTF-8")?,
                "args": options.arguments(profile),
                "prefs": {
                    "profile.managed_default_content_settings.javascript": content,
                    "intl.accept_languages": options.languages,
                },
            },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }}});
        let server = Protocol::new(&driver.url)?;
        let made = server.post("/session", &wanted).await.context("the browser does not start")?;
        let id = made["sessionId"].as_str().context("the driver named no session")?;
        let window = Self { session: server.below(&format!("/session/{id}")) };
        window.resize(options.width, options.height).await?;
        Ok(window)
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// Where it ended before.
    pub async fn close(self) -> anyhow::Result<()> {
        self.session.delete("").await.map(drop)
    }

    /// Opens an address and waits until the page and what belongs to it are loaded.
    ///
    /// # Errors
    /// Where nothing answers there.
    pub async fn go(&self, url: &str) -> anyhow::Result<()> {
        self.session.post("/url", &json!({ "url": url })).await.map(drop)
    }

    /// The reload button.
    ///
    /// # Errors
    /// Where the page does not come.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.session.post("/refresh", &json!({})).await.map(drop)
    }

    /// The back button.
    ///
    /// # Errors
    /// Where the page does not come.
    pub async fn back(&self) -> anyhow::Result<()> {
        self.session.post("/back", &json!({})).await.map(drop)
    }

    /// The forward button.
    ///
    /// # Errors
    /// Where the page does not come.
    pub async fn forward(&self) -> anyhow::Result<()> {
        self.session.post("/forward", &json!({})).await.map(drop)
    }

    /// What the address bar shows.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn url(&self) -> anyhow::Result<String> {
        Ok(self.session.get("/url").await?.as_str().unwrap_or_default().to_owned())
    }

    /// What the tab is called.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn title(&self) -> anyhow::Result<String> {
        Ok(self.session.get("/title").await?.as_str().unwrap_or_default().to_owned())
    }

    /// Everything that a CSS selector finds, in the page's order.
    ///
    /// # Errors
    /// Where the selector is none.
    pub async fn all(&self, selector: &str) -> anyhow::Result<Vec<Element>> {
        let found =
            self.session.post("/elements", &json!({ "using": "css selector", "value": selector })).await?;
        found
            .as_array()
            .into_iter()
            .flatten()
            .map(|reference| Element::new(&self.session, reference))
            .collect()
    }

    /// The first that a CSS selector finds now.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn find(&self, selector: &str) -> anyhow::Result<Element> {
        self.all(selector)
            .await?
            .into_iter()
            .next()
            .with_context(|| format!("nothing on the page is {selector}"))
    }

    /// What a screen reader would announce by this role and name; the page may still be making it.
    ///
    /// # Errors
    /// Where there is none within a few seconds; the message lists the names that there are.
    pub async fn by_role(&self, role: Role, name: &str) -> anyhow::Result<Element> {
        let deadline = Instant::now() + ROLE_TIMEOUT;
        loop {
            let mut names = Vec::new();
            for element in self.all(role.selector()).await? {
                // One that the page replaces under our hands is not there.
                let Ok(found) = element.accessible_name().await else { continue };
                if found == name && element.is_displayed().await.unwrap_or_default() {
                    return Ok(element);
                }
                names.push(found);
            }
            ensure!(Instant::now() < deadline, "no {role:?} is called `{name}`, but {names:?} are");
            sleep(ROLE_LOOK_INTERVAL).await;
        }
    }

    /// What has the keyboard.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn focused(&self) -> anyhow::Result<Element> {
        Element::new(&self.session, &self.session.get("/element/active").await?)
    }

    /// Presses and lets go of one key after another. Keys without a sign have WebDriver's code points.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
            })
            .collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.session.post("/actions", &actions).await.map(drop)
    }

    /// Goes on with the tabulator key, as somebody without a mouse, until this has the keyboard.
    ///
    /// # Errors
    /// Where it never gets it; the message lists what did.
    pub async fn tab_to(&self, name: &str) -> anyhow::Result<Element> {
        let mut passed = Vec::new();
        for _ in 0..TABS_MAX {
            self.press(TAB).await?;
            let focused = self.focused().await?;
            let found = focused.accessible_name().await.unwrap_or_default();
            if found == name {
                return Ok(focused);
            }
            passed.push(found);
        }
        bail!("the keyboard does not come to `{name}`, but to {passed:?}")
    }

    /// Runs the body of a function in the page and returns what it returns.
    ///
    /// # Errors
    /// Where it throws.
    pub async fn script(&self, body: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.session.post("/execute/sync", &json!({ "script": body, "args": arguments })).await
    }

    /// The same for a body that calls its last argument when it is done.
    ///
    /// # Errors
    /// Where it throws or takes longer than half a minute.
    pub async fn script_with_callback(&self, body: &str, arguments: &[Value]) -> anyhow::Result<Value> {
        self.session.post("/execute/async", &json!({ "script": body, "args": arguments })).await
    }

    /// The tabs that are open.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn tabs(&self) -> anyhow::Result<Vec<String>> {
        let handles = self.session.get("/window/handles").await?;
        Ok(handles.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Opens a tab and goes there; returns its handle.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn new_tab(&self) -> anyhow::Result<String> {
        let opened = self.session.post("/window/new", &json!({ "type": "tab" })).await?;
        let handle = opened["handle"].as_str().context("the driver named no tab")?.to_owned();
        self.switch_to(&handle).await?;
        Ok(handle)
    }

    /// Brings a tab to the front.
    ///
    /// # Errors
    /// Where there is none of that handle.
    pub async fn switch_to(&self, tab: &str) -> anyhow::Result<()> {
        self.session.post("/window", &json!({ "handle": tab })).await.map(drop)
    }

    /// Closes the tab in front. Another has to be brought there before the next command.
    ///
    /// # Errors
    /// Where it is closed already.
    pub async fn close_tab(&self) -> anyhow::Result<()> {
        self.session.delete("/window").await.map(drop)
    }

    /// Makes the page believe in a screen of this size, also where a window cannot be as small.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size).await.map(drop)
    }

    /// Has the system ask for light or dark pages.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub async fn prefer(&self, colours: Colours) -> anyhow::Result<()> {
        let wanted = json!({ "features": [
            { "name": "prefers-color-scheme", "value": colours.word() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        self.devtools("Emulation.setEmulatedMedia", &wanted).await.map(drop)
    }

    /// What the window shows, as PNG.
    ///
    /// # Errors
    /// Where the browser is gone.
    pub async fn screenshot(&self) -> anyhow::Result<Vec<u8>> {
        let taken = self.session.get("/screenshot").await?;
        STANDARD.decode(taken.as_str().unwrap_or_default()).context("the screenshot is no base64")
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> anyhow::Result<Value> {
        let wanted = json!({ "cmd": command, "params": parameters });
        self.session.post("/goog/cdp/execute", &wanted).await
    }
}
