use schema::migrations;

use crate::{
    connections::{connect, with_database},
    say,
};

/// The benchmark's server.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    url: String,
    /// How often each figure is measured.
    pub(crate) rounds: usize,
}

impl Cluster {
    pub(crate) fn new(url: &str, rounds: usize) -> anyhow::Result<Self> {
        Ok(Self { url: url.to_owned(), rounds })
    }

    /// A migrated, empty database for one scenario; what an earlier run left of it is dropped. Returns its URL.
    pub(crate) async fn fresh_database(&self, scenario: &str) -> anyhow::Result<String> {
        let name = format!("bench_{scenario}");
        let administrator = connect(&self.url).await?;
        administrator.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        administrator.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        let url = with_database(&self.url, &name)?;
        migrations::up(&url).await?;
        say(&format!("  database {name} is migrated"));
        Ok(url)
    }
}
