//! The console: its files, what it needs of the API, and its screens in a browser. Each scenario is
//! a function of a module in tests/console, which is given people, orders and stores of its own.

use oms_domain::{Action, Status};
use oms_tests::pypi::{chromium, program, run};
use oms_tests::shop::text;
use oms_tests::stack::root;
use oms_tests::{Client, Shop, eventually, stack};
use reqwest::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use tokio::sync::Semaphore;

mod browser;

const PATH: &str = "/api/console/";
/// What the page and all its files may weigh as browsers get them, in bytes.
const MOST_BYTES: usize = 65_000;
/// What vendored files are, by the checksums of their packages.
const SUMS: &str = include_str!("../../functions/docs/console/vendor/SHA256SUMS");

/// The files that the page names, and those that these name.
async fn files(stranger: &Client) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut left = vec![stranger.get(PATH).await.text];
    while let Some(source) = left.pop() {
        let named = source.split(['"', '\'']).filter_map(|text| {
            let name = text.strip_prefix(PATH).or_else(|| text.strip_prefix("./"))?;
            (name.ends_with(".js") || name.ends_with(".css")).then(|| name.to_owned())
        });
        for name in named.collect::<Vec<_>>() {
            if !found.contains(&name) {
                left.push(stranger.get(&format!("{PATH}{name}")).await.text);
                found.push(name);
            }
        }
    }
    found
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let stranger = Client::stranger();
    let page = stranger.get(PATH).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert!(!page.text.contains("http"), "{}", page.text);
    let files = files(&stranger).await;
    assert_eq!(files.len(), 20, "{files:?}");
    for file in &files {
        let plain = stranger.get(&format!("{PATH}{file}")).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{file}");
        let typed =
            if file.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(plain.header("content-type"), typed, "{file}");
        let headers = [("Accept-Encoding", "gzip")];
        let packed = stranger.send(Method::GET, &format!("{PATH}{file}"), None, &headers).await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{file}");
        let headers = [("If-None-Match", plain.header("etag"))];
        assert_eq!(stranger.send(Method::GET, &format!("{PATH}{file}"), None, &headers).await.status, 304);
        let sum: String =
            digest(&SHA256, plain.text.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let vendored = SUMS.lines().find(|line| line.ends_with(&format!("  {file}")));
        let kept = if vendored.is_some() {
            "public, max-age=31536000, immutable"
        } else {
            "private, max-age=0, must-revalidate"
        };
        assert_eq!(plain.header("cache-control"), kept, "{file}");
        assert!(vendored.is_none_or(|line| line.starts_with(&sum)), "{file} is {sum}");
    }
    assert_eq!(stranger.get("/api/console/nothing.js").await.error(), "Not found");
}

/// Whoever reads Brotli at all gets it, also where they like something else as much: it is there.
#[tokio::test]
async fn the_page_and_all_its_files_weigh_little() {
    let stranger = Client::stranger();
    let paths = files(&stranger).await.into_iter().map(|file| format!("{PATH}{file}"));
    let mut weight = 0;
    for path in paths.chain([PATH.to_owned()]) {
        let headers = [("Accept-Encoding", "gzip, deflate, br;q=0.5")];
        let packed = stranger.send(Method::GET, &path, None, &headers).await;
        assert_eq!(packed.header("content-encoding"), "br", "{path}");
        weight += packed.header("content-length").parse::<usize>().expect("a length");
        let known = [headers[0], ("If-None-Match", packed.header("etag"))];
        assert_eq!(stranger.send(Method::GET, &path, None, &known).await.status, 304, "{path}");
    }
    assert!(weight <= MOST_BYTES, "{weight}");
}

/// A name that somebody else has lead to this machine would make their page one of the same
/// origin.
#[tokio::test]
async fn the_people_of_the_demo_are_handed_to_pages_of_this_machine_alone() {
    let stranger = Client::stranger();
    let path = "/api/console/people.json";
    let people = stranger.get(path).await;
    assert_eq!(
        (people.header("cache-control"), people.header("access-control-allow-origin")),
        ("no-store", "")
    );
    let people = people.body;
    assert_eq!(people[2]["name"], "vendor");
    let vendor = stranger.with_token(text(&people[2]["token"]).to_owned());
    vendor.get("/api/stores/").await.expect(200);
    let elsewhere = [("Host", "shop.example.com"), ("Origin", "http://shop.example.com")];
    assert_eq!(stranger.send(Method::GET, path, None, &elsewhere).await.status, 404);
    // The function itself, as on AWS, knows nobody.
    let function = Client::of(stack().setting("LAMBDA_URL"));
    assert_eq!(function.get(path).await.body, json!([]));
    let told = stranger.get("/api/console/sign_in.json").await.expect(200);
    assert_eq!(told, json!({ "login_url": null, "client_id": null, "time_zone": "UTC" }));
}

/// The page works out what may be done next by a table of its own.
#[test]
fn the_page_knows_what_follows_on_each_status() {
    let script = std::fs::read_to_string(root().join("functions/docs/console/order.js")).expect("a module");
    let table = script.split_once("const NEXT = ").expect("a table").1.split_once(';').expect("its end").0;
    let table: BTreeMap<String, Vec<String>> = serde_json::from_str(table).expect("a table as JSON");
    let by_action = |action: &&Action| !matches!(action, Action::Cancel | Action::Refund);
    for status in Status::ALL {
        let follows = Action::ALL.iter().filter(by_action).filter(|action| status.after(**action).is_some());
        let follows: Vec<_> = follows.map(|action| action.as_str().to_owned()).collect();
        assert_eq!(table.get(status.as_str()).cloned().unwrap_or_default(), follows, "{status}");
    }
}

#[tokio::test]
async fn staff_see_how_the_system_does() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    for person in [&ada, &shop.vendor] {
        person.client.get("/api/system/").await.expect(403);
    }
    let seen = shop.staff.client.get("/api/system/").await;
    assert_eq!(seen.header("cache-control"), "no-store");
    let seen = seen.expect(200);
    let parts = ["table", "topic", "queue"].map(|name| json!({ "name": name, "reach": "ok" }));
    assert_eq!(seen["parts"], json!(parts));
    let names = |key: &str| {
        let all = seen[key].as_array().into_iter().flatten();
        all.map(|one| text(&one["name"]).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("consumers"), ["stats-aggregator", "notification-publisher"]);
    let own = shop.vendor.client.get("/api/stores/?owned=true").await.expect(200);
    assert_eq!((own["count"].as_u64(), &own["results"][0]["id"]), (Some(1), &shop.store["id"]));
    assert_eq!(names("queues"), ["jobs", "settlements", "job_failures", "stream_failures"]);
    assert!(seen["queues"].as_array().is_some_and(|all| all.iter().all(|one| one["delayed"].is_u64())));
    assert!(seen["redrivable"].is_u64(), "{seen}");
    assert_eq!(seen["drift"], Value::Null);
    // Other tests place orders meanwhile, so that it is not said how many have been counted.
    let proof =
        || async { shop.staff.client.get("/api/system/?verify=true").await.expect(200)["drift"].clone() };
    let proved = eventually(proof, |drift: &Value| drift["counters"] == 0).await;
    assert!(proved["orders_verified"].as_u64() > Some(0), "{proved}");
}

/// How many browsers run at the same time.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// Runs a scenario in a browser, and prints what it printed. Where there is no Chromium this says
/// so and proves nothing: a browser is more than a test may install.
#[expect(clippy::print_stdout, reason = "whoever reads the test's output should know")]
async fn in_a_browser(scenario: &str, given: Value) {
    let Some(browser) = chromium() else {
        println!(
            "there is no Chromium on this machine (PATH, or the setting CHROMIUM): {scenario} was not tried"
        );
        return;
    };
    let _turn = BROWSERS.acquire().await.expect("it is never closed");
    let mut command = Command::new(program("python3"));
    command.arg(root().join("tests/console/run.py")).arg(browser).arg(stack().setting("API_URL"));
    command.arg(scenario).arg(given.to_string());
    let ran = tokio::task::spawn_blocking(move || run(&mut command)).await;
    print!("{}", ran.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic())));
}
