//! A copy of the sources in which fences are taken out. The checkout itself is never touched, so that nothing has to
//! be put back when the run is ended halfway.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, ensure};

/// Below the target folder, as everything that can be made again.
const FOLDER: &str = "target/guards/tree";

/// The copy.
#[derive(Debug)]
pub(crate) struct Scratch {
    checkout: PathBuf,
    tree: PathBuf,
}

impl Scratch {
    pub(crate) fn of(checkout: &Path) -> anyhow::Result<Self> {
        let tree = checkout.join(FOLDER);
        fs::create_dir_all(&tree)?;
        Ok(Self { checkout: checkout.to_owned(), tree })
    }

    /// Makes the copy what the checkout is, new files included, but for some files. What is so already is not written, so
    /// that it need not be built again.
    pub(crate) fn bring_up_to_date(&self, but: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
            .current_dir(&self.checkout)
            .output()
            .context("cannot run git")?;
        ensure!(listed.status.success(), "git lists no files: {}", String::from_utf8_lossy(&listed.stderr));
        let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
        let names: BTreeSet<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
        for name in &names {
            match but.get(*name) {
                Some(content) => self.write(name, content)?,
                // A file that is listed and gone was deleted and not yet committed.
                None if self.checkout.join(name).is_file() => self.restore(name)?,
                None => {}
            }
        }
        self.forget_others(&self.tree, &names)
    }

    /// A file of the checkout.
    pub(crate) fn original(&self, name: &str) -> anyhow::Result<String> {
        let path = self.checkout.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Makes one file what it is in the checkout.
    pub(crate) fn restore(&self, name: &str) -> anyhow::Result<()> {
        let from = self.checkout.join(name);
        let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        self.put(name, &content)?;
        fs::set_permissions(self.tree.join(name), fs::metadata(&from)?.permissions())?;
        Ok(())
    }

    /// Gives one file another content.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        self.put(name, content.as_bytes())
    }

    fn put(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let to = self.tree.join(name);
        if fs::read(&to).is_ok_and(|there| there == content) {
            return Ok(());
        }
        fs::create_dir_all(to.parent().context("a file without a folder")?)?;
        fs::write(&to, content).with_context(|| format!("cannot write the copy of {name}"))
    }

    fn forget_others(&self, folder: &Path, names: &BTreeSet<&str>) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(&self.tree)?.to_str().context("a file's name is not UTF-8")?;
            if path.is_dir() {
                self.forget_others(&path, names)?;
            } else if !names.contains(name) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}
