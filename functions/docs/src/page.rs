//! `GET /api/docs/`, and the files that the page is made of: Swagger UI, served from here so that
//! the page works without any other host.

use crate::files::{packed, typed};
use axum::extract::RawPathParams;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue};
use oms_http::{ApiError, Reply};

const HTML: &str = include_str!("../page/index.html");
const START: &str = include_str!("../page/start.js");
const BUNDLE: &[u8] = include_bytes!("../page/swagger-ui/swagger-ui-bundle.js.br");
const STYLE: &[u8] = include_bytes!("../page/swagger-ui/swagger-ui.css.br");

/// The page speaks to nobody but us, runs nobody's script but ours, and is shown in nobody's
/// frame. Swagger UI sets styles of elements, and has its pictures within the style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The files are those of a release, and may be kept for a day.
const KEPT_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// A page to read this document and to try the API.
#[utoipa::path(
    get, path = "/api/docs/", tag = "documentation",
    responses((status = 200, description = "The page", content_type = "text/html", body = String)),
)]
pub(crate) async fn docs() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, HTML).into_response()
}

/// A file of the page.
pub(crate) async fn file(params: RawPathParams, headers: HeaderMap) -> Reply<Response> {
    let name = params.iter().next().map(|(_, name)| name).unwrap_or_default();
    let file = match name {
        "start.js" => Ok(([(CONTENT_TYPE, HeaderValue::from_static(typed(name)))], START).into_response()),
        "swagger-ui-bundle.js" => packed(typed(name), BUNDLE, &headers),
        "swagger-ui.css" => packed(typed(name), STYLE, &headers),
        _ => Err(ApiError::UnknownPath),
    };
    file.map(|file| ([(CACHE_CONTROL, KEPT_A_DAY)], file).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};

    #[tokio::test]
    async fn packed_files_unpack_whole() {
        for (file, ends) in [(BUNDLE, "})()));"), (STYLE, "*/")] {
            let gzip = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
            let answer = packed("text/plain", file, &gzip).unwrap();
            assert!(!answer.headers().contains_key(CONTENT_ENCODING));
            let text = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            assert!(text.trim_ascii_end().ends_with(ends.as_bytes()));
        }
    }
}
