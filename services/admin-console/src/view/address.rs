use url::form_urlencoded::Serializer;

/// A page's address with those fields of its query that have a value.
pub(crate) fn address(path: &str, fields: &[(&str, Option<&str>)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in fields {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A field of a filter as it was filled in; browsers send empty ones too.
pub(crate) fn filled(field: Option<&str>) -> Option<&str> {
    field.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_what_is_asked_for_and_nothing_breaks_out_of_it() {
        assert_eq!(address("/admin/jobs", &[("state", None)]), "/admin/jobs");
        let fields = [("state", Some("failed")), ("after", None), ("error", Some("\"><script>&x=1"))];
        assert_eq!(
            address("/admin/jobs", &fields),
            "/admin/jobs?state=failed&error=%22%3E%3Cscript%3E%26x%3D1"
        );
        assert_eq!((filled(Some(" ")), filled(Some(" a ")), filled(None)), (None, Some("a"), None));
    }
}
