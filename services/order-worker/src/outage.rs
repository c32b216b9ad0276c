use std::fmt;

/// Says once that something is away and once that it is back, however often it is tried in between.
#[derive(Debug)]
pub(crate) struct Outage {
    what: &'static str,
    is_away: bool,
}

impl Outage {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { what, is_away: false }
    }

    pub(crate) fn failed(&mut self, error: &dyn fmt::Display) {
        if !self.is_away {
            tracing::warn!(what = self.what, %error, "cannot be done; trying again until it can");
        }
        self.is_away = true;
    }

    pub(crate) fn succeeded(&mut self) {
        if self.is_away {
            tracing::info!(what = self.what, "works again");
        }
        self.is_away = false;
    }
}
