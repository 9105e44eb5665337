mod answers;

use super::*;
use crate::Reply;
use crate::etag::Version;
use crate::groups;
use crate::ids::{PathId, PathKey};
use crate::pages::Links;
use axum::Json;
use axum::routing::{get, post};
use oms_runtime::meter;
use serde_json::{Value, json};
use std::str::FromStr;
use uuid::Uuid;

#[derive(Clone, Copy)]
struct ThingId(Uuid);

impl FromStr for ThingId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl PathKey for ThingId {
    const KIND: oms_domain::Kind = oms_domain::Kind::OrderItem;
}

async fn thing(PathId(ThingId(id)): PathId<ThingId>) -> (Version, Json<Value>) {
    (Version(7), Json(json!({ "id": id })))
}

async fn costly(links: Links) -> String {
    meter::record_read(1.0);
    meter::record_trip();
    links.page(2, None)
}

async fn broken() -> Reply<()> {
    Err(ApiError::internal("the table is called secrets"))
}

async fn panicking() -> Reply<()> {
    panic!("secrets")
}

fn router() -> Router {
    let config = std::sync::Arc::new(crate::testing::config(&[]).unwrap());
    Router::<std::sync::Arc<Config>>::new()
        .route("/api/order-items/", get(|| async { Json(json!([])) }).post(|| async { StatusCode::CREATED }))
        .route("/api/order-items/{id}/", get(thing))
        .route("/api/costly/", get(costly))
        .route("/api/broken/", get(broken))
        .route("/api/panicking/", post(panicking))
        .route("/api/large/", get(|| async { Json("x".repeat(10_000)) }))
        .route("/api/page/", get(|| async { axum::response::Html("<p>") }))
        .with_state(config)
}

const ID: &str = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(method: &str, uri: &str, headers: &[(&str, &str)]) -> Answer {
    send_with(&[], method, uri, headers).await
}

async fn send_with(settings: &[(&str, &str)], method: &str, uri: &str, headers: &[(&str, &str)]) -> Answer {
    let config = crate::testing::config(settings).unwrap();
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = wrap(router(), &config).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[tokio::test]
async fn all_forms_of_a_path_reach_the_same_handler_with_every_method() {
    for path in ["/api/order-items/", "/api/order-items", "/api/v1/order-items/", "/api/v1/order-items"] {
        assert_eq!(send("GET", path, &[]).await.status, StatusCode::OK, "{path}");
        assert_eq!(send("POST", path, &[]).await.status, StatusCode::CREATED, "{path}");
    }
}

#[tokio::test]
async fn unknown_versions_are_refused_in_url_and_accept() {
    let answer = send("GET", "/api/v9/order-items/", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"], "Invalid version in URL path.");
    let accept = [("accept", "application/vnd.api+json;version=2")];
    let answer = send("GET", "/api/order-items/", &accept).await;
    assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(answer.json()["error"], "Invalid version in \"Accept\" header.");
}

#[tokio::test]
async fn the_accepted_type_is_echoed_in_success_and_error_but_not_on_pages() {
    let accept = [("accept", "application/vnd.api+json;version=1")];
    for path in ["/api/order-items/", "/api/nothing/", "/api/broken/"] {
        let answer = send("GET", path, &accept).await;
        assert_eq!(answer.header("content-type"), "application/vnd.api+json;version=1", "{path}");
    }
    assert_eq!(send("GET", "/api/page/", &accept).await.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(send("GET", "/api/order-items/", &[]).await.header("content-type"), "application/json");
}

#[tokio::test]
async fn unknown_paths_and_ids_are_404_in_our_shape() {
    for path in ["/", "/api/", "/api/nothing/", "/favicon.ico", "/api/order-items/1/2/3/"] {
        let answer = send("GET", path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json(), json!({"error": "Not found", "code": "not_found"}), "{path}");
    }
    for id in ["1", "x", "%ff", "..%2f", "0192aaaa-bbbb-7ccc-8ddd-eeeeffff000g"] {
        let answer = send("GET", &format!("/api/order-items/{id}/"), &[]).await;
        assert_eq!(answer.json(), json!({"error": "Order item not found", "code": "not_found"}), "{id}");
    }
}

#[tokio::test]
async fn wrong_methods_are_told_the_right_ones() {
    let answer = send("DELETE", "/api/order-items", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        answer.json(),
        json!({"error": "Method \"DELETE\" not allowed.", "code": "method_not_allowed"})
    );
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    let answer = send("HEAD", "/api/panicking/", &[]).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::METHOD_NOT_ALLOWED, 0));
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
}

#[tokio::test]
async fn options_describes_a_path() {
    let answer = send("OPTIONS", "/api/v1/order-items", &[]).await;
    let types = ["application/json", "application/vnd.api+json"];
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({"name": "Order Item List", "description": groups::description("order-items"), "renders": types, "parses": types})
    );
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(send("OPTIONS", "/api/nothing/", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_origin_of_any_port_is_that_host_and_no_other() {
    let settings = [("CORS_ORIGINS", "http://localhost:*,http://[::1]:*")];
    for (origin, may) in [
        ("http://localhost:5173", true),
        ("http://localhost", true),
        ("http://[::1]:3000", true),
        ("https://localhost:5173", false),
        ("http://localhost:", false),
        ("http://localhost:80.evil.example", false),
        ("http://localhost.evil.example", false),
        ("http://localhost:5173/", false),
        ("http://evil.example:5173", false),
    ] {
        let asked = [("origin", origin), ("access-control-request-method", "POST")];
        for (method, headers) in [("OPTIONS", &asked[..]), ("GET", &asked[..1])] {
            let answer = send_with(&settings, method, "/api/order-items/", headers).await;
            let allowed = if may { origin } else { "" };
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{method} {origin}");
        }
    }
    for bad in ["http://*.example:*", "http://:*", "http://localhost:*:*"] {
        assert!(crate::testing::config(&[("CORS_ORIGINS", bad)]).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn browsers_may_call_from_the_origins_that_are_configured() {
    let settings = [("CORS_ORIGINS", "https://shop.example, https://admin.example")];
    let preflight = |origin| {
        let asked = [("origin", origin), ("access-control-request-method", "PATCH")];
        async move { send_with(&settings, "OPTIONS", "/api/order-items/", &asked).await }
    };
    let answer = preflight("https://admin.example").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    assert_eq!(answer.header("access-control-allow-origin"), "https://admin.example");
    assert!(answer.header("access-control-allow-methods").contains("PATCH"));
    assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    let stranger = preflight("https://evil.example").await;
    assert!(stranger.headers.keys().all(|name| !name.as_str().starts_with("access-control-allow")));

    let origin = [("origin", "https://shop.example")];
    let answer = send_with(&settings, "GET", "/api/nothing/", &origin).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
    assert!(answer.header("access-control-expose-headers").contains("etag"));
    assert!(answer.headers[VARY].to_str().unwrap().contains("origin"));
    let any = send_with(&[("CORS_ORIGINS", "*")], "GET", "/api/order-items/", &origin).await;
    assert_eq!(any.header("access-control-allow-origin"), "*");
    assert_eq!(send("GET", "/api/order-items/", &origin).await.header("access-control-allow-origin"), "");
}
