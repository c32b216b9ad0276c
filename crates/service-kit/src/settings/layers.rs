//! The three layers, merged and flattened: `section.key` → text.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use config::{Config, Environment, File, FileFormat, Value, ValueKind};

use super::{SettingsError, error::variable_name};

/// The documented tree; a key that is not in it is no setting of ours.
pub(crate) const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

/// Settings that hold secrets, each also readable from the file that `<NAME>_FILE` names.
pub(crate) const SECRET_KEYS: [&str; 6] = [
    "database_url",
    "database.direct_url",
    "auth.jwt_secret",
    "esewa.secret_key",
    "esewa.previous_secret_key",
    "khalti.secret_key",
];

/// A secret file larger than this is something else.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;

pub(crate) type Flat = BTreeMap<String, String>;

/// Merges defaults, `file` and `environment`; the later wins, and an empty variable counts as not set.
///
/// # Errors
/// An unreadable file, or a key that `default.toml` does not document.
pub(crate) fn merge(
    environment: HashMap<String, String>,
    file: Option<&Path>,
) -> Result<Flat, SettingsError> {
    let documented = flatten(defaults()?)?;
    let ours = read_secret_files(own_variables(environment, &documented))?;
    let mut builder = Config::builder().add_source(File::from_str(DEFAULT_TOML, FileFormat::Toml));
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml));
    }
    let merged = builder
        .add_source(
            Environment::default()
                .separator("__")
                .ignore_empty(true)
                .source(Some(ours.into_iter().collect())),
        )
        .build()
        .map_err(|error| SettingsError::invalid("settings_file", one_line(&error)))?;
    let flat = flatten(merged)?;
    match flat.keys().find(|key| !documented.contains_key(*key)) {
        Some(unknown) => Err(SettingsError::invalid(unknown, "is not a setting; see docs/configuration.md")),
        None => Ok(flat),
    }
}

/// Every documented key, in `section.key` form.
///
/// # Errors
/// None unless the embedded file is broken, which a test rules out.
pub(crate) fn documented_keys() -> Result<Vec<String>, SettingsError> {
    Ok(flatten(defaults()?)?.into_keys().collect())
}

fn defaults() -> Result<Config, SettingsError> {
    Config::builder()
        .add_source(File::from_str(DEFAULT_TOML, FileFormat::Toml))
        .build()
        .map_err(|error| SettingsError::invalid("default.toml", one_line(&error)))
}

/// Only variables of our sections are looked at: the rest of the environment belongs to others.
fn own_variables(environment: HashMap<String, String>, documented: &Flat) -> HashMap<String, String> {
    let is_ours = |name: &str| {
        let name = name.to_lowercase();
        match name.split_once("__") {
            Some((section, _)) => {
                documented.keys().any(|key| key.split('.').next() == Some(section) && key != section)
            }
            None => documented.contains_key(name.strip_suffix("_file").unwrap_or(&name)),
        }
    };
    environment.into_iter().filter(|(name, value)| !value.is_empty() && is_ours(name)).collect()
}

fn read_secret_files(
    mut variables: HashMap<String, String>,
) -> Result<HashMap<String, String>, SettingsError> {
    for key in SECRET_KEYS {
        let name = variable_name(key);
        let file_name = format!("{name}_FILE");
        let Some(path) = variables.remove(&file_name) else { continue };
        if variables.contains_key(&name) {
            return Err(SettingsError::invalid(
                &file_name,
                format_args!("{name} is set as well; keep one of them"),
            ));
        }
        let secret = read_bounded(Path::new(&path)).map_err(|error| {
            SettingsError::invalid(&file_name, format_args!("cannot read {path}: {error}"))
        })?;
        let trimmed = secret.strip_suffix('\n').unwrap_or(&secret);
        variables.insert(name, trimmed.strip_suffix('\r').unwrap_or(trimmed).to_owned());
    }
    Ok(variables)
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > SECRET_FILE_BYTES_MAX {
        return Err(std::io::Error::other("too large for a secret"));
    }
    std::fs::read_to_string(path)
}

fn flatten(merged: Config) -> Result<Flat, SettingsError> {
    let mut flat = Flat::new();
    let root = merged
        .try_deserialize::<HashMap<String, Value>>()
        .map_err(|error| SettingsError::invalid("settings_file", one_line(&error)))?;
    for (key, value) in root {
        match value.kind {
            ValueKind::Table(section) => {
                for (name, value) in section {
                    flat.insert(format!("{key}.{name}"), text_of(&format!("{key}.{name}"), value)?);
                }
            }
            _ => {
                let text = text_of(&key, value)?;
                flat.insert(key, text);
            }
        }
    }
    Ok(flat)
}

/// Scalars as they are, arrays as the comma separated lists they stand for.
fn text_of(key: &str, value: Value) -> Result<String, SettingsError> {
    let unusable = || SettingsError::invalid(key, "is not a setting; see docs/configuration.md");
    match value.kind {
        ValueKind::Array(items) => {
            let items: Result<Vec<String>, _> = items.into_iter().map(Value::into_string).collect();
            items.map(|items| items.join(",")).map_err(|_not_text| unusable())
        }
        _ => value.into_string().map_err(|_not_text| unusable()),
    }
}

fn one_line(error: &config::ConfigError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
