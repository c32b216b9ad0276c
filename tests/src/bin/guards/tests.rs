//! Tests as the lists name them: `package/target filter`, or `package/target` for all of a target.

use std::{fmt, str::FromStr};

use anyhow::{Context, ensure};

/// A test, or the tests of a target that a filter matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TestName {
    pub(crate) package: String,
    pub(crate) target: String,
    pub(crate) filter: String,
}

impl FromStr for TestName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let wrong = || format!("{text}: a test is named `package/target filter`");
        let (target, filter) = text.split_once(' ').unwrap_or((text, ""));
        let (package, target) = target.split_once('/').with_context(wrong)?;
        ensure!(!package.is_empty() && !target.is_empty(), wrong());
        Ok(Self { package: package.to_owned(), target: target.to_owned(), filter: filter.to_owned() })
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { package, target, filter } = self;
        if filter.is_empty() {
            write!(f, "{package}/{target}")
        } else {
            write!(f, "{package}/{target} {filter}")
        }
    }
}
