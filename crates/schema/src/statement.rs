//! SQL that Diesel's DSL cannot say, prepared once a connection.
//!
//! `diesel::sql_query` is prepared anew at every call; a statement made here has a static query id, so
//! the connection's cache keeps it.

/// Declares a statement as a struct of its parameters.
///
/// The body is a sequence of SQL texts and `(parameter as SqlType)` places, where a parameter may also be a part of
/// one (`(intent.provider as Text)`) and may be named more than once. Load it with `RunQueryDsl` into anything that reads its row type, or execute it.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident $(<$lifetime:lifetime>)? {
        $($field:ident: $rust:ty),* $(,)?
    } -> $row:ty; $($piece:tt)*) => {
        $(#[$doc])*
        struct $name $(<$lifetime>)? { $($field: $rust),* }

        const _: () = {
            use diesel::{pg::Pg, query_builder::{AstPass, Query, QueryFragment, QueryId}, result::QueryResult};

            pub(crate) struct Identity;

            impl $(<$lifetime>)? QueryId for $name $(<$lifetime>)? {
                type QueryId = Identity;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl $(<$lifetime>)? Query for $name $(<$lifetime>)? {
                type SqlType = $row;
            }

            impl $(<$lifetime>)? QueryFragment<Pg> for $name $(<$lifetime>)? {
                fn walk_ast<'query>(&'query self, mut out: AstPass<'_, 'query, Pg>) -> QueryResult<()> {
                    $(statement_piece!(self, out, $piece);)*
                    Ok(())
                }
            }
        };
    };
}

macro_rules! statement_piece {
    ($self:ident, $out:ident, ($field:ident $(. $part:ident)* as $sql_type:ty)) => {
        $out.push_bind_param::<$sql_type, _>(&$self.$field $(.$part)*)?
    };
    ($self:ident, $out:ident, $text:literal) => {
        $out.push_sql($text)
    };
}
