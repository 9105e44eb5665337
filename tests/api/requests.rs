//! What holds for every request: versions, content types, sizes, methods, compression, CORS.

use oms_tests::{Client, Person, Shop, stack};
use reqwest::Method;
use serde_json::json;

const GROUPS: [&str; 7] = [
    "/api/orders/",
    "/api/order-items/",
    "/api/payments/",
    "/api/notifications/",
    "/api/stores/",
    "/api/products/",
    "/api/addresses/",
];

#[tokio::test]
async fn the_version_is_in_the_url_or_in_the_accept_header_or_left_out() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let accept = "application/vnd.api+json;version=1";
    for path in ["/api/orders/", "/api/v1/orders", "/api/addresses"] {
        let answer = ada.client.send(Method::GET, path, None, &[("Accept", accept)]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with("application/vnd.api+json"), "{path}");
        assert!(answer.body["results"].is_array());
        let answer = ada.client.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json");
        let unknown = [("Accept", "application/vnd.api+json;version=7")];
        let answer = ada.client.send(Method::GET, path, None, &unknown).await;
        assert_eq!((answer.status, answer.error()), (406, "Invalid version in \"Accept\" header."));
    }
    for group in GROUPS {
        let path = group.replacen("/api/", "/api/v9/", 1);
        let answer = ada.client.get(&path).await;
        assert_eq!((answer.status, answer.error()), (404, "Invalid version in URL path."), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_in_our_shape() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let url = format!("{}/api/orders/", stack().setting("API_URL"));
    let token = ada.client.token().expect("a customer has a token");
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = ada.client.bare().post(&url).bearer_auth(token).header("Content-Type", content_type);
        let answer = request.body(body).send().await.expect("the API answers");
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.expect("an error in JSON"))
    };
    let (status, body) = send("application/json", b"{\"store\": ".to_vec()).await;
    let error = body["error"].as_str().expect("a text");
    assert!(status == 400 && error.starts_with("JSON parse error - "), "{status} {body}");
    let (status, body) = send("application/json", b"[1, 2]".to_vec()).await;
    assert_eq!((status, &body["error"]), (400, &json!("Validation failed")), "{body}");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let (status, body) = send(content_type, b"store=1".to_vec()).await;
        assert_eq!(status, 415, "{body}");
        assert!(body["error"].as_str().is_some_and(|error| error.contains(content_type)), "{body}");
    }
    let large = format!("{{\"notes\": \"{}\"}}", "x".repeat(1_100_000));
    let (status, body) = send("application/json", large.into_bytes()).await;
    assert!(status == 413 && body["error"].is_string(), "{status} {body}");
    for weird in [
        &b"nul"[..],
        b"{\"notes\": \"\xff\"}",
        b"\xff\xfe",
        b"{\"items\": [[[[]]]]}",
        b"{\"a\":1e999}",
        b"\"\\ud800\"",
    ] {
        let (status, body) = send("application/json", weird.to_vec()).await;
        assert!(status == 400 && body["error"].is_string(), "{status} {body}");
    }
}

#[tokio::test]
async fn a_wrong_method_hears_which_are_right() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    for group in GROUPS {
        let answer = ada.client.delete(group).await;
        assert_eq!((answer.status, answer.error()), (405, "Method \"DELETE\" not allowed."), "{group}");
        let allowed: Vec<_> = answer.header("allow").split(", ").collect();
        assert!(allowed.contains(&"POST") || allowed.contains(&"GET"), "{group}: {allowed:?}");
        assert!(!allowed.contains(&"DELETE"), "{group}: {allowed:?}");
        let answer = ada.client.send(Method::OPTIONS, group, None, &[]).await.expect(200);
        for field in ["name", "description", "renders", "parses"] {
            assert!(answer.get(field).is_some(), "{group} has no {field}: {answer}");
        }
    }
    let action = "/api/orders/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000/confirm_order/";
    assert_eq!(ada.client.post(action, json!({})).await.status, 405, "an action is a PATCH only");
}

#[tokio::test]
async fn head_is_get_without_the_body_and_large_answers_are_compressed() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    let path = "/api/orders/my_orders/";
    let full = ada.client.get(path).await;
    let head = ada.client.send(Method::HEAD, path, None, &[]).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-type"), full.header("content-type"));

    for encoding in ["gzip", "br"] {
        let headers = [("Accept-Encoding", encoding)];
        let small = ada.client.send(Method::GET, "/api/order-items/?page=9", None, &headers);
        assert_eq!(small.await.header("content-encoding"), "");
        let order = full.body["results"][0]["id"].as_str().expect("an id");
        let path = format!("/api/orders/{order}/");
        let packed = ada.client.send(Method::GET, &path, None, &headers).await;
        assert_eq!(packed.header("content-encoding"), encoding);
        assert_eq!(packed.header("vary"), "accept, accept-encoding, authorization, origin");
    }
}

#[tokio::test]
async fn a_page_from_another_port_of_this_machine_may_call() {
    let ada = Shop::open().await.customer().await;
    for origin in
        ["http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:8080", "https://localhost:8443"]
    {
        let preflight = [
            ("Origin", origin),
            ("Access-Control-Request-Method", "PATCH"),
            ("Access-Control-Request-Headers", "authorization,content-type"),
        ];
        let asked = Client::stranger().send(Method::OPTIONS, "/api/orders/", None, &preflight).await;
        assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, origin));
        assert!(asked.header("access-control-allow-methods").contains("PATCH"), "{origin}");
        assert!(asked.header("access-control-allow-headers").contains("authorization"), "{origin}");
        let read = ada.client.send(Method::GET, "/api/orders/", None, &preflight[..1]).await;
        assert_eq!((read.status, read.header("access-control-allow-origin")), (200, origin));
        assert!(read.header("access-control-expose-headers").contains("etag"), "{origin}");
    }
    let stranger = [("Origin", "https://evil.example")];
    let read = ada.client.send(Method::GET, "/api/orders/", None, &stranger).await;
    assert_eq!(read.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_lies_beyond_the_last_day_is_the_last_moment() {
    let shop = Shop::open().await;
    let (mug, ada) = (shop.sells("Mug", 5).await, shop.customer().await);
    let order = ada.order(&shop, &mug, 1).await;
    let path = format!("/api/orders/{}/", order["id"].as_str().expect("an id"));
    let all = ["9999-12-31", "9999-12-31T23:59:59.999999Z"];
    for far in all {
        let list = async |query: String| ada.client.get(&format!("/api/orders/?{query}")).await.expect(200);
        assert_eq!(list(format!("created_at__lt={far}")).await["count"], 1, "{far}");
        assert_eq!(list(format!("created_at__gte={far}")).await["count"], 0, "{far}");
        assert_eq!(ada.client.get(&format!("{path}?as_of={far}")).await.expect(200)["version"], 1, "{far}");
    }
    for far in all {
        let expected = json!({ "estimated_delivery": far });
        let edited = shop.vendor.client.change(&path, expected).await.expect(200);
        assert_eq!(edited["estimated_delivery"], "9999-12-30T22:00:00.000000Z", "{far}");
    }
    let total = |query: &str| format!("/api/orders/?total_amount__gte={query}");
    assert_eq!(ada.client.get(&total("1e1")).await.expect(200)["count"], 1);
    assert_eq!(ada.client.get(&total("1E%2B2")).await.expect(200)["count"], 0);
    for wrong in ["1e", "e2", "1e99999", "NaN"] {
        assert_eq!(ada.client.get(&total(wrong)).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_larger_than_lambda_takes_is_refused_as_there_and_nobody_waits() {
    let ada = Person::new("ada", None);
    let url = format!("{}/api/orders/", stack().setting("API_URL"));
    let send = async |body: Vec<u8>| {
        let request = ada.client.bare().post(&url).bearer_auth(ada.client.token().expect("a token"));
        let answer = request.header("Content-Type", "application/json").body(body).send().await;
        let answer = answer.expect("the API answers");
        (answer.status().as_u16(), answer.json::<serde_json::Value>().await.expect("JSON"))
    };
    let (ours, lambdas, gateways) =
        ("Request body is larger than 1 MB", "Request Too Long", "Request Entity Too Large");
    for (bytes, byte, says) in [
        (2_000_000, b'x', json!({ "error": ours, "code": "payload_too_large" })),
        (6_285_000, b'x', json!({ "error": ours, "code": "payload_too_large" })),
        (6_291_557, b'x', json!({ "message": lambdas })),
        (7_340_032, b'x', json!({ "message": lambdas })),
        // In base64 four bytes for three.
        (4_710_000, 0xff, json!({ "error": ours, "code": "payload_too_large" })),
        (4_720_000, 0xff, json!({ "message": lambdas })),
        (10_485_761, b'x', json!({ "message": gateways })),
    ] {
        for _ in 0..3 {
            assert_eq!(send(vec![byte; bytes]).await, (413, says.clone()), "{bytes}");
        }
    }
}

#[tokio::test]
async fn a_header_that_is_no_text_is_refused_and_one_beyond_ascii_is_read() {
    let ada = Person::new("ada", None);
    let url = format!("{}/api/addresses/", stack().setting("API_URL"));
    let send = async |value: &[u8]| {
        let header = reqwest::header::HeaderValue::from_bytes(value).expect("a header");
        let request = ada.client.bare().get(&url).bearer_auth(ada.client.token().expect("a token"));
        request.header("X-Anything", header).send().await.expect("the API answers").status().as_u16()
    };
    assert_eq!(send(b"plain").await, 200);
    assert_eq!(send("caf\u{e9}".as_bytes()).await, 200);
    assert_eq!(send(b"caf\xe9").await, 400);
}

#[tokio::test]
async fn a_request_keeps_the_id_that_its_client_gave_it() {
    let stranger = Client::stranger();
    for path in ["/api/orders/", "/api/nothing/", "/api/addresses/"] {
        let answer = stranger.send(Method::GET, path, None, &[("X-Request-Id", "abc-123")]).await;
        assert_eq!(answer.header("x-request-id"), "abc-123", "{path}");
        assert!(!stranger.get(path).await.header("x-request-id").is_empty());
    }
}
