//! What was taken out, and who noticed.

use std::time::Duration;

/// How taking a guard out ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// The test that failed.
    By(String),
    ByNobody,
    /// The list says that this test needs it, and it does not.
    NotBy(String),
}

#[derive(Debug)]
struct Line {
    guard: String,
    noticed: Noticed,
    took: Duration,
}

/// One line a guard.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

impl Report {
    /// Says at once what happened to a guard, and keeps it for the end.
    pub(crate) fn add(&mut self, guard: &str, noticed: Noticed, took: Duration) {
        let line = Line { guard: guard.to_owned(), noticed, took };
        eprintln!("{}", line.in_words());
        self.lines.push(line);
    }

    /// Prints everything, what nobody missed last. Returns whether every guard is missed by some test.
    pub(crate) fn print(mut self) -> bool {
        let is_unmissed = |line: &Line| !matches!(line.noticed, Noticed::By(_));
        self.lines.sort_by_key(is_unmissed);
        println!("\nguard | test that died | seconds");
        for line in &self.lines {
            println!("{}", line.in_words());
        }
        let unmissed = self.lines.iter().filter(|line| is_unmissed(line)).count();
        println!(
            "\n{} guards taken out, {unmissed} that nothing misses or that the wrong test is listed for",
            self.lines.len()
        );
        unmissed == 0 && !self.lines.is_empty()
    }
}

impl Line {
    fn in_words(&self) -> String {
        let who = match &self.noticed {
            Noticed::By(test) => test.clone(),
            Noticed::ByNobody => "NOBODY: nothing needs it, or a test is missing".to_owned(),
            Noticed::NotBy(test) => format!("NOBODY, although {test} is listed"),
        };
        format!("{} | {who} | {:.1}", self.guard, self.took.as_secs_f64())
    }
}
