use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::PathBuf,
};

use anyhow::Context;
use tokio_postgres::Client;

use crate::server::{checkout, with_database};

/// Held while the template is looked for and made; any number that other users of the server do not lock.
const TEMPLATE_LOCK: i64 = 7_164_702_931;

/// Makes sure that a database migrated to this checkout's state exists, once for all processes, and names it.
pub(crate) async fn ensure(administrator: &Client, administrator_url: &str) -> anyhow::Result<String> {
    let template = format!("pipeline_template_{:016x}", fingerprint()?);
    administrator.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await?;
    let made = make_if_missing(administrator, administrator_url, &template).await;
    administrator.execute("SELECT pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await?;
    made.with_context(|| format!("cannot make the template database {template}"))?;
    Ok(template)
}

/// Migrates under another name and renames at the end: a template that exists is complete.
async fn make_if_missing(
    administrator: &Client,
    administrator_url: &str,
    template: &str,
) -> anyhow::Result<()> {
    let exists = administrator.query("SELECT FROM pg_database WHERE datname = $1", &[&template]).await?;
    if !exists.is_empty() {
        return Ok(());
    }
    let unfinished = format!("{template}_unfinished");
    administrator.batch_execute(&format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await?;
    administrator.batch_execute(&format!("CREATE DATABASE {unfinished} TEMPLATE template0")).await?;
    schema::migrations::up(&with_database(administrator_url, &unfinished)?).await?;
    administrator.batch_execute(&format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await?;
    Ok(())
}

/// Changes with every file of the migrations, and with what is embedded: a folder newer than the build is not a template yet.
fn fingerprint() -> anyhow::Result<u64> {
    let folder = checkout().join("migrations");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let up = entry?.path().join("up.sql");
        if up.is_file() {
            files.push(up);
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    schema::migrations::newest_embedded()?.hash(&mut hasher);
    for file in files {
        hash_file(&file, &mut hasher)?;
    }
    Ok(hasher.finish())
}

fn hash_file(file: &PathBuf, hasher: &mut DefaultHasher) -> anyhow::Result<()> {
    file.hash(hasher);
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))?.hash(hasher);
    Ok(())
}
