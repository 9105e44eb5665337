mod callers;

use super::*;
use crate::testing::Server;
use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, StatusCode};
use oms_domain::Role;
use oms_runtime::config;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::LazyLock;
use tower::ServiceExt;

/// An issuer of tokens, with a key of its own.
pub(crate) struct Issuer {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

pub(crate) static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::new);

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { key: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(), random }
    }

    fn jwk(&self) -> Value {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "kid": "test", "alg": "ES256", "use": "sig",
               "x": encode(x), "y": encode(y)})
    }

    pub(crate) fn jwks(&self) -> String {
        json!({ "keys": [self.jwk()] }).to_string()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.key.sign(&self.random, message.as_bytes()).unwrap();
        format!("{message}.{}", encode(signature))
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "ES256", "kid": "test", "typ": "JWT"}), claims)
    }
}

fn now() -> i64 {
    oms_runtime::clock::now().as_second()
}

/// The claims of a good token, with changes; null takes a claim away.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.example", "aud": "shop", "sub": "u-1", "exp": now() + 600, "iat": now(),
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn verifier(jwks: &str) -> Result<Verifier, config::ConfigError> {
    let settings =
        [("AUTH_ISSUER", "https://issuer.example"), ("AUTH_AUDIENCE", "shop"), ("AUTH_JWKS", jwks)];
    Verifier::from_config(&crate::testing::config(&settings).unwrap())
}

async fn verify(token: &str) -> Result<Caller, AuthError> {
    verifier(&ISSUER.jwks()).unwrap().verify(token).await
}

async fn refusal(token: &str) -> &'static str {
    match verify(token).await {
        Err(AuthError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

async fn role(changes: Value) -> Role {
    verify(&ISSUER.token(&claims(changes))).await.unwrap().role
}

#[tokio::test]
async fn a_good_token_tells_who_calls() {
    let token = ISSUER.token(&claims(json!({
        "aud": ["other", "shop"], "cognito:username": "ada", "preferred_username": "no",
        "email": "ada@example.com", "given_name": "Ada", "family_name": "Lovelace",
    })));
    let caller = verify(&token).await.unwrap();
    assert_eq!((caller.user.id.0.as_str(), caller.user.username.as_str()), ("u-1", "ada"));
    assert_eq!(caller.user.email, "ada@example.com");
    assert_eq!((caller.user.first_name.as_str(), caller.user.last_name.as_str()), ("Ada", "Lovelace"));
    assert_eq!(caller.role, Role::Customer);
    let plain = verify(&ISSUER.token(&claims(json!({})))).await.unwrap();
    assert_eq!(plain.user.username, "u-1");
    let preferred = claims(json!({"preferred_username": "bob", "cognito:username": ""}));
    assert_eq!(verify(&ISSUER.token(&preferred)).await.unwrap().user.username, "bob");
}

#[tokio::test]
async fn groups_come_as_lists_and_as_texts_under_two_names() {
    assert_eq!(role(json!({"cognito:groups": ["staff"]})).await, Role::Staff);
    assert_eq!(role(json!({"groups": ["vendor", "x"]})).await, Role::Vendor);
    assert_eq!(role(json!({"groups": "vendor, staff"})).await, Role::Staff);
    assert_eq!(role(json!({"cognito:groups": "[admin staff]"})).await, Role::Admin);
    assert_eq!(role(json!({"cognito:groups": ["x"], "groups": "admin"})).await, Role::Admin);
    assert_eq!(role(json!({"groups": "administrators"})).await, Role::Customer);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let near = LEEWAY_SECONDS as i64 - 10;
    let far = LEEWAY_SECONDS as i64 + 10;
    for good in [json!({"exp": now() - near}), json!({"nbf": now() + near}), json!({"iat": now() + near})] {
        assert!(verify(&ISSUER.token(&claims(good.clone()))).await.is_ok(), "{good}");
    }
    for (bad, reason) in [
        (json!({"exp": now() - far}), "expired"),
        (json!({"nbf": now() + far}), "not valid yet"),
        (json!({"iat": now() + far}), "issued in the future"),
    ] {
        assert_eq!(refusal(&ISSUER.token(&claims(bad))).await, reason);
    }
}

#[tokio::test]
async fn foreign_and_incomplete_tokens_are_refused() {
    for (bad, reason) in [
        (json!({"iss": "https://evil.example"}), "wrong issuer"),
        (json!({"aud": "bakery"}), "wrong audience"),
        (json!({"aud": null}), "malformed or incomplete"),
        (json!({"iss": null}), "malformed or incomplete"),
        (json!({"exp": null}), "malformed or incomplete"),
        (json!({"sub": null}), "malformed or incomplete"),
        (json!({"sub": ""}), "no usable subject"),
        (json!({"sub": "x".repeat(256)}), "no usable subject"),
    ] {
        assert_eq!(refusal(&ISSUER.token(&claims(bad.clone()))).await, reason, "{bad}");
    }
}

#[tokio::test]
async fn cognitos_id_tokens_are_known_by_aud_and_its_access_tokens_by_client_id() {
    let accepted = |changes: Value| async move { verify(&ISSUER.token(&claims(changes))).await.is_ok() };
    assert!(accepted(json!({"token_use": "id"})).await);
    assert!(accepted(json!({"token_use": "access", "client_id": "shop", "aud": null})).await);
    // The `aud` of an access token is what it gives access to.
    let resource = json!({"token_use": "access", "client_id": "shop", "aud": "https://other.example"});
    assert!(accepted(resource).await);
    for (bad, reason) in [
        (json!({"token_use": "access"}), "malformed or incomplete"),
        (json!({"token_use": "access", "client_id": "bakery"}), "wrong audience"),
        (json!({"token_use": "id", "client_id": "shop", "aud": null}), "malformed or incomplete"),
        (json!({"token_use": "id", "client_id": "shop", "aud": "bakery"}), "wrong audience"),
        (json!({"client_id": "shop", "aud": null}), "malformed or incomplete"),
        (json!({"token_use": "refresh", "client_id": "shop"}), "made for another use"),
        (json!({"token_use": ""}), "made for another use"),
        (json!({"token_use": 1}), "malformed or incomplete"),
    ] {
        assert_eq!(refusal(&ISSUER.token(&claims(bad.clone()))).await, reason, "{bad}");
    }
}

#[tokio::test]
async fn algorithms_that_prove_nothing_are_refused() {
    let claims = claims(json!({}));
    let unsigned = |header: Value| format!("{}.{}.", encode(header.to_string()), encode(claims.to_string()));
    assert_eq!(refusal(&unsigned(json!({"alg": "none", "kid": "test"}))).await, "malformed");

    // The public key taken for an HMAC secret: the classic confusion.
    let message = unsigned(json!({"alg": "HS256", "kid": "test"}));
    let message = message.trim_end_matches('.');
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, ISSUER.key.public_key().as_ref());
    let signature = ring::hmac::sign(&secret, message.as_bytes());
    assert_eq!(refusal(&format!("{message}.{}", encode(signature))).await, "wrong algorithm");

    for algorithm in ["RS256", "ES384", "PS256"] {
        let token = ISSUER.sign(&json!({"alg": algorithm, "kid": "test"}), &claims);
        assert_eq!(refusal(&token).await, "wrong algorithm", "{algorithm}");
    }
}

#[tokio::test]
async fn tampered_and_misshapen_tokens_are_refused() {
    let good = ISSUER.token(&claims(json!({})));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let admin = encode(claims(json!({"groups": "admin"})).to_string());
    assert_eq!(refusal(&format!("{header}.{admin}.{signature}")).await, "bad signature");
    let stranger = Issuer::new().token(&claims(json!({})));
    assert_eq!(refusal(&stranger).await, "bad signature");
    for bad in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", message, &"x".repeat(20_000)] {
        assert!(matches!(verify(bad).await, Err(AuthError::Refused(_))), "{bad}");
    }
}

#[tokio::test]
async fn the_key_is_chosen_by_its_id() {
    let sign = |header: Value| ISSUER.sign(&header, &claims(json!({})));
    assert!(verify(&sign(json!({"alg": "ES256"}))).await.is_ok());
    assert_eq!(refusal(&sign(json!({"alg": "ES256", "kid": "other"}))).await, "unknown key");
    let mut second = ISSUER.jwk();
    second["kid"] = json!("second");
    let two = verifier(&json!({"keys": [ISSUER.jwk(), second]}).to_string()).unwrap();
    assert!(two.verify(&sign(json!({"alg": "ES256"}))).await.is_err());
    assert!(two.verify(&sign(json!({"alg": "ES256", "kid": "second"}))).await.is_ok());
}

#[tokio::test]
async fn a_token_is_remembered_until_it_expires_and_no_longer() {
    let verifier = verifier(&ISSUER.jwks()).unwrap();
    let token = ISSUER.token(&claims(json!({})));
    let first = verifier.verify(&token).await.unwrap();
    assert_eq!(verifier.verify(&token).await.unwrap(), first);
    // Within the leeway: good, but checked each time.
    let late = ISSUER.token(&claims(json!({"exp": now() - 5})));
    assert!(verifier.verify(&late).await.is_ok() && verifier.verify(&late).await.is_ok());
    assert!(verifier.verify(&format!("{token}x")).await.is_err());
}

#[test]
fn a_key_set_of_no_use_is_refused_at_start() {
    for bad in ["{}", "no json", r#"{"keys": []}"#, r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#] {
        let problem = verifier(bad).err().unwrap().to_string();
        assert!(problem.contains("AUTH_JWKS makes no sense"), "{problem}");
    }
    let encryption = ISSUER.jwks().replace("\"sig\"", "\"enc\"");
    assert!(verifier(&encryption).is_err());
    let other_algorithm = ISSUER.jwks().replace("ES256", "ES384");
    assert!(verifier(&other_algorithm).is_err());
}

/// Made with OpenSSL, which threw the private key away: ring makes no RSA keys. Good until 2100.
#[tokio::test]
async fn rs256_is_checked_as_others_sign_it() {
    const MODULUS: &str = "1Ss44Nie1pEr2B63tPDokCodwstxSd9kaxDe7FEZaBbpjX24L--yaCd54-eFrzBxpauVE7aUJ4Srmds39NW8KlvK\
        ElptJMKgd1B99v_9Y4EDL0zzWgBS1zmn83vA6vMKdp4O2hlLrYPMrmVpY_uY-qnJjrN0tfYjQDVuIVOcKkrqqoB_\
        yPD2ngiS_Cta6-7OnzeG52IKziSXdcTIpHv461ClY7H_lAXJnJn1VoeCHvY8oYeXfmhAT79GxP_Rh7YxhnmqyICJ\
        CLxfH8f9rxjc0-piSprtf7fJHHFHfCjzHbOUcUcDygSZRfnuioEvNzgUObhjR6laP0wiYHHQI2_VhQ";
    const MESSAGE: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInJzYSJ9.eyJpc3MiOiAiaHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZSIsICJ\
        hdWQiOiAic2hvcCIsICJzdWIiOiAidS0xIiwgImV4cCI6IDQxMDI0NDQ4MDB9";
    const SIGNATURE: &str = "0VqA9tTAmlAL0ubPi_wf3B3op-uhCgcpbXKKJlon0m2dUbC8A3oLfpsZwedharwyd4oATAIZncaG5FT0hG12-N3l\
        ozd7aXWAJKlKSD_Hj7EF_ACjRtp_f8U55t-mEVLPoB3nGhv5MoDSVRKvXYhngfkgek-1jCK2SARdCTB5eS81Kmys\
        wsSfsfBI3C5jaa3zmjb8SPGY7buMkfya2Ttii5itr0c6bGevkrM-YsQgo6_sYxvZYEDxEiXBrJjP9VXyV06p7Zco\
        64Lr1B_z9z-1lMRTLs5SKcTnHKml0EkFfOMBOB_YG237VOEDroOxsHngLcuVpGSobCGSYBMGTGnAEQ";
    let key = json!({"kty": "RSA", "kid": "rsa", "alg": "RS256", "n": MODULUS, "e": "AQAB"});
    let verifier = verifier(&json!({"keys": [ISSUER.jwk(), key]}).to_string()).unwrap();
    let token = format!("{MESSAGE}.{SIGNATURE}");
    assert_eq!(verifier.verify(&token).await.unwrap().user.id.0, "u-1");
    let (header, _) = MESSAGE.split_once('.').unwrap();
    let forged = format!("{header}.{}.{SIGNATURE}", encode(claims(json!({})).to_string()));
    assert!(matches!(verifier.verify(&forged).await, Err(AuthError::Refused("bad signature"))));
}
