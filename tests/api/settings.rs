//! What settings do to a function: how much a caller may ask of it, and whether it starts.

use oms_tests::{Function, Person, Shop};
use serde_json::{Value, json};
use std::process::Command;

/// Tries to place an order of nothing: the status, and what the headers say of the limit.
async fn tries(orders: &mut Function, token: Option<&str>) -> (u64, [String; 3]) {
    let answer =
        orders.answer("POST", token, "/api/orders/", Some(&json!({})), &[]).await.expect("it answers");
    let header = |name: &str| answer["headers"][name].as_str().unwrap_or_default().to_owned();
    let status = answer["statusCode"].as_u64().expect("a status");
    (status, ["ratelimit-policy", "ratelimit", "retry-after"].map(header))
}

#[tokio::test]
async fn a_caller_makes_so_many_requests_a_minute_and_is_told_when_to_come_again() {
    let shop = Shop::open().await;
    let (ada, bob) = (Person::new("ada", None), Person::new("bob", None));
    let mut orders = Function::start("orders", &[("RATE_LIMIT", "5")]).await;
    let policy = "\"default\";q=5;w=60";
    for left in (0..5).rev() {
        let (status, [told, limit, retry]) = tries(&mut orders, ada.client.token()).await;
        assert_eq!((status, told.as_str(), retry.as_str()), (400, policy, ""));
        assert!(limit.starts_with(&format!("\"default\";r={left};t=")), "{limit}");
    }
    let (status, [told, limit, retry]) = tries(&mut orders, ada.client.token()).await;
    assert_eq!((status, told.as_str()), (429, policy));
    // One every twelve seconds.
    let seconds: u64 = retry.parse().expect("seconds");
    assert!(
        (1..=12).contains(&seconds) && limit == format!("\"default\";r=0;t={seconds}"),
        "{retry} {limit}"
    );
    assert_eq!(tries(&mut orders, bob.client.token()).await.0, 400, "another caller");
    let mut seller = 0;
    while seller < 60 && tries(&mut orders, shop.vendor.client.token()).await.0 != 429 {
        seller += 1;
    }
    assert!((50..=55).contains(&seller), "{seller}");
    for _ in 0..5 {
        assert_eq!(tries(&mut orders, None).await.0, 401);
    }
    assert_eq!(tries(&mut orders, Some("no token")).await.0, 429, "from the same address");
}

/// All disputes of a busy hour may come from one address of the payment gateway.
#[tokio::test]
async fn what_the_payment_gateway_reports_is_not_limited_as_a_caller() {
    let mut payments = Function::start("payments", &[("RATE_LIMIT", "1")]).await;
    for (path, expected) in [("/api/payments/", [401, 429, 429]), ("/api/payments/webhook", [400; 3])] {
        let mut answered = Vec::new();
        for _ in expected {
            let answer =
                payments.answer("POST", None, path, Some(&json!({})), &[]).await.expect("it answers");
            answered.push(answer["statusCode"].as_u64().expect("a status"));
        }
        assert_eq!(answered, expected, "{path}");
    }
}

#[tokio::test]
async fn nobody_is_limited_where_the_setting_says_so() {
    let ada = Person::new("ada", None);
    let mut orders = Function::start("orders", &[("RATE_LIMIT", "0")]).await;
    for _ in 0..20 {
        let (status, told) = tries(&mut orders, ada.client.token()).await;
        assert_eq!((status, told), (400, Default::default()));
    }
}

#[test]
fn a_function_with_bad_settings_ends_with_sentences_about_all_of_them() {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("tests are in target/debug/deps").to_owned();
    for function in [
        "catalog",
        "docs",
        "job-worker",
        "notification-publisher",
        "notifications",
        "order-items",
        "orders",
        "payments",
        "stats-aggregator",
    ] {
        let ended = Command::new(target.join(function))
            .env_clear()
            .env("PAGE_SIZE", "many")
            .env("RATE_LIMIT", "-1")
            .output()
            .expect("its binary is there");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        let log = String::from_utf8_lossy(&ended.stdout).into_owned();
        let first: Value = serde_json::from_str(log.lines().next().expect("a log")).expect("JSON");
        assert_eq!(
            (&first["level"], &first["message"]),
            (&json!("ERROR"), &json!("the function cannot start"))
        );
        assert!(first["error"].as_str().is_some_and(|why| why.contains("TABLE_NAME is missing")), "{first}");
        assert!(!ended.status.success(), "{function}");
        assert!(
            said.starts_with("Error: the configuration makes no sense:\n- TABLE_NAME is missing\n"),
            "{said}"
        );
        for problem in [
            "- AWS_REGION is missing\n",
            "- PAGE_SIZE is \"many\", but must be a whole number of at least 1\n",
            "- RATE_LIMIT is \"-1\", but must be a number of requests from 0 to 1000000\n",
        ] {
            assert!(said.contains(problem), "{function}: {said}");
        }
        assert!(!said.contains("ConfigError") && !said.contains("Config("), "{function}: {said}");
    }
}

#[tokio::test]
async fn health_names_the_settings_for_which_nothing_has_started() {
    let settings = [("AUTH_ISSUER", ""), ("PAGE_SIZE", "a secret")];
    let mut docs = Function::start("docs", &settings).await;
    let answer = docs.answer("GET", None, "/api/health/", None, &[]).await.expect("it answers");
    assert_eq!(answer["statusCode"], 503, "{answer}");
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["code"], "misconfigured");
    assert_eq!(body["details"]["settings"], json!(["AUTH_ISSUER", "PAGE_SIZE"]));
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn who_begins_at_the_root_is_led_on() {
    let stranger = oms_tests::Client::stranger();
    for path in ["/", "/api/", "/api", "/api/v1/", "/api/v1"] {
        let told = stranger.get(path).await.expect(200);
        for name in ["docs", "console", "schema", "health"] {
            let link = told[name].as_str().unwrap_or_default();
            let there = link.find("/api/").map(|at| &link[at..]).unwrap_or_default();
            assert_eq!(there, format!("/api/{name}/"), "{path}: {told}");
            assert_eq!(stranger.get(there).await.status, 200, "{link}");
        }
    }
    let unknown: Value = stranger.get("/api/nothing/").await.expect(404);
    assert_eq!(unknown["error"], "Not found");
}
