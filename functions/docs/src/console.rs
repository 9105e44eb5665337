//! `GET /api/console/`, and the files that the page is made of: all from here, so that it works
//! without any other host. The page uses the API as any client does, with its user's token.

use crate::files::{packed, typed};
use axum::Json;
use axum::extract::RawPathParams;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue};
use oms_core::app::App;
use oms_http::{ApiError, Reply};
use oms_runtime::config::Config;
use serde_json::json;

/// Files by their names, in Brotli.
type Files = &'static [(&'static str, &'static [u8])];

const HTML: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/index.html.br"));
/// What is ours: may change with each release under the same name, so it is asked for each time.
const OURS: Files = include!(concat!(env!("OUT_DIR"), "/ours.rs"));
/// What is others'. Their names hold their versions.
const VENDORED: Files = include!(concat!(env!("OUT_DIR"), "/vendored.rs"));

/// What is named by its version may be kept for a year.
const KEPT_A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A page to run orders, payments, catalogue and subscriptions from.
#[utoipa::path(
    get, path = "/api/console/", tag = "documentation",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)),
)]
pub(crate) async fn console(app: App, asked: HeaderMap) -> Reply<Response> {
    let headers = [
        (CONTENT_SECURITY_POLICY, policy(app.config())?),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, packed("text/html; charset=utf-8", HTML, &asked)?).into_response())
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
pub(crate) async fn file(app: App, params: RawPathParams, asked: HeaderMap) -> Reply<Response> {
    let name = params.iter().next().map(|(_, name)| name).unwrap_or_default();
    match name {
        "sign_in.json" => return Ok(Json(sign_in(app.config())).into_response()),
        // Nobody here. `cargo dev` answers this path itself, with the people of its demo.
        "people.json" => return Ok(Json(json!([])).into_response()),
        _ => {}
    }
    let of = |files: Files| files.iter().find(|(known, _)| *known == name).map(|(_, file)| *file);
    if let Some(file) = of(OURS) {
        return packed(typed(name), file, &asked);
    }
    let file = packed(typed(name), of(VENDORED).ok_or(ApiError::UnknownPath)?, &asked)?;
    Ok(([(CACHE_CONTROL, KEPT_A_YEAR)], file).into_response())
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
