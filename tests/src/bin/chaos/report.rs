use std::time::Duration;

use crate::{rest::Unrest, tally::Tally, verdict::Verdict, world::World};

/// Rows printed of each kind of finding.
const SHOWN_MAX: usize = 20;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) figures: String,
    pub(crate) load_took: Duration,
    pub(crate) rest_took: Duration,
    pub(crate) unrest: Option<Unrest>,
    pub(crate) verdict: Verdict,
    /// Jobs that were given up on, each with its case.
    pub(crate) jobs_failed: i64,
    pub(crate) restarts_are_allowed: bool,
}

impl Report {
    pub(crate) fn is_clean(&self) -> bool {
        self.unrest.is_none() && self.verdict.is_clean()
    }

    pub(crate) fn print(&self, world: &World, injected: &Tally) {
        self.print_load(world);
        println!("\nFaults injected ({}):", injected.sum());
        print_counts(injected.all().iter().map(|(what, count)| (what.as_str(), *count)));
        if !self.restarts_are_allowed {
            println!("  Postgres was not restarted: the server is not the run's own");
        }
        println!(
            "\nAt rest {:.1} s after the last fault, with {} jobs failed and shown to people.",
            self.rest_took.as_secs_f64(),
            self.jobs_failed
        );
        if let Some(unrest) = self.unrest {
            println!("  NOT AT REST: {unrest}");
        }
        println!("\nFound:");
        for (check, found) in self.verdict.findings() {
            println!("  {check:<12} {}", found.len());
            for row in found.iter().take(SHOWN_MAX) {
                println!("      {row}");
            }
            if found.len() > SHOWN_MAX {
                println!("      and {} more", found.len() - SHOWN_MAX);
            }
        }
    }

    fn print_load(&self, world: &World) {
        let load = world.load.all();
        let driven = |prefix: &str| load.iter().filter(|(what, _)| what.starts_with(prefix)).count();
        println!("\nLoad: {} in {:.1} s.", self.figures, self.load_took.as_secs_f64());
        println!(
            "  {} of the sandbox's {} modes and {} of its actions were met",
            driven("mode "),
            world.modes.of_payments_and_tokens(),
            driven("action ")
        );
        let told = |what: &&(String, u64)| !what.0.starts_with("mode ") && !what.0.starts_with("action ");
        print_counts(load.iter().filter(told).map(|(what, count)| (what.as_str(), *count)));
    }
}

fn print_counts<'a>(counts: impl Iterator<Item = (&'a str, u64)>) {
    for (what, count) in counts {
        println!("  {count:>7}  {what}");
    }
}
