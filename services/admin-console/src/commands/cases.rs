use domain::{
    Connection,
    money::rupees_from_paisa,
    review::{CASES_PER_PAGE_MAX, CaseState, ListCases, ListedCase, list_cases},
};
use serde_json::{Value, json};

use super::text::time;

/// Pages that one command prints at most; whoever has more open cases than that needs them in a file.
const PAGES_MAX: usize = 500;

/// Prints cases, oldest first: one line a case, or one JSON object a line.
pub(super) async fn show(connection: &mut Connection, all: bool, json: bool) -> anyhow::Result<()> {
    let state = if all { None } else { Some(CaseState::Open) };
    let mut page = ListCases::first(state, CASES_PER_PAGE_MAX);
    for _ in 0..PAGES_MAX {
        let cases = list_cases(connection, page).await?;
        for case in &cases {
            println!("{}", if json { as_json(case).to_string() } else { in_words(case) });
        }
        match cases.last() {
            Some(last) => page.after_id = last.id,
            None => break,
        }
    }
    if page.after_id == 0 && !json {
        println!("no {}cases", if all { "" } else { "open " });
    }
    Ok(())
}

fn in_words(case: &ListedCase) -> String {
    let end = match (&case.resolution, &case.resolved_by) {
        (Some(resolution), Some(resolved_by)) => format!("{resolution} by {resolved_by}"),
        _ => "open".to_owned(),
    };
    format!(
        "{}  {}  {:<18}  Rs. {} ({} refunded), intent {}: {end}",
        time(case.created_at),
        case.payment_intent_id,
        case.kind,
        rupees_from_paisa(case.amount_minor),
        rupees_from_paisa(case.refunded_minor),
        case.intent_status,
    )
}

fn as_json(case: &ListedCase) -> Value {
    json!({
        "id": case.id, "payment_intent_id": case.payment_intent_id, "kind": case.kind, "status": case.status,
        "resolution": case.resolution, "resolved_by": case.resolved_by, "intent_status": case.intent_status,
        "amount_minor": case.amount_minor, "refunded_minor": case.refunded_minor, "created_at": case.created_at,
        "resolved_at": case.resolved_at,
    })
}
