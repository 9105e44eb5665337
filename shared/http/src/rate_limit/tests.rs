use super::*;
use crate::auth::tests::{ISSUER, claims, verifier};
use axum::Router;
use axum::body::Body;
use http::StatusCode;
use serde_json::json;
use tower::ServiceExt;

const MINUTE: u64 = 60_000_000;
const START: u64 = 1_795_344_141_000_000;

fn quota(requests: u32) -> NonZeroU32 {
    NonZeroU32::new(requests).unwrap()
}

#[test]
fn an_instance_remembers_so_many_callers_and_those_longest_ago_make_room() {
    let limiter = RateLimiter::new(Some(quota(2)));
    let caller = |number: usize| Counted::User(number.to_string());
    for number in 0..=MAX_CALLERS {
        limiter.take(caller(number), quota(2), START + number as u64);
    }
    assert_eq!(limiter.buckets.lock().unwrap().len(), MAX_CALLERS);
    let now = START + MAX_CALLERS as u64;
    assert_eq!(limiter.take(caller(1), quota(2), now).remaining, 0, "it is remembered");
    assert_eq!(limiter.take(caller(0), quota(2), now).remaining, 1, "it made room");
    // After a minute all are as new, and go when the next one comes.
    limiter.take(Counted::Address(None), quota(2), now + MINUTE);
    assert_eq!(limiter.buckets.lock().unwrap().len(), 1);
}

#[test]
fn an_ipv6_network_is_one_caller() {
    let network_of = |text: &str| network(text.parse().unwrap());
    assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
    assert_ne!(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
    assert_ne!(network_of("192.0.2.1"), network_of("192.0.2.2"));
}

struct Api(Router);

impl Api {
    fn of(requests: u32) -> Self {
        let state = (
            Arc::new(verifier(&ISSUER.jwks()).unwrap()),
            Arc::new(RateLimiter::new(NonZeroU32::new(requests))),
        );
        let router = Router::new().route("/", axum::routing::get(|| async { "x" }));
        Self(router.layer(axum::middleware::from_fn_with_state(state, limited)))
    }

    async fn get(&self, token: Option<&str>, from: &str) -> Response {
        let context = json!({
            "accountId": "1", "apiId": "a", "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1",
            "sourceIp": from, "userAgent": "x"}, "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "t", "timeEpoch": 1,
        });
        let context = RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
        let mut request = Request::get("/").extension(context);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.0.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// How many of some requests are let in.
    async fn passed(&self, token: Option<&str>, from: &str, requests: u32) -> u32 {
        let mut passed = 0;
        for _ in 0..requests {
            passed += u32::from(self.get(token, from).await.status() == StatusCode::OK);
        }
        passed
    }
}

#[tokio::test]
async fn each_caller_has_their_own_and_those_who_sell_ten_times_as_much() {
    let api = Api::of(2);
    let token = |name: &str, group: &str| ISSUER.token(&claims(json!({"sub": name, "groups": group})));
    for (name, group, may) in
        [("a", "", 2), ("b", "", 2), ("c", "vendor", 20), ("d", "staff", 20), ("e", "admin", 20)]
    {
        assert_eq!(api.passed(Some(&token(name, group)), "192.0.2.1", may + 2).await, may, "{name}");
    }
    // Another token of the same user is no other caller, and bad tokens count as none.
    let again = ISSUER.token(&claims(json!({"sub": "a", "jti": "2"})));
    assert_eq!(api.passed(Some(&again), "192.0.2.9", 1).await, 0);
    assert_eq!(api.passed(None, "192.0.2.1", 1).await + api.passed(Some("bad"), "192.0.2.1", 3).await, 2);
    assert_eq!(api.passed(None, "192.0.2.2", 3).await, 2);
    assert_eq!(Api::of(0).passed(None, "192.0.2.1", 50).await, 50);
}

#[tokio::test]
async fn everyone_is_told_what_they_have_left_and_when_to_come_again() {
    let api = Api::of(2);
    let told = |response: &Response, name: &str| response.headers()[name].to_str().unwrap().to_owned();
    for left in ["\"default\";r=1;t=30", "\"default\";r=0;t=30"] {
        let response = api.get(None, "192.0.2.1").await;
        assert_eq!((response.status(), told(&response, "ratelimit").as_str()), (StatusCode::OK, left));
        assert_eq!(told(&response, "ratelimit-policy"), "\"default\";q=2;w=60");
    }
    let refused = api.get(None, "192.0.2.1").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(told(&refused, "retry-after"), "30");
    assert_eq!(told(&refused, "ratelimit"), "\"default\";r=0;t=30");
    let body = axum::body::to_bytes(refused.into_body(), 1_000).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({"error": "Request was throttled", "code": "throttled"}));
    let unlimited = Api::of(0).get(None, "192.0.2.1").await;
    assert_eq!(unlimited.headers().get("ratelimit"), None);
}
