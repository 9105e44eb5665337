//! `GET /api/console/`, and the files that the page is made of: all from here, so that it works
//! without any other host. The page uses the API as any client does, with its user's token.

use crate::files::{packed, typed};
use axum::Json;
use axum::extract::RawPathParams;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue};
use oms_core::app::App;
use oms_http::{ApiError, Reply};
use oms_runtime::config::Config;
use serde_json::json;

const HTML: &str = include_str!("../console/index.html");

/// What is ours: may change with each release under the same name, so it is asked for each time.
const OURS: [(&str, &str); 16] = [
    ("api.js", include_str!("../console/api.js")),
    ("catalogue.js", include_str!("../console/catalogue.js")),
    ("charts.js", include_str!("../console/charts.js")),
    ("console.css", include_str!("../console/console.css")),
    ("jobs.js", include_str!("../console/jobs.js")),
    ("lists.js", include_str!("../console/lists.js")),
    ("main.js", include_str!("../console/main.js")),
    ("order.js", include_str!("../console/order.js")),
    ("orders.js", include_str!("../console/orders.js")),
    ("parts.js", include_str!("../console/parts.js")),
    ("payments.js", include_str!("../console/payments.js")),
    ("session.js", include_str!("../console/session.js")),
    ("subscriptions.js", include_str!("../console/subscriptions.js")),
    ("system.js", include_str!("../console/system.js")),
    ("texts.js", include_str!("../console/texts.js")),
    ("today.js", include_str!("../console/today.js")),
];

/// What is others', compressed. Their names hold their versions.
const VENDORED: [(&str, &[u8]); 4] = [
    ("mithril-2.3.8.min.js", include_bytes!("../console/vendor/mithril-2.3.8.min.js.gz")),
    (
        "pico-2.1.1.classless.purged.min.css",
        include_bytes!("../console/vendor/pico-2.1.1.classless.purged.min.css.gz"),
    ),
    ("uplot-1.6.32.iife.min.js", include_bytes!("../console/vendor/uplot-1.6.32.iife.min.js.gz")),
    ("uplot-1.6.32.min.css", include_bytes!("../console/vendor/uplot-1.6.32.min.css.gz")),
];

/// What is named by its version may be kept for a year.
const KEPT_A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A page to run orders, payments, catalogue and subscriptions from.
#[utoipa::path(
    get, path = "/api/console/", tag = "documentation",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)),
)]
pub(crate) async fn console(app: App) -> Reply<Response> {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy(app.config())?),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, HTML).into_response())
}

/// The page speaks to nobody but us and to whom people log in with, runs nobody's script but ours,
/// and is shown in nobody's frame.
fn policy(config: &Config) -> Reply<HeaderValue> {
    let login = config.login_url.as_deref().map(|url| format!(" {url}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'{login}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    policy.parse().map_err(ApiError::internal)
}

/// A file of the page.
pub(crate) async fn file(app: App, params: RawPathParams, headers: HeaderMap) -> Reply<Response> {
    let name = params.iter().next().map(|(_, name)| name).unwrap_or_default();
    match name {
        "sign_in.json" => return Ok(Json(sign_in(app.config())).into_response()),
        // Nobody here. `cargo dev` answers this path itself, with the people of its demo.
        "people.json" => return Ok(Json(json!([])).into_response()),
        _ => {}
    }
    let found = |file: &&(&str, &'static str)| file.0 == name;
    if let Some((_, text)) = OURS.iter().find(found) {
        return Ok(([(CONTENT_TYPE, HeaderValue::from_static(typed(name)))], *text).into_response());
    }
    let (_, file) = VENDORED.iter().find(|(known, _)| *known == name).ok_or(ApiError::UnknownPath)?;
    let mut response = packed(typed(name), file, &headers)?;
    response.headers_mut().insert(CACHE_CONTROL, KEPT_A_YEAR);
    Ok(response)
}

/// Where people log in, and as whose client; nulls where there is no login page.
fn sign_in(config: &Config) -> serde_json::Value {
    let client = config.auth.as_ref().and_then(|auth| auth.audiences.first());
    json!({
        "login_url": config.login_url,
        "client_id": config.login_url.as_ref().and(client),
        "time_zone": config.time_zone.iana_name(),
    })
}
