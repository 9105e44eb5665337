//! Files of pages, as they are sent.

use axum::response::{IntoResponse, Response};
use brotli::BrotliDecompress;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use oms_http::edge::coding::Coding;
use oms_http::{ApiError, Reply};

/// The content type of a script or a style sheet, by its name.
pub(crate) fn typed(name: &str) -> &'static str {
    if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" }
}

/// A file that is kept in Brotli, as it is to all who can read it so: it could not be smaller. The
/// edge compresses it for the others.
pub(crate) fn packed(
    content_type: &'static str,
    mut file: &'static [u8],
    asked: &HeaderMap,
) -> Reply<Response> {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static(content_type));
    if Coding::Brotli.is_read(asked) {
        let encoding = (CONTENT_ENCODING, HeaderValue::from_static("br"));
        return Ok(([content_type, encoding], file).into_response());
    }
    let mut unpacked = Vec::new();
    BrotliDecompress(&mut file, &mut unpacked).map_err(ApiError::internal)?;
    Ok(([content_type], unpacked).into_response())
}
