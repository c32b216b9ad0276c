//! One documented tree of settings for every binary: `config/default.toml` → file → environment.
//!
//! A wrong value stops every service; a missing one stops only those that need it, when they ask for the section.
//! All of them are described in `docs/configuration.md`.

mod auth;
mod error;
mod gateways;
mod layers;
mod network;
mod sections;
mod telemetry;
mod values;

use std::{collections::HashMap, fmt, path::Path, str::FromStr};

pub use auth::{AdminSettings, AuthSettings, TokenKeys};
pub use error::SettingsError;
pub use gateways::{EsewaSettings, GatewaySettings, KhaltiSettings};
pub use network::TrustedProxies;
pub use sections::{
    CheckoutSettings, DatabaseSettings, HttpSettings, JobSettings, ReaperSettings, ReconcileSettings,
    StorefrontSettings, WorkerSettings,
};
pub use telemetry::TelemetrySettings;
use values::Values;

/// Where the process runs, and with it what is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppEnv {
    /// Sandboxes and shared-secret tokens are welcome.
    Development,
    /// Public sandbox credentials and hosts are refused, and shared-secret tokens for operators.
    Production,
}

/// The settings of this process, free of unknown keys, unusable values and contradictions.
#[derive(Debug, Clone)]
pub struct Settings {
    app_env: AppEnv,
    values: Values,
    telemetry: TelemetrySettings,
}

impl Settings {
    /// Reads the process environment and the file that `SETTINGS_FILE` names.
    ///
    /// # Errors
    /// The first wrong setting; see [`Settings::from_sources`].
    pub fn load() -> Result<Self, SettingsError> {
        let environment: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let file = environment.get("SETTINGS_FILE").filter(|path| !path.is_empty()).cloned();
        Self::from_sources(environment, file.as_deref().map(Path::new))
    }

    /// Reads settings from a given environment and file, as `load` does from the real ones.
    ///
    /// # Errors
    /// An unreadable file, a key that nobody documents, a value out of bounds, or values that contradict each other.
    /// What is merely missing is reported by the section's method.
    pub fn from_sources(
        environment: HashMap<String, String>,
        file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let telemetry = TelemetrySettings::read(&environment)?;
        let values = Values(layers::merge(environment, file)?);
        let app_env = values.required("app_env")?.parse()?;
        let settings = Self { app_env, values, telemetry };
        settings.refuse_wrong_values()?;
        Ok(settings)
    }

    /// Reads every section once, so that a mistake shows at the first start and not with the service it hurts.
    fn refuse_wrong_values(&self) -> Result<(), SettingsError> {
        let sections = [
            self.database().map(drop),
            self.http(([0, 0, 0, 0], 0).into()).map(drop),
            self.auth().map(drop),
            self.admin_auth().map(drop),
            self.admin().map(drop),
            self.rate_limit_per_client_per_second().map(drop),
            self.checkout().map(drop),
            self.callback_public_url().map(drop),
            self.storefront().map(drop),
            self.gateways().map(drop),
            self.reconcile().map(drop),
            self.worker().map(drop),
            self.job().map(drop),
            self.reaper().map(drop),
        ];
        sections.into_iter().try_for_each(|outcome| match outcome {
            Err(error) if !error.is_missing() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        })
    }

    /// `APP_ENV`.
    pub const fn app_env(&self) -> AppEnv {
        self.app_env
    }

    /// What the standard variables (`RUST_LOG`, `OTEL_…`) ask of logs and traces.
    pub const fn telemetry(&self) -> &TelemetrySettings {
        &self.telemetry
    }
}

impl FromStr for AppEnv {
    type Err = SettingsError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            _ => Err(SettingsError::invalid("app_env", "must be `development` or `production`")),
        }
    }
}

impl fmt::Display for AppEnv {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
        })
    }
}

/// Every documented setting as its environment variable, in alphabetical order.
///
/// # Errors
/// None unless the embedded defaults are broken, which a test rules out.
pub fn documented_variables() -> Result<Vec<String>, SettingsError> {
    Ok(layers::documented_keys()?.iter().map(|key| error::variable_name(key)).collect())
}
