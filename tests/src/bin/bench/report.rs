//! The table on the screen and the file for machines.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Serialize;
use serde_json::json;
use tokio_postgres::Client;

use crate::{
    machine::Machine,
    rounds::{Samples, Spread},
    say,
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.data/bench");

/// What a figure has to be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Of the median ratio to what stands beside it.
    RatioAtLeast(f64),
    /// Likewise.
    RatioAtMost(f64),
}

/// The limit or the unbatched twin, from the same rounds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Beside {
    pub(crate) what: String,
    pub(crate) samples: Samples,
}

/// One figure over the rounds of a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) unit: &'static str,
    pub(crate) samples: Samples,
    pub(crate) beside: Option<Beside>,
    pub(crate) target: Option<Target>,
}

impl Row {
    pub(crate) fn new(figure: impl Into<String>, unit: &'static str, samples: Samples) -> Self {
        Self { figure: figure.into(), unit, samples, beside: None, target: None }
    }

    pub(crate) fn beside(mut self, what: impl Into<String>, samples: &Samples) -> Self {
        self.beside = Some(Beside { what: what.into(), samples: samples.clone() });
        self
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn ratio(&self) -> anyhow::Result<Option<Spread>> {
        self.beside.as_ref().map(|beside| self.samples.over(&beside.samples).spread()).transpose()
    }

    /// `None` where nothing is asked of it.
    fn is_met(&self) -> anyhow::Result<Option<bool>> {
        let median = self.samples.spread()?.median;
        let ratio = || anyhow::Ok(self.ratio()?.context("a ratio without a limit beside it")?.median);
        Ok(match self.target {
            None => None,
            Some(Target::AtMost(most)) => Some(median <= most),
            Some(Target::AtLeast(least)) => Some(median >= least),
            Some(Target::RatioAtLeast(least)) => Some(ratio()? >= least),
            Some(Target::RatioAtMost(most)) => Some(ratio()? <= most),
        })
    }

    fn line(&self) -> anyhow::Result<[String; 5]> {
        let Spread { min, median, max } = self.samples.spread()?;
        let beside = match &self.beside {
            Some(beside) => {
                let Spread { min, median, max } = beside.samples.spread()?;
                format!("{} {} ({}–{})", beside.what, short(median), short(min), short(max))
            }
            None => String::new(),
        };
        let ratio = match self.ratio()? {
            Some(ratio) => format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.min, ratio.max),
            None => String::new(),
        };
        let target = match self.target {
            None => String::new(),
            Some(Target::AtMost(most)) => format!("≤ {}", short(most)),
            Some(Target::AtLeast(least)) => format!("≥ {}", short(least)),
            Some(Target::RatioAtLeast(least)) => format!("ratio ≥ {least:.2}"),
            Some(Target::RatioAtMost(most)) => format!("ratio ≤ {most:.2}"),
        };
        let met = match self.is_met()? {
            None => "",
            Some(true) => " met",
            Some(false) => " MISSED",
        };
        Ok([
            self.figure.clone(),
            format!("{} ({}–{}) {}", short(median), short(min), short(max), self.unit),
            beside,
            ratio,
            format!("{target}{met}"),
        ])
    }
}

/// Four digits say what a benchmark knows.
fn short(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// What one run measured.
pub(crate) struct Report {
    /// By the server's clock.
    began: String,
    server: String,
    before: Machine,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) async fn begin(owned: &Client) -> anyhow::Result<Self> {
        let read = "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"'), \
                    current_setting('server_version')";
        let row = owned.query_one(read, &[]).await?;
        Ok(Self { began: row.get(0), server: row.get(1), before: Machine::look(), rows: Vec::new() })
    }

    /// Keeps a scenario's figures and prints them at once.
    pub(crate) fn add(&mut self, rows: Vec<Row>) {
        for row in &rows {
            if let Ok(line) = row.line() {
                say(&format!("  {}", line.join(" | ")));
            }
        }
        self.rows.extend(rows);
    }

    /// Prints the table, writes the file, and says whether every target was met.
    pub(crate) fn finish(&self) -> anyhow::Result<bool> {
        let after = Machine::look();
        let mut lines =
            vec![["figure", "median (min–max)", "beside it", "ratio", "target"].map(str::to_owned)];
        for row in &self.rows {
            lines.push(row.line()?);
        }
        println!("{}", table(&lines));
        println!(
            "\nPostgres {} on {} cores; load average {} at the start, {} at the end.",
            self.server, after.cores, self.before.load_average, after.load_average
        );
        let path = self.write(&after)?;
        println!("Written to {path}.");
        let mut all_met = true;
        for row in &self.rows {
            all_met &= row.is_met()? != Some(false);
        }
        Ok(all_met)
    }

    fn write(&self, after: &Machine) -> anyhow::Result<String> {
        fs::create_dir_all(FOLDER).with_context(|| format!("cannot make {FOLDER}"))?;
        let path = Path::new(FOLDER).join(format!("{}.json", self.began));
        let content = json!({
            "began": self.began,
            "postgres": self.server,
            "machine_before": self.before,
            "machine_after": after,
            "rows": self.rows,
        });
        fs::write(&path, serde_json::to_string_pretty(&content)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(format!(".data/bench/{}.json", self.began))
    }
}

/// Columns as wide as their widest cell.
fn table(lines: &[[String; 5]]) -> String {
    let mut widths = [0; 5];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let pad = |(cell, width): (&String, usize)| format!("{cell:<width$}");
    let rows = lines.iter().map(|line| {
        let cells: Vec<String> = line.iter().zip(widths).map(pad).collect();
        cells.join("  ").trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}
