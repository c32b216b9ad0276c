//! The sections that are read value by value.

use std::{net::SocketAddr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Settings, SettingsError, TrustedProxies,
    values::{Values, parse_seconds},
};

const POOL_MAX_BOUND: u32 = 1000;
const CONCURRENCY_BOUND: usize = 1000;
const POLL_INTERVAL_MS_BOUND: u64 = 3_600_000;
const BACKOFF_BASE_MS_BOUND: u64 = 3_600_000;
const MAX_ATTEMPTS_BOUND: u16 = 10_000;
const RETENTION_DAYS_BOUND: u32 = 3650;
const SHUTDOWN_GRACE_DEFAULT: Duration = Duration::from_secs(10);
/// Questions after the schedule's end are hourly and daily; more entries than this are a mistake.
const SCHEDULE_ENTRIES_MAX: usize = 100;

#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    pub url: SecretString,
    /// Where LISTEN goes; the same as `url` where no pooler stands before the database.
    pub direct_url: SecretString,
    /// Connections this process keeps at most.
    pub pool_max: u32,
}

#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub addr: SocketAddr,
    pub trusted_proxies: TrustedProxies,
}

#[derive(Debug, Clone)]
pub struct CheckoutSettings {
    /// How long an unpaid intent holds its stock.
    pub intent_ttl: Duration,
    /// Origins as browsers send them: scheme, host and port, no slash.
    pub allowed_origins: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct StorefrontSettings {
    pub url: Option<Url>,
    /// Where a returning browser is sent; `None` shows our own page.
    pub return_url: Option<Url>,
}

#[derive(Debug, Clone)]
pub struct ReconcileSettings {
    /// Ages of an intent at which its gateway is asked, ascending, at least one.
    pub schedule: Vec<Duration>,
    /// Age at which an undecided intent opens a review case.
    pub give_up: Duration,
}

#[derive(Debug, Clone)]
pub struct WorkerSettings {
    pub concurrency: usize,
    pub lease: Duration,
    pub poll_interval: Duration,
    /// Always shorter than `lease`.
    pub shutdown_grace: Duration,
}

#[derive(Debug, Clone)]
pub struct JobSettings {
    pub max_attempts: u16,
    pub backoff_base: Duration,
}

#[derive(Debug, Clone)]
pub struct ReaperSettings {
    pub interval: Duration,
    pub retention_days: u32,
}

impl Settings {
    /// # Errors
    /// No `DATABASE_URL`, or one of the two URLs that is not for Postgres.
    pub fn database(&self) -> Result<DatabaseSettings, SettingsError> {
        let pool_max = self.values.number("database.pool_max", 1..=POOL_MAX_BOUND)?;
        let url = self.values.required_secret("database_url")?;
        let direct_url = self.values.secret("database.direct_url").unwrap_or_else(|| url.clone());
        for (key, url) in [("database_url", &url), ("database.direct_url", &direct_url)] {
            let schemes = ["postgres://", "postgresql://"];
            if !schemes.iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
                return Err(SettingsError::invalid(key, "must be a postgres:// URL"));
            }
        }
        Ok(DatabaseSettings { url, direct_url, pool_max })
    }

    /// Where to listen; `default_addr` is the service's own choice when `HTTP__ADDR` is not set.
    ///
    /// # Errors
    /// An address or a proxy that cannot be read.
    pub fn http(&self, default_addr: SocketAddr) -> Result<HttpSettings, SettingsError> {
        let addr = match self.values.text("http.addr") {
            None => default_addr,
            Some(text) => text.parse().map_err(|_not_an_address| {
                SettingsError::invalid(
                    "http.addr",
                    format_args!("`{text}` is not an address such as 0.0.0.0:8080"),
                )
            })?,
        };
        let trusted_proxies = TrustedProxies::parse(&self.values.list("http.trusted_proxies"))
            .map_err(|error| SettingsError::invalid("http.trusted_proxies", error))?;
        Ok(HttpSettings { addr, trusted_proxies })
    }

    /// Requests a second from one client address; `None` is no limit.
    ///
    /// # Errors
    /// Not a number within bounds.
    pub fn rate_limit_per_client_per_second(&self) -> Result<Option<u32>, SettingsError> {
        let limit = self.values.number("rate_limit.per_client_per_second", 0..=1_000_000)?;
        Ok(Some(limit).filter(|limit| *limit > 0))
    }

    /// # Errors
    /// A time to live or an origin that cannot be read.
    pub fn checkout(&self) -> Result<CheckoutSettings, SettingsError> {
        Ok(CheckoutSettings {
            intent_ttl: self.values.seconds("checkout.intent_ttl_seconds")?,
            allowed_origins: origins(&self.values, "checkout.allowed_origins")?,
        })
    }

    /// payment-callback as browsers reach it, without a trailing slash.
    ///
    /// # Errors
    /// Missing, or not an http(s) URL.
    pub fn callback_public_url(&self) -> Result<String, SettingsError> {
        let url = self.values.required_url("callback.public_url")?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(SettingsError::invalid("callback.public_url", "must have no query and no fragment"));
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    }

    /// # Errors
    /// Not an http(s) URL.
    pub fn storefront(&self) -> Result<StorefrontSettings, SettingsError> {
        Ok(StorefrontSettings {
            url: self.values.url("storefront.url")?,
            return_url: self.values.url("storefront.return_url")?,
        })
    }

    /// The shop's own address, for services that must tell a gateway.
    ///
    /// # Errors
    /// Missing, or not an http(s) URL.
    pub fn require_storefront_url(&self) -> Result<Url, SettingsError> {
        self.values.required_url("storefront.url")
    }

    /// # Errors
    /// A schedule that is empty, too long or does not ascend.
    pub fn reconcile(&self) -> Result<ReconcileSettings, SettingsError> {
        let key = "reconcile.schedule_seconds";
        let items = self.values.list(key);
        let schedule = items.iter().map(|item| parse_seconds(key, item)).collect::<Result<Vec<_>, _>>()?;
        if schedule.is_empty() || schedule.len() > SCHEDULE_ENTRIES_MAX {
            return Err(SettingsError::invalid(
                key,
                format_args!("must list 1 to {SCHEDULE_ENTRIES_MAX} ages"),
            ));
        }
        if !schedule.is_sorted_by(|earlier, later| earlier < later) {
            return Err(SettingsError::invalid(key, "must ascend: each age above the one before"));
        }
        Ok(ReconcileSettings { schedule, give_up: self.values.seconds("reconcile.give_up_seconds")? })
    }

    /// # Errors
    /// Values out of bounds, or a shutdown grace that outlasts a lease.
    pub fn worker(&self) -> Result<WorkerSettings, SettingsError> {
        let lease = self.values.seconds("worker.lease_seconds")?;
        let shutdown_grace = match self.values.text("worker.shutdown_grace_seconds") {
            None => SHUTDOWN_GRACE_DEFAULT.min(lease.saturating_mul(2) / 3),
            Some(text) => parse_seconds("worker.shutdown_grace_seconds", text)?,
        };
        if shutdown_grace >= lease {
            let problem = format_args!(
                "must be greater than WORKER__SHUTDOWN_GRACE_SECONDS ({}), or a stopping worker outlives its leases",
                shutdown_grace.as_secs_f64()
            )
            .to_string();
            return Err(SettingsError::invalid("worker.lease_seconds", problem));
        }
        Ok(WorkerSettings {
            concurrency: self.values.number("worker.concurrency", 1..=CONCURRENCY_BOUND)?,
            lease,
            poll_interval: self.values.milliseconds("worker.poll_interval_ms", 1..=POLL_INTERVAL_MS_BOUND)?,
            shutdown_grace,
        })
    }

    /// # Errors
    /// Values out of bounds.
    pub fn job(&self) -> Result<JobSettings, SettingsError> {
        Ok(JobSettings {
            max_attempts: self.values.number("job.max_attempts", 1..=MAX_ATTEMPTS_BOUND)?,
            backoff_base: self.values.milliseconds("job.backoff_base_ms", 1..=BACKOFF_BASE_MS_BOUND)?,
        })
    }

    /// # Errors
    /// Values out of bounds.
    pub fn reaper(&self) -> Result<ReaperSettings, SettingsError> {
        Ok(ReaperSettings {
            interval: self.values.seconds("reaper.interval_seconds")?,
            retention_days: self.values.number("reaper.retention_days", 1..=RETENTION_DAYS_BOUND)?,
        })
    }
}

fn origins(values: &Values, key: &str) -> Result<Vec<String>, SettingsError> {
    let exact = |text: &&str| {
        let is_origin = Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == **text
        });
        if is_origin {
            return Ok((*text).to_owned());
        }
        Err(SettingsError::invalid(
            key,
            format_args!("`{text}` is not an origin such as https://shop.example"),
        ))
    };
    values.list(key).iter().map(exact).collect()
}
