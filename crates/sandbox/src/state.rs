use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{identity::Keys, ledger::Ledger, settings::SandboxSettings};

/// What all handlers share. Neither lock is ever held across an await.
pub(crate) struct State {
    pub(crate) settings: SandboxSettings,
    /// Without a trailing slash.
    pub(crate) public_url: String,
    ledger: Mutex<Ledger>,
    keys: Mutex<Keys>,
}

impl State {
    pub(crate) fn new(settings: SandboxSettings, public_url: String, keys: Keys) -> Self {
        Self { settings, public_url, ledger: Mutex::default(), keys: Mutex::new(keys) }
    }

    /// A panic elsewhere leaves whole entries behind, so a poisoned lock is still good.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn issuer(&self) -> String {
        format!("{}/identity", self.public_url)
    }
}
