//! Builds test programs and runs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::{process::Command, time::timeout};

use crate::tests::TestName;

/// Bounds one run of a test: who hangs without a guard has noticed, too.
const RUN_TIMEOUT: Duration = Duration::from_secs(600);
const BUILD_TIMEOUT: Duration = Duration::from_secs(1800);

/// What a test made of a database or of sources without a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    Passed,
    /// With the names of the tests that failed, or with why it never ended.
    Failed(String),
}

/// Test programs of one tree, by package and target.
#[derive(Debug)]
pub(crate) struct Programs {
    programs: BTreeMap<(String, String), Program>,
}

#[derive(Debug)]
struct Program {
    executable: PathBuf,
    /// Where cargo runs it.
    folder: PathBuf,
}

/// A line of `cargo --message-format=json`, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    message: Option<Diagnostic>,
}

#[derive(Default, Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    rendered: Option<String>,
}

impl Programs {
    /// Builds the targets that hold these tests. The error of a build that fails is the compiler's.
    ///
    /// The whole workspace is named, so that dependencies are built with the features that every other build uses.
    pub(crate) async fn build<'a>(
        tree: &Path,
        target_folder: &Path,
        tests: impl IntoIterator<Item = &'a TestName>,
    ) -> anyhow::Result<Self> {
        let targets: BTreeSet<&str> = tests.into_iter().map(|test| test.target.as_str()).collect();
        let mut command = Command::new("cargo");
        command.args(["test", "--workspace", "--locked", "--no-run", "--message-format=json"]);
        for target in targets {
            command.args(["--test", target]);
        }
        command.current_dir(tree).env("CARGO_TARGET_DIR", target_folder).stderr(Stdio::null());
        if tree.starts_with(target_folder) {
            // The copy is built again and again, and differs by a line.
            command.env("CARGO_INCREMENTAL", "1");
        }
        let output = finish(&mut command, BUILD_TIMEOUT).await?.context("the build does not end")?;
        let messages = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let messages: Vec<Message> =
            messages.map(serde_json::from_slice).collect::<Result<_, _>>().context("cargo's messages")?;
        if !output.status.success() {
            let errors = messages.iter().filter_map(|message| message.message.as_ref());
            let errors = errors.filter(|diagnostic| diagnostic.level == "error");
            let errors: Vec<&str> = errors.filter_map(|error| error.rendered.as_deref()).collect();
            bail!("{} does not compile:\n{}", tree.display(), errors.join("\n"));
        }
        Ok(Self { programs: messages.into_iter().filter_map(Message::program).collect() })
    }

    /// Runs a test, without a guard where a variable says so.
    pub(crate) async fn run(
        &self,
        test: &TestName,
        database_url: &str,
        without: Option<(&str, &str)>,
    ) -> anyhow::Result<Ran> {
        let key = (test.package.clone(), test.target.clone());
        let program = self.programs.get(&key).with_context(|| format!("{test}: there is no such target"))?;
        let mut command = Command::new(&program.executable);
        // An empty filter matches every test.
        command
            .arg(&test.filter)
            .current_dir(&program.folder)
            .env("TEST_DATABASE_URL", database_url)
            // Whoever fails has said enough; the shortest way to fail is for those who repair.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            // A failure without a guard is none of the product's.
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("RUST_BACKTRACE", "0");
        command.envs(without);
        let Some(output) = finish(&mut command, RUN_TIMEOUT).await? else {
            return Ok(Ran::Failed(format!("{test}, which did not end within {RUN_TIMEOUT:?},")));
        };
        judge(test, &output)
    }
}

impl Message {
    fn program(self) -> Option<((String, String), Program)> {
        if self.reason != "compiler-artifact" {
            return None;
        }
        let folder = self.manifest_path.parent()?.to_owned();
        let package = folder.file_name()?.to_str()?.to_owned();
        Some(((package, self.target.name), Program { executable: self.executable?, folder }))
    }
}

/// A test that fails says which one it was; one that was never run, or had no database, has noticed nothing.
fn judge(test: &TestName, output: &Output) -> anyhow::Result<Ran> {
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    let everything = format!("{said}\n{complained}");
    let lines = || said.lines().map(str::trim);
    if lines().any(|line| line == "running 0 tests") {
        bail!("{test}: there is no such test");
    }
    if everything.contains("no test database:") {
        bail!("{test}: {everything}");
    }
    if output.status.success() {
        return Ok(Ran::Passed);
    }
    let died = lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let mut died: Vec<&str> = died.collect();
    died.sort_unstable();
    if died.is_empty() {
        // Output of a test may stand between its name and its end; the list of failures repeats the name.
        died = lines().skip_while(|line| *line != "failures:").filter(|line| line.contains("::")).collect();
        died.dedup();
    }
    let first = died.first().map_or_else(|| test.filter.clone(), |name| (*name).to_owned());
    Ok(Ran::Failed(first))
}

/// `None`: it did not end in time, and was ended.
async fn finish(command: &mut Command, limit: Duration) -> anyhow::Result<Option<Output>> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(limit, command.output()).await {
        Ok(output) => Ok(Some(output.with_context(|| format!("cannot run {command:?}"))?)),
        Err(_elapsed) => Ok(None),
    }
}
