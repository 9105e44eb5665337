//! `GET /api/docs/`, and the files that the page is made of: Swagger UI, served from here so that
//! the page works without any other host.

use axum::extract::RawPathParams;
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use http::{HeaderMap, HeaderValue};
use oms_http::{ApiError, Reply};
use std::io::Read;

const HTML: &str = include_str!("../page/index.html");
const START: &str = include_str!("../page/start.js");
const BUNDLE: &[u8] = include_bytes!("../page/swagger-ui/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("../page/swagger-ui/swagger-ui.css.gz");

/// The page speaks to nobody but us, runs nobody's script but ours, and is shown in nobody's
/// frame. Swagger UI sets styles of elements, and has its pictures within the style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The files are those of a release, and may be kept for a day.
const KEPT_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// The largest file, unpacked, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

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
    match name {
        "start.js" => Ok((typed("text/javascript; charset=utf-8"), START).into_response()),
        "swagger-ui-bundle.js" => packed("text/javascript; charset=utf-8", BUNDLE, &headers),
        "swagger-ui.css" => packed("text/css; charset=utf-8", STYLE, &headers),
        _ => Err(ApiError::UnknownPath),
    }
}

fn typed(content_type: &'static str) -> HeaderMap {
    [(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CACHE_CONTROL, KEPT_A_DAY)]
        .into_iter()
        .collect()
}

/// A file that is kept compressed, as it is to those who can read it so.
fn packed(content_type: &'static str, file: &'static [u8], asked: &HeaderMap) -> Reply<Response> {
    let mut headers = typed(content_type);
    if reads_gzip(asked) {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok((headers, file).into_response());
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(file).take(MAX_FILE_BYTES).read_to_end(&mut unpacked).map_err(ApiError::internal)?;
    Ok((headers, unpacked).into_response())
}

fn reads_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && !quality.is_some_and(|quality| quality.trim_end_matches(['0', '.']).is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_read_it() {
        let asks = |accept: &'static str| {
            reads_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accept))]))
        };
        for accept in ["gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8", "gzip;q=1"] {
            assert!(asks(accept), "{accept}");
        }
        for accept in ["", "br", "identity", "gzip;q=0", "gzip; q=0.000", "x-gzipped"] {
            assert!(!asks(accept), "{accept}");
        }
    }

    #[test]
    fn packed_files_unpack_whole() {
        for (file, ends) in [(BUNDLE, "})()));"), (STYLE, "*/")] {
            let answer = packed("text/plain", file, &HeaderMap::new()).unwrap();
            assert!(!answer.headers().contains_key(CONTENT_ENCODING));
            let mut text = String::new();
            let length = GzDecoder::new(file).read_to_string(&mut text).unwrap() as u64;
            assert!(length < MAX_FILE_BYTES && text.trim_end().ends_with(ends));
        }
    }
}
