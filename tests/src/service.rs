use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    net::SocketAddr,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{binaries, guard::Guard, program::Program};

const READY_TIMEOUT: Duration = Duration::from_secs(30);
const READY_POLL_INTERVAL: Duration = Duration::from_millis(20);
const LOG_TAIL_BYTES: i64 = 6_000;

/// What can be sent to a process of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Asks it to finish its work and end.
    Terminate,
    /// Ends it at once, as a crash of the machine would.
    Kill,
    /// Freezes it: it holds what it holds and does nothing.
    Stop,
    /// Lets a frozen one go on.
    Continue,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// One running process, its address and its log.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    child: Child,
    pid: u32,
    log: PathBuf,
}

impl Service {
    pub(crate) fn spawn(
        program: Program,
        address: SocketAddr,
        environment: &[(String, String)],
        logs: &Path,
        guard: &mut Guard,
    ) -> anyhow::Result<Self> {
        let log = logs.join(format!("{program}.log"));
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut command = binaries::command(program.binary())?;
        command
            .envs(environment.iter().cloned())
            .env(program.address_variable(), address.to_string())
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(output))
            // A Ctrl-C at the terminal reaches the harness only, which ends its services in order.
            .process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        let pid = child.id().with_context(|| format!("{program} ended at once"))?;
        guard.add(pid)?;
        Ok(Self { program, address, child, pid, log })
    }

    /// Returns once its readiness path answers 200.
    pub(crate) async fn await_ready(&mut self, http: &reqwest::Client) -> anyhow::Result<()> {
        let program = self.program;
        let url = format!("http://{}{}", self.address, program.readiness_path());
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{program} ended while starting ({status}):\n{}", self.log_tail());
            }
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{program} is not ready after {READY_TIMEOUT:?}:\n{}",
                self.log_tail()
            );
            sleep(READY_POLL_INTERVAL).await;
        }
    }

    pub(crate) async fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        // The shell's own `kill`: the command is a package that small machines lack.
        let sent = Command::new("sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal.name(), &self.pid.to_string()])
            .status()
            .await?;
        ensure!(sent.success(), "{} (process {}) cannot be sent {signal:?}", self.program, self.pid);
        Ok(())
    }

    /// Waits until the process has ended; `None` where it still runs after `limit`.
    pub(crate) async fn wait(
        &mut self,
        limit: Duration,
        guard: &mut Guard,
    ) -> anyhow::Result<Option<ExitStatus>> {
        let Ok(ended) = timeout(limit, self.child.wait()).await else { return Ok(None) };
        guard.remove(self.pid)?;
        Ok(Some(ended?))
    }

    /// How it ended, where it no longer runs.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self, guard: &mut Guard) -> anyhow::Result<bool> {
        let has_ended = self.child.try_wait()?.is_some();
        if has_ended {
            guard.remove(self.pid)?;
        }
        Ok(has_ended)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The last few kilobytes of what it wrote.
    pub(crate) fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(its log cannot be read: {error})"))
    }
}

/// Says how a process that was asked to end did end.
pub(crate) fn ended_well(status: ExitStatus) -> bool {
    status.success() && status.signal().is_none()
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    if file.seek(SeekFrom::End(-LOG_TAIL_BYTES)).is_err() {
        file.rewind()?;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
