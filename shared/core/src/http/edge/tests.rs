use super::*;
use crate::http::etag::Version;
use crate::http::ids::{PathId, PathKey};
use crate::http::pages::Links;
use crate::http::{Reply, meter};
use axum::Json;
use axum::routing::{get, post};
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
    const NOUN: &'static str = "Order item";
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
    Router::new()
        .route(
            "/api/order-items/",
            get(|| async { Json(json!([])) }).post(|| async { StatusCode::CREATED }),
        )
        .route("/api/order-items/{id}/", get(thing))
        .route("/api/costly/", get(costly))
        .route("/api/broken/", get(broken))
        .route("/api/panicking/", post(panicking))
        .route("/api/large/", get(|| async { Json("x".repeat(10_000)) }))
        .route("/api/page/", get(|| async { axum::response::Html("<p>") }))
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
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(method: &str, uri: &str, headers: &[(&str, &str)]) -> Answer {
    send_with(&[], method, uri, headers).await
}

async fn send_with(
    settings: &[(&str, &str)],
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let config = config::tests::config(settings).unwrap();
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = wrap(router(), &config)
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

#[tokio::test]
async fn all_forms_of_a_path_reach_the_same_handler_with_every_method() {
    for path in [
        "/api/order-items/",
        "/api/order-items",
        "/api/v1/order-items/",
        "/api/v1/order-items",
    ] {
        assert_eq!(
            send("GET", path, &[]).await.status,
            StatusCode::OK,
            "{path}"
        );
        assert_eq!(
            send("POST", path, &[]).await.status,
            StatusCode::CREATED,
            "{path}"
        );
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
    assert_eq!(
        answer.json()["error"],
        "Invalid version in \"Accept\" header."
    );
}

#[tokio::test]
async fn the_accepted_type_is_echoed_in_success_and_error_but_not_on_pages() {
    let accept = [("accept", "application/vnd.api+json;version=1")];
    for path in ["/api/order-items/", "/api/nothing/", "/api/broken/"] {
        let answer = send("GET", path, &accept).await;
        assert_eq!(
            answer.header("content-type"),
            "application/vnd.api+json;version=1",
            "{path}"
        );
    }
    assert_eq!(
        send("GET", "/api/page/", &accept)
            .await
            .header("content-type"),
        "text/html; charset=utf-8"
    );
    assert_eq!(
        send("GET", "/api/order-items/", &[])
            .await
            .header("content-type"),
        "application/json"
    );
}

#[tokio::test]
async fn unknown_paths_and_ids_are_404_in_our_shape() {
    for path in [
        "/",
        "/api/",
        "/api/nothing/",
        "/favicon.ico",
        "/api/order-items/1/2/3/",
    ] {
        let answer = send("GET", path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer.json(),
            json!({"error": "Not found", "code": "not_found"}),
            "{path}"
        );
    }
    for id in [
        "1",
        "x",
        "%ff",
        "..%2f",
        "0192aaaa-bbbb-7ccc-8ddd-eeeeffff000g",
    ] {
        let answer = send("GET", &format!("/api/order-items/{id}/"), &[]).await;
        assert_eq!(
            answer.json(),
            json!({"error": "Order item not found", "code": "not_found"}),
            "{id}"
        );
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
    assert_eq!(
        (answer.status, answer.body.len()),
        (StatusCode::METHOD_NOT_ALLOWED, 0)
    );
    assert_eq!(answer.header("allow"), "POST, OPTIONS");
}

#[tokio::test]
async fn options_describes_a_path() {
    let answer = send("OPTIONS", "/api/v1/order-items", &[]).await;
    let types = ["application/json", "application/vnd.api+json"];
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({"name": "Order Item List", "description": "", "renders": types, "parses": types})
    );
    assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(
        send("OPTIONS", "/api/nothing/", &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn browsers_may_call_from_the_origins_that_are_configured() {
    let settings = [(
        "CORS_ORIGINS",
        "https://shop.example, https://admin.example",
    )];
    let preflight = |origin| {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
        ];
        async move { send_with(&settings, "OPTIONS", "/api/order-items/", &asked).await }
    };
    let answer = preflight("https://admin.example").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://admin.example"
    );
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("PATCH")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("idempotency-key")
    );
    let stranger = preflight("https://evil.example").await;
    assert!(
        stranger
            .headers
            .keys()
            .all(|name| !name.as_str().starts_with("access-control-allow"))
    );

    let origin = [("origin", "https://shop.example")];
    let answer = send_with(&settings, "GET", "/api/nothing/", &origin).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("etag")
    );
    assert!(
        answer
            .headers
            .get_all(VARY)
            .iter()
            .any(|vary| vary == "origin")
    );
    let any = send_with(
        &[("CORS_ORIGINS", "*")],
        "GET",
        "/api/order-items/",
        &origin,
    )
    .await;
    assert_eq!(any.header("access-control-allow-origin"), "*");
    assert_eq!(
        send("GET", "/api/order-items/", &origin)
            .await
            .header("access-control-allow-origin"),
        ""
    );
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let path = format!("/api/order-items/{ID}/");
    let (get, head) = (
        send("GET", &path, &[]).await,
        send("HEAD", &path, &[]).await,
    );
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for name in ["etag", "content-type", "content-length", "cache-control"] {
        assert!(!get.header(name).is_empty(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let path = format!("/api/order-items/{ID}/");
    let tag = send("GET", &path, &[]).await.header("etag").to_owned();
    assert!(tag.starts_with("\"7-"), "{tag}");
    let again = send("GET", &path, &[("if-none-match", &tag)]).await;
    assert_eq!(
        (again.status, again.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    assert_eq!(again.header("etag"), tag);
    assert_eq!(
        send("GET", &path, &[("if-none-match", "\"7\"")])
            .await
            .status,
        StatusCode::OK
    );
    let list = send("GET", "/api/order-items/", &[]).await;
    assert_eq!(
        list.header("cache-control"),
        "private, max-age=0, must-revalidate"
    );
    let again = send(
        "GET",
        "/api/order-items/",
        &[("if-none-match", list.header("etag"))],
    )
    .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn large_answers_are_compressed_where_asked_and_their_tags_are_weak() {
    let plain = send("GET", "/api/large/", &[]).await;
    for encoding in ["gzip", "br"] {
        let small = send("GET", "/api/large/", &[("accept-encoding", encoding)]).await;
        assert_eq!(small.header("content-encoding"), encoding);
        assert!(small.body.len() < 200, "{}", small.body.len());
        assert_eq!(small.header("etag"), format!("W/{}", plain.header("etag")));
        let known = [
            ("accept-encoding", encoding),
            ("if-none-match", small.header("etag")),
        ];
        assert_eq!(
            send("GET", "/api/large/", &known).await.status,
            StatusCode::NOT_MODIFIED
        );
    }
    let tiny = send(
        "GET",
        "/api/order-items/",
        &[("accept-encoding", "gzip, br")],
    )
    .await;
    assert_eq!(tiny.header("content-encoding"), "");
    for answer in [plain, tiny] {
        assert!(
            answer
                .headers
                .get_all(VARY)
                .iter()
                .any(|vary| vary == "accept-encoding")
        );
    }
}

#[tokio::test]
async fn faults_and_panics_tell_the_request_id_and_nothing_else() {
    for (method, path) in [("GET", "/api/broken/"), ("POST", "/api/panicking/")] {
        let answer = send(method, path, &[("x-request-id", "r-1")]).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            answer.json(),
            json!({"error": "Failed to process request", "code": "internal_error", "details": "r-1"})
        );
    }
}

#[tokio::test]
async fn every_answer_has_an_id_which_is_the_callers_if_it_can_be() {
    let id = |answer: Answer| answer.header("x-request-id").to_owned();
    assert_eq!(
        id(send("GET", "/api/nothing/", &[("x-request-id", "abc 1")]).await),
        "abc 1"
    );
    let long = "x".repeat(129);
    for bad in ["", "caf\u{e9}", &long] {
        let given = id(send("OPTIONS", "/api/v9/", &[("x-request-id", bad)]).await);
        assert!(given.parse::<Uuid>().is_ok(), "{given}");
    }
}

#[tokio::test]
async fn lambdas_own_id_is_used_where_the_caller_gives_none() {
    let mut context = lambda_http::Context::default();
    context.request_id = "lambda-1".to_owned();
    let mut request = http::Request::get("/").body(Body::empty()).unwrap();
    request.extensions_mut().insert(context);
    assert_eq!(request_id(&request), "lambda-1");
}

#[tokio::test]
async fn the_cost_is_shown_where_it_is_asked_for() {
    let answer = send_with(&[("DEBUG_CAPACITY", "on")], "GET", "/api/costly", &[]).await;
    assert_eq!(answer.header("x-consumed-capacity"), "rcu=1;wcu=0;trips=1");
    assert_eq!(
        send("GET", "/api/costly", &[])
            .await
            .header("x-consumed-capacity"),
        ""
    );
}

#[tokio::test]
async fn links_lead_where_the_client_came_from() {
    let host = [("host", "api.example.com")];
    let answer = send("GET", "/api/v1/costly?ordering=a&ordering=b", &host).await;
    let link = String::from_utf8(answer.body).unwrap();
    assert_eq!(
        link,
        "https://api.example.com/api/v1/costly?ordering=a&ordering=b&page=2"
    );
}

#[tokio::test]
async fn an_event_of_the_http_api_keeps_repeats_and_tells_the_scheme() {
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/api/v1/costly",
        "rawQueryString": "ordering=a&ordering=b&status__in=x,y",
        "queryStringParameters": {"ordering": "a,b", "status__in": "x,y"},
        "headers": {"host": "api.example.com", "x-forwarded-proto": "https", "accept-encoding": "br"},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "api.example.com", "domainPrefix": "api",
            "http": {"method": "GET", "path": "/api/v1/costly", "protocol": "HTTP/1.1",
                     "sourceIp": "127.0.0.1", "userAgent": "curl"},
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:10:42:21 +0000", "timeEpoch": 1_795_344_141_000_u64,
        },
        "isBase64Encoded": false,
    });
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let config = config::tests::config(&[]).unwrap();
    let edge = wrap(router(), &config);
    let response = edge.oneshot(request.map(Body::new)).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let expected =
        "https://api.example.com/api/v1/costly?ordering=a&ordering=b&status__in=x%2Cy&page=2";
    assert_eq!(body, expected);
}
