//! Who is let in, and where the keys that tell come from.

use super::*;

#[derive(Clone)]
struct State(Arc<Verifier>);

impl FromRef<State> for Arc<Verifier> {
    fn from_ref(state: &State) -> Self {
        Arc::clone(&state.0)
    }
}

async fn status(path: &str, authorization: Option<String>) -> StatusCode {
    let router = Router::new()
        .route("/caller/", axum::routing::get(|caller: Caller| async move { caller.user.username }))
        .route("/staff/", axum::routing::get(|Staff(_): Staff| async {}))
        .route("/admin/", axum::routing::get(|Admin(_): Admin| async {}))
        .with_state(State(Arc::new(verifier(&ISSUER.jwks()).unwrap())));
    let mut request = Request::get(path);
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn strangers_are_401_and_the_wrong_role_is_403() {
    let bearer =
        |groups: &str| Some(format!("Bearer {}", ISSUER.token(&claims(json!({ "groups": groups })))));
    for path in ["/caller/", "/staff/", "/admin/"] {
        for nobody in
            [None, Some("Bearer ".to_owned()), Some("Basic eDp5".to_owned()), Some("Bearer x".to_owned())]
        {
            assert_eq!(status(path, nobody).await, StatusCode::UNAUTHORIZED);
        }
    }
    for (group, staff, admin) in [
        ("", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        ("vendor", StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        ("staff", StatusCode::OK, StatusCode::FORBIDDEN),
        ("admin", StatusCode::OK, StatusCode::OK),
    ] {
        assert_eq!(status("/caller/", bearer(group)).await, StatusCode::OK);
        assert_eq!(status("/staff/", bearer(group)).await, staff, "{group}");
        assert_eq!(status("/admin/", bearer(group)).await, admin, "{group}");
    }
    let lower = bearer("").map(|header| header.replace("Bearer", "bearer"));
    assert_eq!(status("/caller/", lower).await, StatusCode::OK);
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_one_at_most_once_a_minute() {
    let server = Server::answering(200, &ISSUER.jwks());
    let verifier = fetching(&server);
    let good = ISSUER.token(&claims(json!({})));
    let other = ISSUER.token(&claims(json!({"sub": "u-2"})));
    let (first, second) = tokio::join!(verifier.verify(&good), verifier.verify(&other));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(server.calls(), 1);
    let unknown = ISSUER.sign(&json!({"alg": "ES256", "kid": "new"}), &claims(json!({})));
    for _ in 0..3 {
        assert!(matches!(verifier.verify(&unknown).await, Err(AuthError::Refused("unknown key"))));
    }
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn an_issuer_out_of_order_is_no_fault_of_the_callers_and_is_asked_again() {
    let server = Server::answering(500, "");
    let verifier = fetching(&server);
    let good = ISSUER.token(&claims(json!({})));
    for _ in 0..2 {
        assert!(matches!(verifier.verify(&good).await, Err(AuthError::NoKeys(_))));
    }
    assert_eq!(server.calls(), 2);
    let nonsense = fetching(&Server::answering(200, "<html>"));
    assert!(matches!(nonsense.verify(&good).await, Err(AuthError::NoKeys(_))));
}

fn fetching(server: &Server) -> Verifier {
    let settings = [
        ("AUTH_ISSUER", "https://issuer.example"),
        ("AUTH_AUDIENCE", "shop"),
        ("AUTH_JWKS_URL", &server.url),
    ];
    Verifier::from_config(&config::tests::config(&settings).unwrap()).unwrap()
}
