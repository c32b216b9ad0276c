use std::sync::Arc;

/// What a client can say to Postgres once it is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A text that is parsed and executed at once: BEGIN, COMMIT, SET.
    Query,
    Parse,
    Bind,
    Describe,
    Execute,
    Sync,
    Close,
    /// The client says goodbye.
    Terminate,
    /// Passwords, COPY, Flush: nothing that our services send in their flows.
    Other,
}

impl MessageKind {
    pub(super) const fn of(tag: u8) -> Self {
        match tag {
            b'Q' => Self::Query,
            b'P' => Self::Parse,
            b'B' => Self::Bind,
            b'D' => Self::Describe,
            b'E' => Self::Execute,
            b'S' => Self::Sync,
            b'C' => Self::Close,
            b'X' => Self::Terminate,
            _ => Self::Other,
        }
    }
}

/// One message of a client, with what the connection has said before that belongs to it.
#[derive(Debug, Clone)]
pub struct Message {
    pub kind: MessageKind,
    /// The statement it is about: the text of a Query or Parse, what a Bind binds, what an Execute or Sync ends.
    /// Empty where there is none.
    pub sql: Arc<str>,
    /// The bytes of the Bind it belongs to, parameters included: of the Bind itself, its Execute and their Sync.
    pub bound: Arc<[u8]>,
    /// What the connection called itself at its start.
    pub application_name: Arc<str>,
    /// Whether it takes part in executing a statement, as opposed to preparing one: a Query, a Bind, an Execute, and
    /// the Sync that ends them. How often a service prepares depends on how old its connections are; what it executes
    /// does not.
    pub executes: bool,
}

impl Message {
    /// Whether it asks for a transaction to be committed.
    pub fn is_commit(&self) -> bool {
        self.kind == MessageKind::Query
            && self.sql.trim().trim_end_matches(';').eq_ignore_ascii_case("COMMIT")
    }

    /// Whether these bytes are among its parameters.
    pub fn binds(&self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        !wanted.is_empty() && self.bound.windows(wanted.len()).any(|window| window == wanted)
    }
}
