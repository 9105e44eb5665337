//! The document, the page that shows it, and health: open to strangers.

use oms_tests::pypi::{chromium, program, run};
use oms_tests::stack::root;
use oms_tests::{Client, Shop, stack};
use reqwest::Method;
use serde_json::json;
use std::process::Command;

#[tokio::test]
async fn a_stranger_reads_the_document_by_every_form_of_its_path() {
    let stranger = Client::stranger();
    for path in ["/api/schema/", "/api/schema", "/api/v1/schema/", "/api/v1/schema"] {
        let answer = stranger.get(path).await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.body["openapi"], "3.1.0", "{path}: {}", answer.status);
    }
    let answer = stranger.get("/api/schema/").await;
    let tag = answer.header("etag").to_owned();
    let again = stranger.send(Method::GET, "/api/schema/", None, &[("If-None-Match", &tag)]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let head = stranger.send(Method::HEAD, "/api/schema/", None, &[]).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("etag"), tag);
}

#[tokio::test]
async fn health_tells_the_version_and_what_can_be_reached() {
    let answer = Client::stranger().get("/api/health").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let reached = answer.expect(200);
    assert_eq!(reached["status"], "ok");
    assert_eq!(reached["version"], env!("CARGO_PKG_VERSION"));
    // The functions and the tests are built in one environment, which seldom tells it.
    assert_eq!(reached.get("commit"), Some(&json!(option_env!("GIT_COMMIT"))));
    assert_eq!(reached["gateway"], "simulated");
    assert_eq!(reached["reached"]["table"], "ok");
    assert_eq!(reached["reached"]["topic"], "ok");
    assert_eq!(reached["reached"]["queue"], "ok");
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let stranger = Client::stranger();
    let page = stranger.get("/api/docs/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let quoted = page.text.split('"').filter(|text| text.starts_with("/api/docs/"));
    let files: Vec<&str> = quoted.collect();
    assert_eq!(files.len(), 3, "{}", page.text);
    assert!(!page.text.contains("http"), "{}", page.text);
    for file in files {
        let plain = stranger.get(file).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{file}");
        let packed = stranger.send(Method::GET, file, None, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-type"), plain.header("content-type"), "{file}");
        assert!(
            ["text/javascript; charset=utf-8", "text/css; charset=utf-8"]
                .contains(&plain.header("content-type"))
        );
        let tags = [packed.header("etag").trim_start_matches("W/"), plain.header("etag")];
        assert!(tags.iter().all(|tag| tag.len() == 18), "{tags:?}");
    }
    assert_eq!(stranger.get("/api/docs/nothing.js").await.error(), "Not found");
}

/// Where there is no Chromium this says so and proves nothing: a browser is more than a test may
/// install.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "whoever reads the test's output should know")]
async fn a_browser_shows_the_page_and_tries_a_request_with_a_token() {
    let Some(browser) = chromium() else {
        println!(
            "there is no Chromium on this machine (PATH, or the setting CHROMIUM): the page was not tried"
        );
        return;
    };
    let staff = Shop::open().await.staff.client;
    let mut command = Command::new(program("python3"));
    command
        .arg(root().join("tests/page.py"))
        .arg(browser)
        .arg(stack().setting("API_URL"))
        .arg(staff.token().expect("staff have a token"));
    let ran = tokio::task::spawn_blocking(move || run(&mut command)).await;
    ran.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
}

#[tokio::test]
async fn other_methods_and_unknown_paths_are_answered_as_everywhere() {
    let stranger = Client::stranger();
    for (path, name) in [("/api/schema/", "Schema"), ("/api/docs/", "Docs"), ("/api/health/", "Health")] {
        let answer = stranger.post(path, json!({})).await;
        assert_eq!((answer.status, answer.error()), (405, "Method \"POST\" not allowed."), "{path}");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS", "{path}");
        let metadata = stranger.send(Method::OPTIONS, path, None, &[]).await.expect(200);
        assert_eq!(metadata["name"], name);
        assert!(!metadata["description"].as_str().unwrap_or_default().is_empty(), "{path}");
    }
    for path in ["/api/nothing/", "/favicon.ico", "/api/v1/nothing/at/all"] {
        let answer = stranger.get(path).await;
        assert_eq!(
            (answer.status, answer.body),
            (404, json!({"error": "Not found", "code": "not_found"})),
            "{path}"
        );
    }
    assert_eq!(stranger.get("/api/v9/health/").await.error(), "Invalid version in URL path.");
}
