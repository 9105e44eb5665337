//! Files of pages, as they are sent.

use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
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
    if reads_gzip(asked) {
        let encoding = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(([content_type, encoding], file).into_response());
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(file).take(MAX_FILE_BYTES).read_to_end(&mut unpacked).map_err(ApiError::internal)?;
    Ok(([content_type], unpacked).into_response())
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
}
