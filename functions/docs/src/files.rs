//! Files of pages, as they are sent.

use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use oms_http::edge::coding::Coding;
use oms_http::{ApiError, Reply};
use std::io::Read;

/// The largest file, unpacked, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 4 << 20;

/// The content type of a script or a style sheet, by its name.
pub(crate) fn typed(name: &str) -> &'static str {
    if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" }
}

/// A file that is kept compressed, as it is to those who can read it so.
pub(crate) fn packed(content_type: &'static str, file: &'static [u8], asked: &HeaderMap) -> Reply<Response> {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static(content_type));
    if Coding::wanted(asked) == Some(Coding::Gzip) {
        let encoding = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(([content_type, encoding], file).into_response());
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(file).take(MAX_FILE_BYTES).read_to_end(&mut unpacked).map_err(ApiError::internal)?;
    Ok(([content_type], unpacked).into_response())
}
