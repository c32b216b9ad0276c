//! Guards in the code: conditions of late writes, and the counts that are read of them.

use std::{collections::BTreeSet, fs, path::Path, time::Instant};

use anyhow::{Context, bail, ensure};
use config::{Config, File};
use serde::Deserialize;

use crate::{
    cargo::{Programs, Ran},
    report::{Noticed, Report},
    scratch::Scratch,
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

/// A fence, and its file without it.
#[derive(Debug)]
pub(crate) struct Fence {
    name: String,
    file: String,
    without: String,
    tests: Vec<TestName>,
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
        let without = taken_out(&content, &entry).with_context(|| format!("{LIST}: {}", entry.name))?;
        let tests: Vec<TestName> =
            entry.tests.iter().map(|test| test.parse()).collect::<anyhow::Result<_>>()?;
        ensure!(!tests.is_empty(), "{LIST}: {} names no test", entry.name);
        fences.push(Fence { name: entry.name, file: entry.file, without, tests });
    }
    Ok(fences)
}

/// The file without the fence. What the list says must be unmistakable: the anchor stands in the file once, and the text
/// follows it within the same item.
fn taken_out(content: &str, entry: &Entry) -> anyhow::Result<String> {
    let Entry { file, after, text, instead, .. } = entry;
    ensure!(!text.is_empty() && text != instead, "it takes nothing out");
    let (before, rest) = match after.as_str() {
        "" => ("", content),
        after => {
            let found = content.matches(after).count();
            ensure!(found == 1, "{file} holds {after:?} {found} times, and must hold it once");
            content.split_at(content.find(after).unwrap_or_default())
        }
    };
    // With an anchor the fence is in the item that the anchor begins; without one, in the only place of the file.
    let item = if after.is_empty() { rest } else { rest.split("\n}\n").next().unwrap_or(rest) };
    let found = item.matches(text.as_str()).count();
    ensure!(found == 1, "{file} holds {text:?} {found} times there, and must hold it once");
    Ok(format!("{before}{}", rest.replacen(text.as_str(), instead, 1)))
}

pub(crate) async fn take_out(
    checkout: &Path,
    database_url: &str,
    fences: Vec<Fence>,
    is_named: impl Fn(&str) -> bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let fences: Vec<Fence> = fences.into_iter().filter(|fence| is_named(&fence.name)).collect();
    let scratch = Scratch::copy_of(checkout)?;
    let target = checkout.join("target");
    eprintln!("guards: building the tests of the copy in {}", scratch.tree().display());
    let tests: BTreeSet<&TestName> = fences.iter().flat_map(|fence| &fence.tests).collect();
    let programs = Programs::build(scratch.tree(), &target, tests.iter().copied()).await?;
    for test in tests {
        if let Ran::Failed(died) = programs.run(test, database_url, None).await? {
            bail!("{died} fails with every fence in place: nothing can be shown");
        }
    }
    eprintln!("guards: taking {} fences out", fences.len());
    for fence in fences {
        let began = Instant::now();
        scratch.write(&fence.file, &fence.without)?;
        let noticed = noticed_by(&fence, &scratch, &target, database_url).await;
        scratch.restore(&fence.file)?;
        report.add(&fence.name, noticed?, began.elapsed());
    }
    Ok(())
}

async fn noticed_by(
    fence: &Fence,
    scratch: &Scratch,
    target: &Path,
    database_url: &str,
) -> anyhow::Result<Noticed> {
    for test in &fence.tests {
        let programs = Programs::build(scratch.tree(), target, [test])
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
        taken_out(FILE, &entry("", "if held {}")).unwrap_err();
    }

    #[test]
    fn a_fence_is_taken_out_of_the_item_that_is_named() {
        let without = taken_out(FILE, &entry("fn b()", "if held {}")).unwrap();
        assert_eq!(without, "fn a() {\n  if held {}\n}\nfn b() {\n  \n}\n");
    }

    #[test]
    fn a_fence_of_another_item_is_not_taken_for_it() {
        taken_out("fn a() {\n}\nfn b() {\n  if held {}\n}\n", &entry("fn a()", "if held {}")).unwrap_err();
    }
}
