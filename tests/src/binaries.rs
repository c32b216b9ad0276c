use std::{
    env,
    net::SocketAddr,
    path::PathBuf,
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::ports::free_address;

/// Bounds a command that ends by itself, such as a migration.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);

/// The folder that cargo puts this build's binaries in: the one of the running program, or above its `deps`.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let executable = env::current_exe().context("cannot tell where this program is")?;
    let mut folder = executable.parent().context("this program has no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("this program has no target folder")?;
    }
    Ok(folder.to_owned())
}

/// The path of a binary of this build.
pub(crate) fn path(binary: &str) -> anyhow::Result<PathBuf> {
    let path = folder()?.join(binary);
    ensure!(path.is_file(), "{} is not built; run `cargo build --workspace --locked` first", path.display());
    Ok(path)
}

/// A command with nothing of the caller's environment but what any program needs: a variable set in somebody's shell
/// must not change what a test sees.
pub(crate) fn command(binary: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(path(binary)?);
    command.env_clear();
    for (name, value) in env::vars_os() {
        if ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE"].iter().any(|kept| name == *kept) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

/// Runs a binary of this build that ends by itself, with this environment and nothing of the caller's.
///
/// # Errors
/// Where it is not built or does not end within two minutes.
pub async fn run(
    binary: &str,
    arguments: &[&str],
    environment: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<Output> {
    let mut command = command(binary)?;
    command.args(arguments).envs(environment);
    let Ok(ended) = timeout(RUN_TIMEOUT, command.output()).await else {
        bail!("{binary} {} did not end within {RUN_TIMEOUT:?}", arguments.join(" "));
    };
    ended.with_context(|| format!("cannot run {binary}"))
}

/// Starts a binary of this build that serves on `HTTP__ADDR`, on a free port of this machine; it ends with the value.
/// Its log goes to `log`.
///
/// # Errors
/// Where it is not built, or no port is free.
pub fn start(
    binary: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    log: Stdio,
) -> anyhow::Result<(Child, SocketAddr)> {
    let address = free_address()?;
    let mut command = command(binary)?;
    command.envs(environment).env("HTTP__ADDR", address.to_string()).stdout(log);
    Ok((command.spawn().with_context(|| format!("cannot start {binary}"))?, address))
}

/// Runs a binary of this build that ends by itself, and returns what it printed.
///
/// # Errors
/// Where it is not built, does not end within two minutes, or ends with a failure; the message carries its stderr.
pub async fn run_to_end(binary: &str, arguments: &[&str], database_url: &str) -> anyhow::Result<String> {
    let environment = [("DATABASE_URL".to_owned(), database_url.to_owned())];
    let Output { status, stdout, stderr } = run(binary, arguments, environment).await?;
    ensure!(
        status.success(),
        "{binary} {} failed ({status}):\n{}",
        arguments.join(" "),
        String::from_utf8_lossy(&stderr)
    );
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}
