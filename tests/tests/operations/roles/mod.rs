//! Who may do what: `docs/roles.md` against Postgres.

mod matrix;
mod needs;
