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
        .route(
            "/caller/",
            axum::routing::get(|Authenticated(caller): Authenticated| async move { caller.user.username }),
        )
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

#[tokio::test]
async fn keys_are_fetched_again_after_an_hour_and_withdrawn_ones_are_good_no_longer() {
    let rotated = ISSUER.jwks().replace("\"test\"", "\"next\"");
    let server = Server::answering_in_turn(&[(200, &ISSUER.jwks()), (200, &rotated)]);
    let verifier = fetching(&server);
    let (start, day) = (now() as u64, 86_400);
    let old = ISSUER.token(&claims(json!({"exp": start + day})));
    let new = ISSUER.sign(&json!({"alg": "ES256", "kid": "next"}), &claims(json!({"exp": start + day})));
    for later in [0, 1, KEYS_AGE_SECONDS - 1] {
        assert!(verifier.verify_at(&old, start + later).await.is_ok(), "{later}");
    }
    assert_eq!(server.calls(), 1);
    // Though it was remembered.
    let refused = verifier.verify_at(&old, start + KEYS_AGE_SECONDS).await;
    assert!(matches!(refused, Err(AuthError::Refused("unknown key"))), "{refused:?}");
    assert!(verifier.verify_at(&new, start + KEYS_AGE_SECONDS).await.is_ok());
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn old_keys_stay_while_the_issuer_is_out_of_order_which_is_asked_once_a_minute() {
    let server =
        Server::answering_in_turn(&[(200, &ISSUER.jwks()), (500, ""), (500, ""), (200, &ISSUER.jwks())]);
    let verifier = fetching(&server);
    let start = now() as u64;
    let good = ISSUER.token(&claims(json!({"exp": start + 86_400})));
    let unknown = ISSUER.sign(&json!({"alg": "ES256", "kid": "new"}), &claims(json!({})));
    assert!(verifier.verify_at(&good, start).await.is_ok());
    for (later, calls) in
        [(0, 2), (1, 2), (REFETCH_SECONDS - 1, 2), (REFETCH_SECONDS, 3), (REFETCH_SECONDS + 9, 3)]
    {
        let at = start + KEYS_AGE_SECONDS + later;
        assert!(verifier.verify_at(&good, at).await.is_ok(), "{later}");
        // Nobody can tell whether it is good.
        assert!(matches!(verifier.verify_at(&unknown, at).await, Err(AuthError::NoKeys(_))), "{later}");
        assert_eq!(server.calls(), calls, "{later}");
    }
    let recovered = start + KEYS_AGE_SECONDS + 2 * REFETCH_SECONDS;
    assert!(verifier.verify_at(&good, recovered).await.is_ok());
    assert!(matches!(verifier.verify_at(&unknown, recovered).await, Err(AuthError::Refused("unknown key"))));
    assert_eq!(server.calls(), 4);
}

fn fetching(server: &Server) -> Verifier {
    let settings = [
        ("AUTH_ISSUER", "https://issuer.example"),
        ("AUTH_AUDIENCE", "shop"),
        ("AUTH_JWKS_URL", &server.url),
    ];
    Verifier::from_config(&crate::testing::config(&settings).unwrap()).unwrap()
}
