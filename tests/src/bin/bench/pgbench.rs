//! What Postgres itself can do with the same statements, measured by its own tool.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use schema::pool::PLANNED_ONCE;
use tokio::{process::Command, time::timeout};
use url::Url;

const POSTGRES_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres.sh");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/bench");
/// Bounds one lap.
const LAP_MAX: Duration = Duration::from_secs(180);

/// One script, run by some clients a fixed number of times each.
#[derive(Debug, Clone)]
pub(crate) struct Lap<'a> {
    pub(crate) database_url: &'a str,
    /// Names the file that the script is kept in.
    pub(crate) name: &'a str,
    pub(crate) script: &'a str,
    pub(crate) clients: usize,
    pub(crate) transactions_each: usize,
}

impl Lap<'_> {
    /// Runs it with prepared statements that are planned as the services plan theirs, `:lap` being 0 and `:laps_each` the number of transactions; returns transactions a second without the time to connect.
    ///
    /// # Errors
    /// Where pgbench is missing, takes too long, or any transaction fails.
    pub(crate) async fn run(&self) -> anyhow::Result<f64> {
        let script = self.write_script()?;
        let mut command = Command::new(POSTGRES_SCRIPT);
        command.args(["client", "bench", "pgbench"]).args(self.connection()?);
        command.args(["--no-vacuum", "--protocol=prepared", "--define=lap=0"]);
        command.arg(format!("--define=laps_each={}", self.transactions_each));
        command.arg(format!("--client={}", self.clients)).arg(format!("--jobs={}", self.clients.min(2)));
        command.arg(format!("--transactions={}", self.transactions_each));
        command.arg("--file").arg(&script);
        command.env("PGOPTIONS", planned_once()).stdin(Stdio::null()).kill_on_drop(true);
        let Ok(ended) = timeout(LAP_MAX, command.output()).await else {
            bail!("pgbench {} did not end within {LAP_MAX:?}", self.name);
        };
        let ended = ended.context("cannot run scripts/postgres.sh")?;
        let (said, complained) =
            (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        let wanted = self.clients * self.transactions_each;
        let all_done = said.contains(&format!("actually processed: {wanted}/{wanted}"));
        ensure!(ended.status.success() && all_done, "pgbench {}:\n{said}\n{complained}", self.name);
        transactions_per_second(&said).with_context(|| format!("pgbench said no tps:\n{said}"))
    }

    fn write_script(&self) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(FOLDER).with_context(|| format!("cannot make {FOLDER}"))?;
        let path = Path::new(FOLDER).join(format!("{}.pgbench.sql", self.name));
        fs::write(&path, self.script).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn connection(&self) -> anyhow::Result<[String; 4]> {
        let url = Url::parse(self.database_url)?;
        Ok([
            format!("--host={}", url.host_str().context("a database URL without host")?),
            format!("--port={}", url.port().context("a database URL without port")?),
            format!("--username={}", url.username()),
            url.path().trim_start_matches('/').to_owned(),
        ])
    }
}

fn planned_once() -> String {
    PLANNED_ONCE.iter().map(|(name, value)| format!("-c {name}={value} ")).collect()
}

fn transactions_per_second(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.starts_with("tps = ") && line.contains("without initial"))?;
    line.split_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_what_pgbench_prints() {
        let said = "latency average = 1.2 ms\ntps = 305.416321 (without initial connection time)\n";
        assert_eq!(transactions_per_second(said), Some(305.416_321));
        assert_eq!(transactions_per_second("pgbench: error"), None);
    }
}
