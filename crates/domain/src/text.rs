/// Whether Postgres can hold the text at all: it has no NUL. What cannot be held names nothing that exists.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}
