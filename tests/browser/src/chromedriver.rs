//! The WebDriver server: one for this process, and nothing of it left when the process is gone.

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ChildStdout, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context, anyhow};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STARTED: &str = "started successfully on port ";

/// Waits until its input ends, because this process ended in whatever way. The driver's browsers are found by their
/// profiles: where the driver was killed they no longer are its children.
const GUARD: &str = r#"
cat >/dev/null
for found in $(grep -alF -- "$BROWSER_FOLDER" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null); do
  pid=${found#/proc/}
  pid=${pid%%/*}
  [ "$pid" = "$$" ] || kill -s KILL "$pid" 2>/dev/null
done
rm -rf -- "$BROWSER_FOLDER"
"#;

/// A running server and the folder for its browsers' profiles.
#[derive(Debug)]
pub(crate) struct Chromedriver {
    pub(crate) url: String,
    pub(crate) chromium: PathBuf,
    pub(crate) folder: PathBuf,
}

/// The server of this process, started where it does not run yet.
///
/// # Errors
/// Where the environment names no browser or the server does not start.
pub(crate) fn running() -> anyhow::Result<&'static Chromedriver> {
    static RUNNING: OnceLock<Result<Chromedriver, String>> = OnceLock::new();
    RUNNING
        .get_or_init(|| start().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow!("no browser: {error}"))
}

/// A variable that `scripts/browser.sh` sets.
pub(crate) fn setting(name: &str) -> anyhow::Result<OsString> {
    env::var_os(name).with_context(|| format!("{name} is not set; run this by `make test-browser`"))
}

fn start() -> anyhow::Result<Chromedriver> {
    let (chromium, driver) = (setting("CHROMIUM")?.into(), setting("CHROMEDRIVER")?);
    let folder = tempfile::Builder::new().prefix("order-pipeline-browser-").tempdir()?.keep();
    guard(&folder)?;
    let mut command = Command::new(driver);
    command
        .args(["--port=0", "--allowed-ips=127.0.0.1"])
        // Chromium writes below these whatever its profile is.
        .envs([("HOME", &folder), ("TMPDIR", &folder), ("BROWSER_FOLDER", &folder)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    if let Some(libraries) = env::var_os("CHROMIUM_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let mut child = command.spawn().context("cannot start chromedriver")?;
    let output = child.stdout.take().context("chromedriver has no output")?;
    let port = port_of(output)?;
    Ok(Chromedriver { url: format!("http://127.0.0.1:{port}"), chromium, folder })
}

fn guard(folder: &Path) -> anyhow::Result<()> {
    let mut guard = Command::new("sh")
        .args(["-c", GUARD])
        .env("BROWSER_FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start sh")?;
    // Open until this process ends.
    std::mem::forget(guard.stdin.take());
    Ok(())
}

/// The server says its port once it listens; what it says later is read and dropped, so that it is never held up.
fn port_of(output: ChildStdout) -> anyhow::Result<u16> {
    let (sender, said) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some((_, port)) = line.split_once(STARTED) {
                // Nobody waits any more where the start took too long.
                let _ = sender.send(port.trim().trim_end_matches('.').to_owned());
            }
            line.clear();
        }
        let _ = output.read_to_string(&mut line);
    });
    let port = said.recv_timeout(START_TIMEOUT).context("chromedriver does not start")?;
    port.parse().with_context(|| format!("chromedriver named the port {port}"))
}
