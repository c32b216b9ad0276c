use jsonwebtoken::{
    Algorithm, DecodingKey, TokenData, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};

use crate::support::{World, world};

async fn key_set(world: &World) -> JwkSet {
    world.get("/identity/.well-known/jwks.json").await.json().await.unwrap()
}

async fn token(world: &World, extra: Value) -> String {
    let mut body = json!({ "sub": "sita", "audience": "shop" });
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    let answer = world.post("/identity/token", body).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// What a careful service does with a token.
fn verify(world: &World, keys: &JwkSet, token: &str) -> jsonwebtoken::errors::Result<TokenData<Value>> {
    let kid = decode_header(token)?.kid.unwrap_or_default();
    let Some(key): Option<&Jwk> = keys.find(&kid) else { return Err(ErrorKind::InvalidToken.into()) };
    let mut validation = Validation::new(key.common.key_algorithm.unwrap().to_string().parse::<Algorithm>()?);
    validation.set_issuer(&[format!("{}/identity", world.sandbox.url())]);
    validation.set_audience(&["shop"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode(token, &DecodingKey::from_jwk(key)?, &validation)
}

#[tokio::test]
async fn tokens_verify_against_the_discovered_key_set() {
    let world = world().await;
    let discovery: Value =
        world.get("/identity/.well-known/openid-configuration").await.json().await.unwrap();
    assert_eq!(discovery["issuer"], world.at("/identity"));
    assert_eq!(discovery["jwks_uri"], world.at("/identity/.well-known/jwks.json"));
    let keys = key_set(&world).await;
    for algorithm in ["ES256", "RS256"] {
        let token =
            token(&world, json!({ "algorithm": algorithm, "role": "operator", "ttl_seconds": 60 })).await;
        let claims = verify(&world, &keys, &token).unwrap().claims;
        assert_eq!(claims["sub"], "sita");
        assert_eq!(claims["role"], "operator");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    }
}

#[tokio::test]
async fn every_hostile_token_is_refused_for_its_own_reason() {
    let world = world().await;
    let keys = key_set(&world).await;
    for (mode, expected) in [
        ("token_expired", ErrorKind::ExpiredSignature),
        ("token_wrong_issuer", ErrorKind::InvalidIssuer),
        ("token_wrong_audience", ErrorKind::InvalidAudience),
        ("token_foreign_key", ErrorKind::InvalidSignature),
        ("token_unknown_kid", ErrorKind::InvalidToken),
        ("token_hs256", ErrorKind::InvalidAlgorithm),
        ("token_without_subject", ErrorKind::MissingRequiredClaim("sub".to_owned())),
        ("token_without_expiry", ErrorKind::MissingRequiredClaim("exp".to_owned())),
    ] {
        let token = token(&world, json!({ "modes": [mode] })).await;
        let refused = verify(&world, &keys, &token).map(|token| token.claims).unwrap_err();
        assert_eq!(refused.kind(), &expected, "{mode}");
    }
    let unsigned = token(&world, json!({ "modes": ["token_unsigned"] })).await;
    assert!(unsigned.ends_with('.'));
    assert!(verify(&world, &keys, &unsigned).is_err());
}

#[tokio::test]
async fn a_rotation_signs_with_another_key_and_may_forget_the_old_one() {
    let world = world().await;
    let old = token(&world, json!({})).await;
    let kid = |token: &str| decode_header(token).unwrap().kid.unwrap();
    assert_eq!(world.post("/control/identity/rotate", json!({ "keep_previous": true })).await.status(), 200);
    let new = token(&world, json!({})).await;
    assert_ne!(kid(&old), kid(&new));
    let keys = key_set(&world).await;
    assert!(verify(&world, &keys, &old).is_ok() && verify(&world, &keys, &new).is_ok());
    world.post("/control/identity/rotate", json!({ "keep_previous": false })).await;
    let keys = key_set(&world).await;
    assert!(verify(&world, &keys, &new).is_err());
}

#[tokio::test]
async fn the_key_set_can_be_away_and_defaults_can_spoil_tokens() {
    let world = world().await;
    let keys = key_set(&world).await;
    world.put("/control/defaults", json!({ "modes": ["jwks_unavailable", "token_expired"] })).await;
    assert_eq!(world.get("/identity/.well-known/jwks.json").await.status(), 503);
    assert!(verify(&world, &keys, &token(&world, json!({})).await).is_err());
    assert!(verify(&world, &keys, &token(&world, json!({ "modes": [] })).await).is_ok());
}

#[tokio::test]
async fn senseless_token_requests_are_refused() {
    let world = world().await;
    for body in [
        json!({ "sub": "sita" }),
        json!({ "sub": "sita", "audience": "shop", "algorithm": "HS256" }),
        json!({ "sub": "sita", "audience": "shop", "modes": ["says_pending"] }),
        json!({ "sub": "sita", "audience": "shop", "password": "x" }),
    ] {
        assert_eq!(world.post("/identity/token", body.clone()).await.status(), 400, "{body}");
    }
}
