#![expect(clippy::unwrap_used, reason = "a test whose operator cannot sign in has failed")]

use pipeline_tests::{Program, run_to_end};
use serde_json::json;

use crate::{
    element::Role,
    waiting::until,
    window::Window,
    world::{OPERATORS_AUDIENCE, World},
};

/// What a signed-in person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    Viewer,
    Operator,
}

impl Duty {
    /// The word of the token's claim.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

impl World {
    /// Starts the console, which a pipeline does without otherwise.
    pub async fn open_console(&mut self) {
        self.pipeline.restart(Program::AdminConsole).await.unwrap();
    }

    /// An address of the console.
    pub fn console_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.pipeline.address(Program::AdminConsole).unwrap())
    }

    /// A token as the identity provider gives it to somebody with this duty.
    pub async fn operators_token(&self, duty: Duty, seconds: u64) -> String {
        let wanted = json!({
            "sub": format!("{}@shop.example", duty.word()),
            "audience": OPERATORS_AUDIENCE,
            "role": duty.word(),
            "ttl_seconds": seconds,
        });
        self.pipeline.sandbox().token(&wanted).await.unwrap()
    }

    /// A token as `admin-console grant` prints it, for this long.
    pub async fn grant(&self, duty: Duty, ttl: &str) -> String {
        let arguments = ["grant", "--role", duty.word(), "--ttl", ttl, "--name", "gita@shop.example"];
        run_to_end("admin-console", &arguments, self.database.url()).await.unwrap().trim().to_owned()
    }

    /// Signs in on the console's own page, wherever that stands now.
    pub async fn sign_in_with(&self, window: &Window, token: &str) {
        window.by_role(Role::Field, "Token").await.unwrap().type_text(token).await.unwrap();
        window.by_role(Role::Button, "Sign in with this token").await.unwrap().click().await.unwrap();
        until("the session's pages", async || window.by_role(Role::Button, "Sign out").await.ok()).await;
    }

    /// Opens a page of the console as somebody with this duty.
    pub async fn enter_console(&self, window: &Window, duty: Duty, path: &str) {
        window.go(&self.console_url(path)).await.unwrap();
        self.sign_in_with(window, &self.operators_token(duty, 3_600).await).await;
    }
}
