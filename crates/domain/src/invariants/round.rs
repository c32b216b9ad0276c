//! The round through everything: intents, then variants, then jobs, by ascending key.

use schema::queries::invariants::progress::RoundPlace;

pub(super) const INTENT: &str = "intent";
pub(super) const VARIANT: &str = "variant";
pub(super) const JOB: &str = "job";

/// Where the round goes on after a slice, and whether it has ended: then it begins again.
pub(super) fn after_slice(place: &RoundPlace, slice: &[String], slice_max: i64) -> (RoundPlace, bool) {
    let is_full = i64::try_from(slice.len()).is_ok_and(|taken| taken >= slice_max);
    if let (true, Some(last)) = (is_full, slice.last()) {
        return (RoundPlace { subject_kind: place.subject_kind.clone(), after: last.clone() }, false);
    }
    let (next, has_ended) = match place.subject_kind.as_str() {
        INTENT => (VARIANT, false),
        VARIANT => (JOB, false),
        _ => (INTENT, true),
    };
    (RoundPlace { subject_kind: next.to_owned(), after: String::new() }, has_ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(subject_kind: &str, after: &str) -> RoundPlace {
        RoundPlace { subject_kind: subject_kind.to_owned(), after: after.to_owned() }
    }

    fn spell((place, has_ended): (RoundPlace, bool)) -> (String, String, bool) {
        (place.subject_kind, place.after, has_ended)
    }

    #[test]
    fn a_full_slice_is_followed_by_the_next_of_its_kind() {
        let slice = ["a".to_owned(), "b".to_owned()];
        let next = spell(after_slice(&place(INTENT, ""), &slice, 2));
        assert_eq!(next, ("intent".to_owned(), "b".to_owned(), false));
    }

    #[test]
    fn a_round_goes_from_intents_to_variants_to_jobs_and_begins_again() {
        let after = |kind| spell(after_slice(&place(kind, "x"), &[], 2));
        assert_eq!(after(INTENT), ("variant".to_owned(), String::new(), false));
        assert_eq!(after(VARIANT), ("job".to_owned(), String::new(), false));
        assert_eq!(after(JOB), ("intent".to_owned(), String::new(), true));
    }
}
