//! What the processors were used for: by Postgres, by each service, by the clients, which are this process; and how
//! much of them anything on this machine used.

use std::fs;

use anyhow::{Context, ensure};
use pipeline_tests::{Pipeline, Program};
use tokio_postgres::Client;

use crate::{report::Row, rounds::Samples};

/// `/proc` counts in hundredths of a second on every Linux.
const MS_PER_TICK: f64 = 10.0;

/// Milliseconds of processor time, by who used them.
#[derive(Debug, Clone)]
pub(crate) struct Used(Vec<(String, f64)>);

impl Used {
    /// What came on top of `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let pairs = self.0.iter().zip(&before.0);
        Self(pairs.map(|((who, now), (_, then))| (who.clone(), now - then)).collect())
    }

    /// Of Postgres alone, all of its processes together.
    pub(crate) fn by_postgres(&self) -> anyhow::Result<f64> {
        Ok(self.0.first().context("nobody was looked at")?.1)
    }
}

/// Whose processor time is looked at: Postgres, some services, and the clients.
pub(crate) struct Users {
    postgres: Postgres,
    services: Vec<(Program, u32)>,
}

impl Users {
    pub(crate) async fn of(
        observer: &Client,
        pipeline: &Pipeline,
        programs: impl IntoIterator<Item = Program>,
    ) -> anyhow::Result<Self> {
        let pids = programs.into_iter().map(|program| Ok((program, pipeline.pid(program)?)));
        let services = pids.collect::<anyhow::Result<_>>()?;
        Ok(Self { postgres: Postgres::behind(observer).await?, services })
    }

    pub(crate) async fn without_services(observer: &Client) -> anyhow::Result<Self> {
        Ok(Self { postgres: Postgres::behind(observer).await?, services: Vec::new() })
    }

    /// All that each has used so far.
    pub(crate) fn look(&self) -> anyhow::Result<Used> {
        let mut used = vec![("Postgres".to_owned(), self.postgres.used_ms()?)];
        for (program, pid) in &self.services {
            used.push((program.to_string(), Ticks::of(&pid.to_string())?.own * MS_PER_TICK));
        }
        used.push(("the clients".to_owned(), Ticks::of("self")?.own * MS_PER_TICK));
        Ok(Used(used))
    }
}

/// Processor time a job, an intent or a purchase, round by round.
#[derive(Default)]
pub(crate) struct PerUnit(Vec<(String, Samples)>);

impl PerUnit {
    pub(crate) fn add(&mut self, used: &Used, units: usize) -> anyhow::Result<()> {
        let units = f64::from(u32::try_from(units)?);
        for (who, ms) in &used.0 {
            let ms = ms / units;
            match self.0.iter_mut().find(|(known, _)| known == who) {
                Some((_, samples)) => samples.push(ms),
                None => self.0.push((who.clone(), Samples::one(ms))),
            }
        }
        Ok(())
    }

    pub(crate) fn rows(self, load: &str, unit: &'static str) -> impl Iterator<Item = Row> {
        self.0
            .into_iter()
            .map(move |(who, samples)| Row::new(format!("{load}: processor time of {who}"), unit, samples))
    }
}

/// The server's processes: the postmaster, its children, and those children that have ended.
#[derive(Debug, Clone, Copy)]
struct Postgres {
    postmaster: u32,
}

impl Postgres {
    /// # Errors
    /// Where the server's processes are not to be seen, as in a container of its own.
    async fn behind(observer: &Client) -> anyhow::Result<Self> {
        let backend: i32 = observer.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
        let postmaster = Ticks::of(&backend.to_string())?.parent;
        let name = fs::read_to_string(format!("/proc/{postmaster}/comm")).unwrap_or_default();
        ensure!(
            name.trim() == "postgres",
            "the server's processes cannot be seen from here. Run `make bench`, which starts a private server"
        );
        Ok(Self { postmaster })
    }

    fn used_ms(self) -> anyhow::Result<f64> {
        // The children first: one that ends in between is counted with the postmaster, once too often rather than never.
        let mut living = 0.0;
        for process in fs::read_dir("/proc").context("cannot read /proc")? {
            let name = process?.file_name();
            let Some(pid) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
            else {
                continue;
            };
            // A process that has ended since it was listed is not ours to know.
            if let Ok(ticks) = Ticks::of(pid)
                && ticks.parent == self.postmaster
            {
                living += ticks.own;
            }
        }
        let postmaster = Ticks::of(&self.postmaster.to_string())?;
        Ok((living + postmaster.own + postmaster.of_ended_children) * MS_PER_TICK)
    }
}

/// A process's line in `/proc`.
struct Ticks {
    parent: u32,
    own: f64,
    of_ended_children: f64,
}

impl Ticks {
    fn of(process: &str) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/stat");
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        Self::read(&stat).with_context(|| format!("{path} cannot be understood: {stat}"))
    }

    fn read(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, which may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<f64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: number(11)? + number(12)?,
            of_ended_children: number(13)? + number(14)?,
        })
    }
}

/// How long all processors together have been busy, and how long they have been there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processors {
    busy: f64,
    all: f64,
}

impl Processors {
    pub(crate) fn look() -> anyhow::Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        Self::read(&stat).context("/proc/stat cannot be understood")
    }

    fn read(stat: &str) -> Option<Self> {
        // user nice system idle iowait irq softirq steal; what guests use is in user already.
        let ticks: Vec<f64> = stat
            .lines()
            .next()?
            .split_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|tick| tick.parse().ok())
            .collect();
        let all: f64 = ticks.iter().sum();
        Some(Self { busy: all - ticks.get(3)? - ticks.get(4)?, all })
    }

    /// Percent of the processors' time since `before` that anybody used.
    pub(crate) fn busy_percent_since(self, before: Self) -> f64 {
        100.0 * (self.busy - before.busy) / (self.all - before.all)
    }

    /// Percent of the processors' time since `before` that so many milliseconds are.
    pub(crate) fn percent_since(self, before: Self, ms: f64) -> f64 {
        100.0 * ms / MS_PER_TICK / (self.all - before.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "812 (a) b (c) S 41 812 812 0 -1 4194560 900 0 3 0 120 30 7 5 20 0 1 0 9000";
        let ticks = Ticks::read(stat).unwrap();
        assert_eq!((ticks.parent, ticks.own, ticks.of_ended_children), (41, 150.0, 12.0));
        assert!(Ticks::read("812 (postgres) S").is_none());
    }

    #[test]
    fn waiting_is_not_being_busy() {
        let before = Processors::read("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1").unwrap();
        let after = Processors::read("cpu  150 0 120 720 110 0 0 0 0 0\n").unwrap();
        assert_eq!(after.busy_percent_since(before), 70.0);
        assert_eq!(after.percent_since(before, 250.0), 25.0);
    }
}
