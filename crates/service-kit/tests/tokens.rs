//! Which bearer tokens are believed.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails by panicking"
)]

use actix_web::{HttpResponse, http::header, test, web};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp, jwk::Jwk};
use secrecy::SecretString;
use serde_json::{Value, json};
use service_kit::{
    auth::{AuthError, Operator, OperatorVerifier, Role, Shopper, TokenVerifier},
    health::Health,
    http::Code,
    server::{Surface, app},
    settings::{AuthSettings, TokenKeys},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ES256: &str = include_str!("keys/es256.pem");
const RS256: &str = include_str!("keys/rs256.pem");

fn settings(keys: TokenKeys) -> AuthSettings {
    AuthSettings { keys, issuer: "https://id.example".to_owned(), audience: "shop".to_owned() }
}

fn shared_secret() -> TokenVerifier {
    TokenVerifier::new(&settings(TokenKeys::SharedSecret(SecretString::from(SECRET)))).unwrap()
}

fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "sub": "shopper-1", "iss": "https://id.example", "aud": "shop", "exp": get_current_timestamp() + 60,
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn hs256(changes: Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims(changes), &key).unwrap()
}

fn signed(algorithm: Algorithm, key: &EncodingKey, key_id: &str) -> String {
    let header = Header { kid: Some(key_id.to_owned()), ..Header::new(algorithm) };
    encode(&header, &claims(json!({})), key).unwrap()
}

fn keys() -> (EncodingKey, EncodingKey) {
    (
        EncodingKey::from_ec_pem(ES256.as_bytes()).unwrap(),
        EncodingKey::from_rsa_pem(RS256.as_bytes()).unwrap(),
    )
}

/// A verifier whose issuer publishes an ES256 key `ec` and an RS256 key `rsa`.
fn with_published_keys() -> TokenVerifier {
    let (ec, rsa) = keys();
    let published =
        [(&ec, Algorithm::ES256, "ec"), (&rsa, Algorithm::RS256, "rsa")].map(|(key, algorithm, key_id)| {
            let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
            jwk.common.key_id = Some(key_id.to_owned());
            jwk
        });
    let document = json!({ "keys": published });
    let server = actix_web::HttpServer::new(move || {
        let document = document.clone();
        actix_web::App::new().default_service(web::to(move || {
            let document = document.clone();
            async move { HttpResponse::Ok().json(document) }
        }))
    });
    let server = server.workers(1).bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", server.addrs()[0]).parse().unwrap();
    tokio::spawn(server.run());
    TokenVerifier::new(&settings(TokenKeys::Jwks(url))).unwrap()
}

async fn refusal(verifier: &TokenVerifier, token: &str) -> String {
    match verifier.verify(token).await {
        Err(AuthError::Invalid(reason)) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[actix_web::test]
async fn a_token_with_everything_right_names_its_user() {
    let claims = shared_secret().verify(&hs256(json!({"role": "viewer"}))).await.unwrap();
    assert_eq!((claims.sub.as_str(), claims.role.as_deref()), ("shopper-1", Some("viewer")));
    assert!(shared_secret().verify(&hs256(json!({"aud": ["other", "shop"]}))).await.is_ok());
    assert!(shared_secret().verify(&hs256(json!({"sub": "ग्राहक".repeat(42)}))).await.is_ok());
}

#[actix_web::test]
async fn a_token_says_when_it_ends_also_in_fractions_of_a_second() {
    let end = get_current_timestamp() + 60;
    for exp in [json!(end), json!(format!("{end}.75").parse::<f64>().unwrap())] {
        let claims = shared_secret().verify(&hs256(json!({ "exp": exp }))).await.unwrap();
        assert_eq!(u64::try_from(claims.ends_at_seconds).unwrap(), end);
    }
    assert!(refusal(&shared_secret(), &hs256(json!({ "exp": 1e300 }))).await.contains("exp"));
}

#[actix_web::test]
async fn whatever_is_wrong_or_missing_is_refused() {
    let verifier = shared_secret();
    let now = get_current_timestamp();
    for changes in [
        json!({"exp": now - 10}),
        json!({"exp": null}),
        json!({"exp": "tomorrow"}),
        json!({"nbf": now + 60}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": null}),
        json!({"aud": "console"}),
        json!({"aud": null}),
        json!({"sub": null}),
        json!({"sub": ""}),
        json!({"sub": "x".repeat(256)}),
        json!({"sub": 7}),
        json!({"sub": "a\0b"}),
    ] {
        refusal(&verifier, &hs256(changes)).await;
    }
    for garbage in ["", "a.b.c", "....", &"x".repeat(9000)] {
        refusal(&verifier, garbage).await;
    }
}

#[actix_web::test]
async fn a_token_signed_with_another_secret_or_not_at_all_is_refused() {
    let verifier = shared_secret();
    let foreign = EncodingKey::from_secret(b"another secret of thirty-two bytes");
    refusal(&verifier, &encode(&Header::default(), &claims(json!({})), &foreign).unwrap()).await;
    let good = hs256(json!({}));
    let body = good.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"}
    let unsigned_header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    refusal(&verifier, &format!("{unsigned_header}.{body}.")).await;
    refusal(&verifier, &format!("{unsigned_header}.{body}.{}", good.split('.').nth(2).unwrap())).await;
    refusal(&verifier, good.rsplit_once('.').unwrap().0).await;
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    refusal(&verifier, &encode(&Header::new(Algorithm::HS384), &claims(json!({})), &key).unwrap()).await;
}

#[actix_web::test]
async fn published_keys_verify_es256_and_rs256() {
    let verifier = with_published_keys();
    let (ec, rsa) = keys();
    assert!(verifier.verify(&signed(Algorithm::ES256, &ec, "ec")).await.is_ok());
    assert!(verifier.verify(&signed(Algorithm::RS256, &rsa, "rsa")).await.is_ok());
}

#[actix_web::test]
async fn a_key_is_good_for_its_own_algorithm_only() {
    let verifier = with_published_keys();
    let (ec, rsa) = keys();
    refusal(&verifier, &signed(Algorithm::ES256, &ec, "rsa")).await;
    refusal(&verifier, &signed(Algorithm::RS512, &rsa, "rsa")).await;
    refusal(&verifier, &signed(Algorithm::ES256, &ec, "unknown")).await;
    let nameless = encode(&Header::new(Algorithm::ES256), &claims(json!({})), &ec).unwrap();
    refusal(&verifier, &nameless).await;
}

#[actix_web::test]
async fn a_public_key_is_not_taken_for_a_shared_secret() {
    let verifier = with_published_keys();
    let (_, rsa) = keys();
    let public = serde_json::to_vec(&Jwk::from_encoding_key(&rsa, Algorithm::RS256).unwrap()).unwrap();
    refusal(&verifier, &signed(Algorithm::HS256, &EncodingKey::from_secret(&public), "rsa")).await;
    refusal(&verifier, &signed(Algorithm::HS256, &EncodingKey::from_secret(&public), "ec")).await;
}

#[actix_web::test]
async fn an_issuer_that_cannot_be_reached_is_not_the_callers_fault() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", taken.local_addr().unwrap()).parse().unwrap();
    drop(taken);
    let verifier = TokenVerifier::new(&settings(TokenKeys::Jwks(url))).unwrap();
    let (ec, _) = keys();
    let outcome = verifier.verify(&signed(Algorithm::ES256, &ec, "ec")).await;
    assert!(matches!(outcome, Err(AuthError::KeysUnavailable(_))), "{outcome:?}");
}

fn surface() -> Surface {
    let shoppers = web::Data::new(shared_secret());
    let operators = AuthSettings {
        audience: "console".to_owned(),
        ..settings(TokenKeys::SharedSecret(SecretString::from(SECRET)))
    };
    let operators = web::Data::new(OperatorVerifier::new(&operators).unwrap());
    Surface::new(Health::new()).routes(move |routes| {
        routes
            .app_data(shoppers.clone())
            .app_data(operators.clone())
            .service(web::resource("/me").route(web::get().to(async |shopper: Shopper| shopper.user_id)))
            .service(web::resource("/change").route(
                web::post().to(async |operator: Operator| operator.require_changes().map(|()| operator.name)),
            ));
    })
}

async fn ask(request: test::TestRequest, authorization: &[&str]) -> (u16, String, Value) {
    let app = test::init_service(app(&surface())).await;
    let request = authorization
        .iter()
        .fold(request, |request, value| request.append_header((header::AUTHORIZATION, *value)));
    let response = test::call_service(&app, request.to_request()).await;
    let challenge =
        response.headers().get(header::WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap());
    let (status, challenge) = (response.status().as_u16(), challenge.to_owned());
    let body = test::read_body(response).await;
    let text = String::from_utf8(body.to_vec()).unwrap();
    (status, challenge, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[actix_web::test]
async fn a_request_without_a_good_token_is_challenged() {
    let me = || test::TestRequest::get().uri("/me");
    let good = format!("bearer {}", hs256(json!({})));
    assert_eq!(ask(me(), &[&good]).await, (200, String::new(), Value::String("shopper-1".to_owned())));
    for authorization in [&[][..], &["Basic eDp5"], &["Bearer"], &[&good, &good]] {
        let (status, challenge, body) = ask(me(), authorization).await;
        assert_eq!((status, challenge.as_str()), (401, "Bearer"), "{authorization:?}");
        assert_eq!(body["code"], Code::Unauthenticated.as_str());
    }
    let (status, challenge, _) = ask(me(), &[&format!("Bearer {}", hs256(json!({"aud": "console"})))]).await;
    assert_eq!((status, challenge.as_str()), (401, r#"Bearer error="invalid_token""#));
}

#[actix_web::test]
async fn operators_need_their_own_audience_and_a_role() {
    let change = async |changes: Value| {
        let token = format!("Bearer {}", hs256(changes));
        ask(test::TestRequest::post().uri("/change"), &[&token]).await.0
    };
    assert_eq!(change(json!({"aud": "console", "role": "operator"})).await, 200);
    assert_eq!(change(json!({"aud": "console", "role": "viewer"})).await, 403);
    assert_eq!(change(json!({"aud": "console", "role": "root"})).await, 403);
    assert_eq!(change(json!({"aud": "console"})).await, 403);
    assert_eq!(change(json!({"aud": "shop", "role": "operator"})).await, 401);
    let verifier =
        OperatorVerifier::new(&settings(TokenKeys::SharedSecret(SecretString::from(SECRET)))).unwrap();
    assert_eq!(verifier.verify(&hs256(json!({"role": "operator"}))).await.unwrap().role, Role::Operator);
}
