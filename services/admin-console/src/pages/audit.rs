//! Who did what, when and why.

use std::collections::BTreeSet;

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig, get, resource},
};
use askama::Template;
use domain::audit::{self, Entry, Filter, Page};
use serde::Deserialize;
use serde_json::{Value, json};
use service_kit::http::{Problem, Query};
use url::form_urlencoded::Serializer;

use crate::{
    app::State,
    door::Session,
    problems,
    view::{Frame, Moment, Section, html},
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/audit").route(get().to(show)))
        .service(resource("/api/audit").route(get().to(tell)));
}

/// What is asked for; an empty field of the form asks for nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    operator: String,
    action: String,
    subject: String,
    before: Option<i64>,
}

impl Asked {
    fn filter(&self) -> Filter<'_> {
        let given = |text: &'_ str| !text.trim().is_empty();
        Filter {
            operator: Some(self.operator.trim()).filter(|text| given(text)),
            action: Some(self.action.trim()).filter(|text| given(text)),
            subject: Some(self.subject.trim()).filter(|text| given(text)),
            before_id: self.before,
        }
    }

    /// The address of the page after this one.
    fn older(&self, before_id: i64) -> String {
        let filter = self.filter();
        let mut query = Serializer::new(String::new());
        for (name, value) in
            [("operator", filter.operator), ("action", filter.action), ("subject", filter.subject)]
        {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.append_pair("before", &before_id.to_string());
        format!("/admin/audit?{}", query.finish())
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage<'a> {
    frame: Frame,
    asked: &'a Asked,
    rows: Vec<Row>,
    older: Option<String>,
}

struct Row {
    id: i64,
    at: Moment,
    operator: String,
    action: String,
    subject: String,
    /// The page of what was changed, if there is one.
    subject_path: Option<String>,
    reason: String,
    changes: Vec<Change>,
}

/// A part of the state that the action changed.
#[derive(Debug, PartialEq, Eq)]
struct Change {
    name: String,
    before: String,
    after: String,
}

async fn show(
    session: Session,
    state: Data<State>,
    Query(asked): Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let page = look(&state, &asked).await?;
    let older = page.older_than.map(|id| asked.older(id));
    let rows = page.entries.into_iter().map(row).collect();
    html(StatusCode::OK, &AuditPage { frame: session.frame(Section::Audit), asked: &asked, rows, older })
}

async fn tell(
    _session: Session,
    state: Data<State>,
    Query(asked): Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let Page { entries, older_than } = look(&state, &asked).await?;
    let entries: Vec<Value> = entries.iter().map(as_json).collect();
    Ok(HttpResponse::Ok().json(json!({ "entries": entries, "before": older_than })))
}

async fn look(state: &State, asked: &Asked) -> Result<Page, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    audit::list(&mut connection, asked.filter()).await.map_err(problems::database)
}

fn as_json(entry: &Entry) -> Value {
    let Entry { id, operator, action, subject, reason, before, after, created_at } = entry;
    json!({ "id": id, "operator": operator, "action": action, "subject": subject, "reason": reason,
            "before": before, "after": after, "created_at": created_at })
}

fn row(entry: Entry) -> Row {
    Row {
        id: entry.id,
        at: Moment(entry.created_at),
        operator: entry.operator,
        action: entry.action.replace('_', " "),
        subject_path: path_of(&entry.subject),
        subject: entry.subject,
        reason: entry.reason,
        changes: changes(entry.before.as_ref(), entry.after.as_ref()),
    }
}

fn path_of(subject: &str) -> Option<String> {
    let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if subject.starts_with("pi_") && is_word(subject) {
        return Some(format!("/admin/payments/{subject}"));
    }
    let job = subject.strip_prefix("job ")?;
    job.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("/admin/jobs/{job}"))
}

/// What differs between two states, part by part; what is the same is left out.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let parts = |state: Option<&Value>| match state {
        Some(Value::Object(parts)) => parts.clone(),
        Some(Value::Null) | None => serde_json::Map::new(),
        Some(other) => serde_json::Map::from_iter([(String::new(), other.clone())]),
    };
    let (before, after) = (parts(before), parts(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    differing
        .map(|name| Change {
            name: name.replace('_', " "),
            before: text(before.get(name)),
            after: text(after.get(name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_shown() {
        let before = json!({ "status": "failed", "attempts": 20, "job_type": "refund_payment" });
        let after = json!({ "status": "pending", "attempts": 0, "job_type": "refund_payment", "note": null });
        let change = |name: &str, before: &str, after: &str| Change {
            name: name.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        assert_eq!(
            changes(Some(&before), Some(&after)),
            [change("attempts", "20", "0"), change("note", "–", "–"), change("status", "failed", "pending")]
        );
        assert_eq!(changes(None, Some(&json!({ "id": 1 }))), [change("id", "–", "1")]);
    }

    #[test]
    fn subjects_lead_to_their_pages_and_nowhere_else() {
        assert_eq!(path_of("job 12").as_deref(), Some("/admin/jobs/12"));
        assert_eq!(path_of("pi_esewa_0a").as_deref(), Some("/admin/payments/pi_esewa_0a"));
        for nowhere in ["grant 3", "job ../x", "pi_/../x", "12 jobs of verify_payment"] {
            assert_eq!(path_of(nowhere), None, "{nowhere}");
        }
    }
}
