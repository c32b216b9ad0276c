use actix_web::{App, HttpResponse, HttpServer, web};
use jsonwebtoken::{EncodingKey, jwk::Jwk};
use serde_json::{Value, json};

use super::*;

const ES256: &str = include_str!("../../../tests/keys/es256.pem");
const NEVER: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(10);

/// An issuer whose key set can be changed, or taken away.
#[derive(Default)]
struct Issuer {
    document: std::sync::Mutex<Option<Value>>,
    asked: std::sync::atomic::AtomicUsize,
}

impl Issuer {
    fn publish(&self, key_ids: &[&str]) {
        let keys: Vec<Value> = key_ids.iter().map(|key_id| jwk(key_id)).collect();
        *self.document.lock().unwrap() = Some(json!({ "keys": keys }));
    }

    fn go_away(&self) {
        *self.document.lock().unwrap() = None;
    }

    fn times_asked(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

fn jwk(key_id: &str) -> Value {
    let key = EncodingKey::from_ec_pem(ES256.as_bytes()).unwrap();
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    jwk.common.key_id = Some(key_id.to_owned());
    serde_json::to_value(jwk).unwrap()
}

fn serve(refresh_after: Duration, ask_again_after: Duration) -> (Arc<Jwks>, web::Data<Issuer>) {
    let issuer = web::Data::new(Issuer::default());
    let state = issuer.clone();
    let server = HttpServer::new(move || {
        App::new().app_data(state.clone()).default_service(web::to(async |issuer: web::Data<Issuer>| {
            issuer.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match issuer.document.lock().unwrap().clone() {
                Some(document) => HttpResponse::Ok().json(document),
                None => HttpResponse::BadGateway().finish(),
            }
        }))
    })
    .workers(1)
    .bind("127.0.0.1:0")
    .unwrap();
    let url = format!("http://{}/keys", server.addrs()[0]).parse().unwrap();
    tokio::spawn(server.run());
    let jwks = Jwks { refresh_after, ask_again_after, ..Jwks::new(url).unwrap() };
    (Arc::new(jwks), issuer)
}

#[actix_web::test]
async fn invented_key_ids_do_not_hammer_the_issuer() {
    let (jwks, issuer) = serve(NEVER, NEVER);
    issuer.publish(&["a"]);
    assert!(jwks.key(Some("a")).await.is_ok());
    for invented in ["x", "y", "z"] {
        assert!(matches!(jwks.key(Some(invented)).await, Err(KeyError::Unknown)));
    }
    assert_eq!(issuer.times_asked(), 1);
}

#[actix_web::test]
async fn a_new_key_is_found_by_asking_again() {
    let (jwks, issuer) = serve(NEVER, Duration::ZERO);
    issuer.publish(&["a"]);
    assert!(jwks.key(Some("a")).await.is_ok());
    issuer.publish(&["a", "b"]);
    assert!(jwks.key(Some("b")).await.is_ok());
    assert_eq!(issuer.times_asked(), 2);
}

#[actix_web::test]
async fn requests_that_come_together_ask_once() {
    let (jwks, issuer) = serve(NEVER, NEVER);
    issuer.publish(&["a"]);
    let found = futures_util::future::join_all((0..20).map(|_| jwks.key(Some("a")))).await;
    assert!(found.iter().all(Result::is_ok));
    assert_eq!(issuer.times_asked(), 1);
}

#[actix_web::test]
async fn old_keys_stay_good_while_the_issuer_is_away() {
    let (jwks, issuer) = serve(Duration::ZERO, Duration::ZERO);
    issuer.publish(&["a"]);
    assert!(jwks.key(Some("a")).await.is_ok());
    issuer.go_away();
    let asked_in_vain = async {
        while issuer.times_asked() < 3 {
            assert!(jwks.key(Some("a")).await.is_ok());
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked_in_vain).await.expect("the issuer is asked");
}

#[actix_web::test]
async fn a_withdrawn_key_is_forgotten_after_the_next_refresh() {
    let (jwks, issuer) = serve(Duration::ZERO, Duration::ZERO);
    issuer.publish(&["a", "b"]);
    assert!(jwks.key(Some("a")).await.is_ok());
    issuer.publish(&["b"]);
    let forgotten = async {
        while jwks.key(Some("a")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.expect("the key is forgotten");
    assert!(jwks.key(Some("b")).await.is_ok());
}

#[actix_web::test]
async fn without_any_key_the_question_stays_open() {
    let (jwks, issuer) = serve(NEVER, Duration::ZERO);
    issuer.go_away();
    assert!(matches!(jwks.key(Some("a")).await, Err(KeyError::Unavailable(_))));
    issuer.publish(&["a"]);
    assert!(jwks.key(Some("a")).await.is_ok());
}

#[actix_web::test]
async fn keys_for_other_uses_and_kinds_are_passed_over() {
    let mut encryption = jwk("encryption");
    encryption["use"] = "enc".into();
    let mut mislabelled = jwk("mislabelled");
    mislabelled["alg"] = "ES384".into();
    let set = json!({"keys": [
        encryption,
        mislabelled,
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "future", "kid": "unheard-of"},
        "not even an object",
        jwk("good"),
    ]});
    let keys = parse(set.to_string().as_bytes()).unwrap();
    assert_eq!(keys.iter().map(|(id, _)| id.as_deref()).collect::<Vec<_>>(), [Some("good")]);
    for useless in ["[]", "{}", r#"{"keys":[]}"#, "<html>"] {
        assert!(parse(useless.as_bytes()).is_err());
    }
}
