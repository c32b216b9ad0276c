//! Who was let in without an identity provider. Grants are made on the server only; here they are seen and ended.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, Path, ServiceConfig, get, post, resource},
};
use askama::Template;
use domain::grants::{self, GrantError, ListedGrant, Revoked};
use serde::Deserialize;
use serde_json::{Value, json};
use service_kit::http::{Code, FieldError, Json, Problem};

use crate::{
    app::State,
    door::{Form, Session},
    problems,
    view::{Frame, Moment, Section, done, html},
};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/grants").route(get().to(show)))
        .service(resource("/grants/{id}/revoke").route(post().to(revoke)))
        .service(resource("/api/grants").route(get().to(tell)))
        .service(resource("/api/grants/{id}/revoke").route(post().to(revoke_for_program)));
}

#[derive(Template)]
#[template(path = "grants.html")]
struct GrantsPage {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: i64,
    operator: String,
    role: String,
    granted_by: String,
    made: Moment,
    ends: Moment,
    revoked: Option<(Moment, String)>,
    is_valid: bool,
    /// Where it is ended.
    revoke_path: String,
}

impl From<ListedGrant> for Row {
    fn from(grant: ListedGrant) -> Self {
        Self {
            id: grant.id,
            operator: grant.operator,
            role: grant.role,
            granted_by: grant.granted_by,
            made: Moment(grant.created_at),
            ends: Moment(grant.expires_at),
            revoked: grant.revoked_at.map(Moment).zip(grant.revoked_by),
            is_valid: grant.is_valid,
            revoke_path: format!("/admin/grants/{}/revoke", grant.id),
        }
    }
}

async fn show(session: Session, state: Data<State>) -> Result<HttpResponse, Problem> {
    let rows = list(&state).await?.into_iter().map(Row::from).collect();
    html(StatusCode::OK, &GrantsPage { frame: session.frame(Section::Audit), rows })
}

async fn tell(_session: Session, state: Data<State>) -> Result<HttpResponse, Problem> {
    let listed = list(&state).await?;
    let grants: Vec<Value> = listed.iter().map(as_json).collect();
    Ok(HttpResponse::Ok().json(json!({ "grants": grants })))
}

async fn list(state: &State) -> Result<Vec<ListedGrant>, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    grants::list(&mut connection).await.map_err(problems::database)
}

/// What every action asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn revoke(
    session: Session,
    state: Data<State>,
    id: Path<i64>,
    Form(why): Form<Why>,
) -> Result<HttpResponse, Problem> {
    let Revoked { grant, is_repetition } = end(&state, &session, *id, &why).await?;
    let notice = match is_repetition {
        true => format!("Grant {} had been revoked before; nothing was changed.", grant.id),
        false => format!("Grant {} of {} is revoked.", grant.id, grant.operator),
    };
    done("/admin/grants", &notice)
}

async fn revoke_for_program(
    session: Session,
    state: Data<State>,
    id: Path<i64>,
    Json(why): Json<Why>,
) -> Result<HttpResponse, Problem> {
    let Revoked { grant, is_repetition } = end(&state, &session, *id, &why).await?;
    Ok(HttpResponse::Ok().json(json!({ "grant": as_json(&grant), "is_repetition": is_repetition })))
}

async fn end(state: &State, session: &Session, id: i64, why: &Why) -> Result<Revoked, Problem> {
    let mut connection = state.pool.connection().await.map_err(problems::database)?;
    let revoked = grants::revoke(&mut connection, id, &session.operator.name, &why.reason).await;
    revoked.map_err(|error| match error {
        GrantError::Unknown(_) => Problem::new(Code::NotFound, format!("There is no grant {id}.")),
        GrantError::Lifetime | GrantError::Unusable(_) => {
            Problem::validation(vec![FieldError::new("reason", error.to_string())])
        }
        GrantError::Schema(error) => problems::database(error),
    })
}

fn as_json(grant: &ListedGrant) -> Value {
    json!({
        "id": grant.id, "operator": grant.operator, "role": grant.role, "granted_by": grant.granted_by,
        "created_at": grant.created_at, "expires_at": grant.expires_at, "revoked_at": grant.revoked_at,
        "revoked_by": grant.revoked_by, "is_valid": grant.is_valid,
    })
}
