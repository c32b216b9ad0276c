//! A copy of the sources in which fences are taken out. The checkout itself is never touched, so that nothing has to
//! be put back when the run is ended halfway.

use std::{
    collections::BTreeSet,
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
    /// Makes the copy what the checkout is, new files included; what is the same already is not written, so that it
    /// need not be built again.
    pub(crate) fn copy_of(checkout: &Path) -> anyhow::Result<Self> {
        let tree = checkout.join(FOLDER);
        fs::create_dir_all(&tree)?;
        let scratch = Self { checkout: checkout.to_owned(), tree };
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
            .current_dir(checkout)
            .output()
            .context("cannot run git")?;
        ensure!(listed.status.success(), "git lists no files: {}", String::from_utf8_lossy(&listed.stderr));
        let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
        let names: BTreeSet<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
        for name in &names {
            // A file that is listed and gone was deleted and not yet committed.
            if checkout.join(name).is_file() {
                scratch.restore(name)?;
            }
        }
        scratch.forget_others(&scratch.tree, &names)?;
        Ok(scratch)
    }

    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Makes one file what it is in the checkout.
    pub(crate) fn restore(&self, name: &str) -> anyhow::Result<()> {
        let (from, to) = (self.checkout.join(name), self.tree.join(name));
        let content = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if fs::read(&to).is_ok_and(|copied| copied == content) {
            return Ok(());
        }
        fs::create_dir_all(to.parent().context("a file without a folder")?)?;
        fs::write(&to, content)?;
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        Ok(())
    }

    /// Replaces the content of one file.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<()> {
        fs::write(self.tree.join(name), content).with_context(|| format!("cannot change the copy of {name}"))
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
