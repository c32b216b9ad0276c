//! What else this machine does, and what a process of it holds.

use std::{fs, thread};

use anyhow::{Context, ensure};
use serde::Serialize;

/// Processors and what waits for them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Averages of 1, 5 and 15 minutes as the kernel prints them; empty where it has none.
    pub(crate) load_average: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cores: thread::available_parallelism().map_or(0, usize::from),
            load_average: load.split_whitespace().take(3).collect::<Vec<_>>().join(" "),
        }
    }
}

/// A thousand connections, and what a process holds beside them.
const OPEN_FILES_LEAST: u64 = 1_500;

/// Services get the limit of this process.
///
/// # Errors
/// Where a thousand connections would not fit.
pub(crate) fn ensure_files_may_be_open() -> anyhow::Result<()> {
    let limits = fs::read_to_string("/proc/self/limits").context("cannot read /proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    let allowed = line.split_whitespace().next().context("/proc/self/limits names no limit of open files")?;
    ensure!(
        allowed == "unlimited" || allowed.parse::<u64>()? >= OPEN_FILES_LEAST,
        "a thousand clients need {OPEN_FILES_LEAST} open files, and {allowed} are allowed: raise the hard limit \
         (`ulimit -Hn`) and run `make bench` again"
    );
    Ok(())
}

/// A process's memory in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident at this moment.
    pub(crate) resident_mib: f64,
    /// The most that was ever resident.
    pub(crate) peak_mib: f64,
}

impl Memory {
    /// # Errors
    /// Where the process is gone or the kernel has no `/proc`.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let mib = |field: &str| {
            let line = status.lines().find(|line| line.starts_with(field))?;
            let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kib / 1_024.0)
        };
        Ok(Self {
            resident_mib: mib("VmRSS:").context("no VmRSS")?,
            peak_mib: mib("VmHWM:").context("no VmHWM")?,
        })
    }
}
