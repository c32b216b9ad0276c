//! `docs/roles.md`, read: what each role may do, and with it everything that it may not.

use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../../docs/roles.md");

/// What is granted of one privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Columns {
    All,
    Only(BTreeSet<String>),
    But(BTreeSet<String>),
}

/// The page as it stands: role → object → privilege → columns.
#[derive(Debug)]
pub(super) struct Needs {
    roles: BTreeMap<String, BTreeMap<String, BTreeMap<String, Columns>>>,
}

impl Needs {
    /// Reads the page.
    pub(super) fn read() -> Self {
        let mut roles: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
        let mut role = None;
        for line in PAGE.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                role = Some(heading.to_owned());
            } else if let (Some(role), Some((object, may))) = (&role, row(line)) {
                let privileges = privileges(may);
                let before = roles.entry(role.clone()).or_default().insert(object.to_owned(), privileges);
                assert!(before.is_none(), "docs/roles.md lists {object} twice for {role}");
            }
        }
        Self { roles }
    }

    pub(super) fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Every object that the page names.
    pub(super) fn objects(&self) -> BTreeSet<&str> {
        self.roles.values().flat_map(|objects| objects.keys().map(String::as_str)).collect()
    }

    /// Every column that the page names, with its table.
    pub(super) fn columns(&self) -> BTreeSet<(&str, &str)> {
        let mut named = BTreeSet::new();
        for (object, privileges) in self.roles.values().flatten() {
            for columns in privileges.values() {
                if let Columns::Only(names) | Columns::But(names) = columns {
                    named.extend(names.iter().map(|name| (object.as_str(), name.as_str())));
                }
            }
        }
        named
    }

    /// Whether a role may do this with the whole object, or with one of its columns.
    pub(super) fn allow(&self, role: &str, object: &str, privilege: &str, column: Option<&str>) -> bool {
        let granted =
            self.roles.get(role).and_then(|objects| objects.get(object)).and_then(|may| may.get(privilege));
        match (granted, column) {
            (None, _) => false,
            (Some(Columns::All), _) => true,
            (Some(Columns::Only(_) | Columns::But(_)), None) => false,
            (Some(Columns::Only(columns)), Some(column)) => columns.contains(column),
            (Some(Columns::But(columns)), Some(column)) => !columns.contains(column),
        }
    }
}

/// Object and privileges of a table's row.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix("| `")?.split(" | ");
    Some((cells.next()?.strip_suffix('`')?, cells.next()?))
}

/// `select but (a), update (b, c), delete`, taken apart.
fn privileges(may: &str) -> BTreeMap<String, Columns> {
    let mut found = BTreeMap::new();
    let mut rest = may;
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let words = rest[..end].trim();
        rest = &rest[end..];
        let mut names = None;
        if let Some(opened) = rest.strip_prefix('(') {
            let (inside, after) = opened.split_once(')').unwrap();
            names = Some(inside.split(", ").map(str::to_owned).collect());
            rest = after;
        }
        rest = rest.trim_start_matches([',', ' ']);
        let (privilege, columns) = match (words.strip_suffix(" but"), names) {
            (Some(privilege), Some(names)) => (privilege, Columns::But(names)),
            (None, Some(names)) => (words, Columns::Only(names)),
            (_, None) => (words, Columns::All),
        };
        found.insert(privilege.to_owned(), columns);
    }
    found
}

#[test]
fn a_cell_of_the_page_is_read_as_people_read_it() {
    let may = privileges("select but (a), insert, update (b, c)");
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(may["select"], Columns::But(set(&["a"])));
    assert_eq!(may["insert"], Columns::All);
    assert_eq!(may["update"], Columns::Only(set(&["b", "c"])));
    assert_eq!(may.len(), 3);
}
