//! Guards in the code: conditions of late writes, and the counts that are read of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::Path,
    time::Instant,
};

use anyhow::{Context, bail, ensure};
use config::{Config, File};
use serde::Deserialize;

use crate::{
    cargo::{Programs, Ran},
    report::{Noticed, Report},
    scratch::Scratch,
    switches::{self, Piece, STATEMENTS, WITHOUT_FENCE},
    tests::TestName,
};

const LIST: &str = "tests/guards/fences.toml";

#[derive(Debug, Deserialize)]
struct List {
    fence: Vec<Entry>,
}

/// A fence as the list has it.
#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    file: String,
    /// Where to begin to look: a text that the file holds once.
    #[serde(default)]
    after: String,
    /// What is taken out: the first of this text from there on.
    text: String,
    /// What is there instead.
    instead: String,
    /// The tests that may notice, the likeliest first.
    tests: Vec<String>,
}

/// A fence, and how it is taken out.
#[derive(Debug)]
pub(crate) struct Fence {
    name: String,
    file: String,
    way: Way,
    tests: Vec<TestName>,
}

#[derive(Debug)]
enum Way {
    /// Of a migration that replaces a function: replaced again, in each test database.
    Database { statements: String },
    /// Of a prepared statement: by a switch in the copy.
    Switch(Piece),
    /// Of any other code: compiled without it.
    Code { without: String },
}

/// Reads the list, and fails where a fence is not where the list says.
pub(crate) fn read(checkout: &Path) -> anyhow::Result<Vec<Fence>> {
    let file = File::from(checkout.join(LIST));
    let list: List = Config::builder().add_source(file).build()?.try_deserialize().context(LIST)?;
    let mut names = BTreeSet::new();
    let mut fences = Vec::new();
    for entry in list.fence {
        ensure!(names.insert(entry.name.clone()), "{LIST}: two fences are named {}", entry.name);
        let content = fs::read_to_string(checkout.join(&entry.file))
            .with_context(|| format!("{LIST}: {}: cannot read {}", entry.name, entry.file))?;
        let place = place_of(&content, &entry).with_context(|| format!("{LIST}: {}", entry.name))?;
        let way = Way::of(&entry, &content, place);
        let tests: Vec<TestName> =
            entry.tests.iter().map(|test| test.parse()).collect::<anyhow::Result<_>>()?;
        ensure!(!tests.is_empty(), "{LIST}: {} names no test", entry.name);
        fences.push(Fence { name: entry.name, file: entry.file, way, tests });
    }
    Ok(fences)
}

impl Way {
    fn of(entry: &Entry, content: &str, place: Range<usize>) -> Self {
        let mut without = content.to_owned();
        without.replace_range(place.clone(), &entry.instead);
        if entry.file.ends_with(".sql") {
            return Self::Database { statements: without };
        }
        match switches::piece_of(content, &place, &entry.instead) {
            Some(piece) => Self::Switch(piece),
            None => Self::Code { without },
        }
    }
}

/// Where the fence stands. What the list says must be unmistakable: the anchor is in the file once, and the text once in
/// the item that the anchor begins.
fn place_of(content: &str, entry: &Entry) -> anyhow::Result<Range<usize>> {
    let Entry { file, after, text, instead, .. } = entry;
    ensure!(!text.is_empty() && text != instead, "it takes nothing out");
    let (from, item) = match after.as_str() {
        "" => (0, content),
        after => {
            let found = content.matches(after).count();
            ensure!(found == 1, "{file} holds {after:?} {found} times, and must hold it once");
            let (before, rest) = content.split_once(after).context("found before")?;
            (before.len() + after.len(), rest.split("\n}\n").next().unwrap_or(rest))
        }
    };
    let found = item.matches(text.as_str()).count();
    ensure!(found == 1, "{file} holds {text:?} {found} times there, and must hold it once");
    let start = from + item.find(text.as_str()).context("found before")?;
    Ok(start..start + text.len())
}

pub(crate) async fn take_out(
    checkout: &Path,
    database_url: &str,
    fences: Vec<Fence>,
    is_named: impl Fn(&str) -> bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let fences: Vec<Fence> = fences.into_iter().filter(|fence| is_named(&fence.name)).collect();
    let mut copy = Copy { scratch: Scratch::of(checkout)?, switched: BTreeMap::new() };
    copy.install_switches(&fences)?;
    let (tree, target) = (copy.scratch.tree(), checkout.join("target"));
    eprintln!("guards: building the tests of the copy in {}", tree.display());
    let tests: BTreeSet<&TestName> = fences.iter().flat_map(|fence| &fence.tests).collect();
    let programs = Programs::build(tree, &target, tests.iter().copied()).await?;
    for test in tests {
        if let Ran::Failed(died) = programs.run(test, database_url, None).await? {
            bail!("{died} fails with every fence in place: nothing can be shown");
        }
    }
    eprintln!("guards: taking {} fences out", fences.len());
    for fence in &fences {
        let began = Instant::now();
        let noticed = match &fence.way {
            Way::Database { statements } => {
                first_to_fail(fence, &programs, database_url, ("TEST_WITHOUT_GUARD", statements)).await?
            }
            Way::Switch(_) => {
                first_to_fail(fence, &programs, database_url, (WITHOUT_FENCE, &fence.name)).await?
            }
            Way::Code { without } => {
                copy.scratch.write(&fence.file, without)?;
                let noticed = compiled_without(fence, tree, &target, database_url).await;
                copy.put_back(&fence.file)?;
                noticed?
            }
        };
        report.add(&fence.name, noticed, began.elapsed());
    }
    Ok(())
}

/// The copy, and its files with switches.
struct Copy {
    scratch: Scratch,
    switched: BTreeMap<String, String>,
}

impl Copy {
    fn install_switches(&mut self, fences: &[Fence]) -> anyhow::Result<()> {
        let mut pieces: BTreeMap<&str, Vec<(&str, &Piece)>> = BTreeMap::new();
        for fence in fences {
            if let Way::Switch(piece) = &fence.way {
                pieces.entry(&fence.file).or_default().push((&fence.name, piece));
            }
        }
        for (file, pieces) in pieces {
            let switched = switches::with_switches(&self.scratch.original(file)?, &pieces)?;
            self.switched.insert(file.to_owned(), switched);
        }
        let statements = switches::with_switch_arm(&self.scratch.original(STATEMENTS)?)?;
        self.switched.insert(STATEMENTS.to_owned(), statements);
        self.scratch.bring_up_to_date(&self.switched)
    }

    fn put_back(&self, file: &str) -> anyhow::Result<()> {
        match self.switched.get(file) {
            Some(switched) => self.scratch.write(file, switched),
            None => self.scratch.restore(file),
        }
    }
}

async fn first_to_fail(
    fence: &Fence,
    programs: &Programs,
    database_url: &str,
    without: (&str, &str),
) -> anyhow::Result<Noticed> {
    for test in &fence.tests {
        if let Ran::Failed(died) = programs.run(test, database_url, Some(without)).await? {
            return Ok(Noticed::By(format!("{}/{} {died}", test.package, test.target)));
        }
    }
    Ok(Noticed::ByNobody)
}

async fn compiled_without(
    fence: &Fence,
    tree: &Path,
    target: &Path,
    database_url: &str,
) -> anyhow::Result<Noticed> {
    for test in &fence.tests {
        let programs = Programs::build(tree, target, [test])
            .await
            .with_context(|| format!("{} cannot be taken out", fence.name))?;
        if let Ran::Failed(died) = programs.run(test, database_url, None).await? {
            return Ok(Noticed::By(format!("{}/{} {died}", test.package, test.target)));
        }
    }
    Ok(Noticed::ByNobody)
}

#[cfg(test)]
mod unit {
    use super::*;

    fn entry(after: &str, text: &str) -> Entry {
        Entry {
            name: "x".to_owned(),
            file: "f".to_owned(),
            after: after.to_owned(),
            text: text.to_owned(),
            instead: String::new(),
            tests: Vec::new(),
        }
    }

    const FILE: &str = "fn a() {\n  if held {}\n}\nfn b() {\n  if held {}\n}\n";

    #[test]
    fn a_fence_that_stands_in_two_places_is_an_error() {
        place_of(FILE, &entry("", "if held {}")).unwrap_err();
    }

    #[test]
    fn a_fence_is_taken_out_of_the_item_that_is_named() {
        let place = place_of(FILE, &entry("fn b()", "if held {}")).unwrap();
        assert_eq!(Some(place.start), FILE.rfind("if held"));
    }

    #[test]
    fn a_fence_of_another_item_is_not_taken_for_it() {
        place_of("fn a() {\n}\nfn b() {\n  if held {}\n}\n", &entry("fn a()", "if held {}")).unwrap_err();
    }
}
