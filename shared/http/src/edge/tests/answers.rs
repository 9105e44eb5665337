//! What the edge makes of an answer.

use super::*;

#[tokio::test]
async fn head_is_get_without_its_body() {
    let path = format!("/api/order-items/{ID}/");
    let (get, head) = (send("GET", &path, &[]).await, send("HEAD", &path, &[]).await);
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
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header("etag"), tag);
    assert_eq!(send("GET", &path, &[("if-none-match", "\"7\"")]).await.status, StatusCode::OK);
    let list = send("GET", "/api/order-items/", &[]).await;
    assert_eq!(list.header("cache-control"), "private, max-age=0, must-revalidate");
    let again = send("GET", "/api/order-items/", &[("if-none-match", list.header("etag"))]).await;
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
        let known = [("accept-encoding", encoding), ("if-none-match", small.header("etag"))];
        assert_eq!(send("GET", "/api/large/", &known).await.status, StatusCode::NOT_MODIFIED);
    }
    let tiny = send("GET", "/api/order-items/", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(tiny.header("content-encoding"), "");
    for answer in [plain, tiny] {
        assert!(answer.headers[VARY].to_str().unwrap().contains("accept-encoding"));
    }
}

#[tokio::test]
async fn a_304_and_a_head_carry_the_tag_of_the_200() {
    let paths = ["/api/large/", "/api/order-items/", "/api/page/", &format!("/api/order-items/{ID}/")];
    for path in paths {
        for encoding in ["", "identity", "gzip", "br", "gzip, br", "gzip;q=0", "*"] {
            let accept = ("accept-encoding", encoding);
            let whole = send("GET", path, &[accept]).await;
            let tag = whole.header("etag").to_owned();
            let is_weak = tag.starts_with("W/");
            assert_eq!(is_weak, !whole.header("content-encoding").is_empty(), "{path} {encoding}: {tag}");
            let head = send("HEAD", path, &[accept]).await;
            for header in ["etag", "content-encoding", "content-length", "content-type", "vary"] {
                assert_eq!(head.header(header), whole.header(header), "{path} {encoding} {header}");
            }
            // Compared weakly: strong and weak forms are the same answer.
            let opaque = tag.trim_start_matches("W/");
            for known in
                [opaque.to_owned(), format!("W/{opaque}"), format!("\"x\", W/{opaque}"), "*".to_owned()]
            {
                for method in ["GET", "HEAD"] {
                    let again = send(method, path, &[accept, ("if-none-match", &known)]).await;
                    assert_eq!(
                        (again.status, again.body.len()),
                        (StatusCode::NOT_MODIFIED, 0),
                        "{path} {known}"
                    );
                    assert_eq!(again.header("etag"), tag, "{path} {encoding} {known}");
                    assert_eq!(again.header("vary"), whole.header("vary"), "{path} {encoding}");
                    assert_eq!(again.header("cache-control"), whole.header("cache-control"), "{path}");
                    for of_the_body in ["content-type", "content-length", "content-encoding"] {
                        assert_eq!(again.header(of_the_body), "", "{path} {encoding}");
                    }
                }
            }
        }
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
    assert_eq!(id(send("GET", "/api/nothing/", &[("x-request-id", "abc 1")]).await), "abc 1");
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
    assert_eq!(send("GET", "/api/costly", &[]).await.header("x-consumed-capacity"), "");
}

#[tokio::test]
async fn links_lead_where_the_client_came_from() {
    let host = [("host", "api.example.com")];
    let answer = send("GET", "/api/v1/costly?ordering=a&ordering=b", &host).await;
    let link = String::from_utf8(answer.body).unwrap();
    assert_eq!(link, "https://api.example.com/api/v1/costly?ordering=a&ordering=b&page=2");
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
    let config = crate::testing::config(&[]).unwrap();
    let edge = wrap(router(), &config);
    let response = edge.oneshot(request.map(Body::new)).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let expected = "https://api.example.com/api/v1/costly?ordering=a&ordering=b&status__in=x%2Cy&page=2";
    assert_eq!(body, expected);
}
