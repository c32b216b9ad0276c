//! The migrations, embedded; and whether this binary and this database fit together.

use diesel::{QueryDsl, migration::MigrationSource, sql_types::Text};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::{Connection, Error, PoolSettings, pool, schema::schema_compatibility};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Two `migrate` started at once take turns under this advisory lock.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(hashtext('live-order-pipeline migrations'))";

/// What became of a `migrate` run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Versions that were applied or reverted, in that order.
    pub versions: Vec<String>,
}

/// Applies what is pending. Needs a multi-threaded runtime. Safe to run from several places at once.
pub async fn up(url: &str) -> Result<Applied, Error> {
    run(url, |harness| harness.run_pending_migrations(MIGRATIONS).map(to_versions)).await
}

/// Reverts the newest migration.
pub async fn down(url: &str) -> Result<Applied, Error> {
    run(url, |harness| harness.revert_last_migration(MIGRATIONS).map(|version| to_versions([version]))).await
}

/// Reverts all migrations.
pub async fn down_all(url: &str) -> Result<Applied, Error> {
    run(url, |harness| harness.revert_all_migrations(MIGRATIONS).map(to_versions)).await
}

fn to_versions<'a>(
    versions: impl IntoIterator<Item = diesel::migration::MigrationVersion<'a>>,
) -> Vec<String> {
    versions.into_iter().map(|version| version.to_string()).collect()
}

type Harness = AsyncMigrationHarness<Connection>;
type HarnessResult = Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>>;

async fn run(url: &str, steps: impl FnOnce(&mut Harness) -> HarnessResult) -> Result<Applied, Error> {
    use diesel_async::SimpleAsyncConnection;
    let settings = PoolSettings { url: url.to_owned(), role: None, application_name: "migrate", size_max: 1 };
    let mut connection = pool::connect(&settings).await?;
    connection.batch_execute("SET statement_timeout = 0; SET lock_timeout = '10s'").await?;
    connection.batch_execute(MIGRATION_LOCK).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let versions = steps(&mut harness).map_err(|error| Error::Defect(error.to_string()))?;
    Ok(Applied { versions })
}

/// Whether this binary and this database fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compatibility {
    Fits,
    /// The database lacks a migration that this binary was built with.
    SchemaTooOld {
        needed: String,
        found: String,
    },
    /// A migration has declared binaries like this one too old.
    BinaryTooOld {
        minimum: String,
        built_with: String,
    },
}

statement! {
    NewestApplied { } -> Text;
    "SELECT coalesce(max(version), '')::text FROM __diesel_schema_migrations"
}

/// Compares the newest embedded migration with the database's newest and with its minimum.
pub async fn compatibility(connection: &mut Connection) -> Result<Compatibility, Error> {
    let built_with = newest_embedded()?;
    let found: String = NewestApplied {}.get_result(connection).await?;
    if found < built_with {
        return Ok(Compatibility::SchemaTooOld { needed: built_with, found });
    }
    let minimum: String = schema_compatibility::table
        .select(schema_compatibility::minimum_binary_version)
        .first(connection)
        .await?;
    if built_with < minimum {
        return Ok(Compatibility::BinaryTooOld { minimum, built_with });
    }
    Ok(Compatibility::Fits)
}

/// The version of the newest migration this binary carries.
pub fn newest_embedded() -> Result<String, Error> {
    let migrations = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS)
        .map_err(|error| Error::Defect(error.to_string()))?;
    let newest = migrations.iter().map(|migration| migration.name().version().to_string()).max();
    newest.ok_or_else(|| Error::Defect("no migration is embedded".to_owned()))
}
