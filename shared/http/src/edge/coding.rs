//! Answers in fewer bytes, for clients that read them so (RFC 9110, 12.5.3).
//!
//! Gzip is made in one piece by libdeflate, in a third of the time that a streaming compressor
//! takes; what it needs, about a third of a megabyte, is kept for the next answer. Brotli, which
//! takes far longer, is for those who read nothing else.

use crate::ApiError;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use brotli::enc::BrotliEncoderParams;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use libdeflater::{CompressionError, CompressionLvl, Compressor};
use std::cell::RefCell;

/// Answers below this size, in bytes, are sent as they are.
pub const MIN_COMPRESSED_BYTES: u64 = 1_024;

/// Good compression for little time, in gzip as in Brotli; the latter's own default takes a
/// hundred times as long.
const LEVEL: i32 = 4;

/// How an answer is compressed; of what a client likes the same it gets the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// `br`.
    Brotli,
    /// `gzip`.
    Gzip,
}

impl Coding {
    const fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        })
    }

    /// The coding that a client likes best; gzip where it likes both the same, and none where it
    /// would rather have the answer as it is.
    fn wanted(asked: &HeaderMap) -> Option<Self> {
        liked(asked).max().and_then(|(_, coding)| coding)
    }

    /// Whether a client reads this coding, however it likes it: of what is kept compressed it need
    /// not be asked more.
    #[must_use]
    pub fn is_read(self, asked: &HeaderMap) -> bool {
        liked(asked).any(|(_, coding)| coding == Some(self))
    }

    /// How an answer is sent to this client: said in its headers. None where it is too small, or
    /// compressed already.
    pub(super) fn choose(response: &mut Response, asked: &HeaderMap) -> Option<Self> {
        let size = http_body::Body::size_hint(response.body()).exact();
        let is_as_it_is =
            [CONTENT_ENCODING, CONTENT_RANGE].iter().any(|h| response.headers().contains_key(h));
        let coding = Self::wanted(asked).filter(|_| !is_as_it_is && size >= Some(MIN_COMPRESSED_BYTES))?;
        response.headers_mut().insert(CONTENT_ENCODING, coding.name());
        response.headers_mut().remove(CONTENT_LENGTH);
        Some(coding)
    }

    /// The same answer with its body compressed.
    pub(super) async fn apply(self, response: Response) -> Response {
        let (mut parts, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return ApiError::internal(error).into_response(),
        };
        let small = match self {
            Self::Gzip => gzip(&body),
            Self::Brotli => brotli(&body),
        };
        let body = small.map_or_else(
            |error| {
                tracing::error!(%error, "an answer is sent as it is");
                parts.headers.remove(CONTENT_ENCODING);
                body
            },
            Bytes::from,
        );
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Response::from_parts(parts, Body::from(body))
    }
}

/// What a client takes, and how much it likes it, in thousandths; none is the answer as it is.
fn liked(asked: &HeaderMap) -> impl Iterator<Item = (u16, Option<Coding>)> {
    let values = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(preference).filter_map(|(name, quality)| {
        let coding = match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "br" => Some(Coding::Brotli),
            "identity" => None,
            _ => return None,
        };
        (quality > 0).then_some((quality, coding))
    })
}

/// A coding and how much it is liked, in thousandths, of an element of `Accept-Encoding`; what is
/// no number from 0 to 1 likes it not at all.
fn preference(element: &str) -> Option<(&str, u16)> {
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, quality.map_or(1_000, thousandths)))
}

fn thousandths(quality: &str) -> u16 {
    let (whole, rest) = quality.split_once('.').unwrap_or((quality, ""));
    let rest: Option<u16> = if rest.len() <= 3 { format!("{rest:0<3}").parse().ok() } else { None };
    match (whole, rest) {
        ("0", Some(rest)) => rest,
        ("1", Some(0)) => 1_000,
        _ => 0,
    }
}

fn gzip(body: &[u8]) -> Result<Vec<u8>, CompressionError> {
    thread_local! {
        static COMPRESSOR: RefCell<Compressor> = RefCell::new(Compressor::new(
            CompressionLvl::new(LEVEL).unwrap_or_default()
        ));
    }
    COMPRESSOR.with_borrow_mut(|compressor| {
        let mut small = vec![0; compressor.gzip_compress_bound(body.len())];
        let size = compressor.gzip_compress(body, &mut small)?;
        small.truncate(size);
        Ok(small)
    })
}

fn brotli(body: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut small = Vec::with_capacity(body.len());
    let params = BrotliEncoderParams { quality: LEVEL, size_hint: body.len(), ..Default::default() };
    // A vector takes whatever is written to it.
    brotli::BrotliCompress(&mut &body[..], &mut small, &params)
        .map_err(|_| CompressionError::InsufficientSpace)?;
    Ok(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(accept: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, accept.parse().expect("a header"))])
    }

    #[test]
    fn a_client_gets_the_coding_that_it_likes_best() {
        let wanted = |accept: &str| Coding::wanted(&asked(accept));
        for accept in [
            "gzip",
            "x-gzip",
            "gzip, br",
            "br, gzip",
            "br;q=1.0, GZIP;q=1",
            "gzip, deflate, br, zstd",
            "gzip;q=0.001",
        ] {
            assert_eq!(wanted(accept), Some(Coding::Gzip), "{accept}");
        }
        for accept in ["br", "gzip;q=0.8, br", "gzip;q=0, Br;Q=0.5", "gzip; q=2, br;q=0.1"] {
            assert_eq!(wanted(accept), Some(Coding::Brotli), "{accept}");
        }
        for accept in
            ["", "*", "identity", "gzip;q=0", "gzip; q=0.000", "x-gzipped", "br;q=0.5, identity", ",;"]
        {
            assert_eq!(wanted(accept), None, "{accept}");
        }
    }

    #[test]
    fn a_client_reads_what_it_likes_at_all() {
        for accept in ["br", "gzip, deflate, br, zstd", "gzip, Br;q=0.001"] {
            assert!(Coding::Brotli.is_read(&asked(accept)), "{accept}");
        }
        for accept in ["", "*", "gzip", "identity", "br;q=0", "br; q=2", "brotli"] {
            assert!(!Coding::Brotli.is_read(&asked(accept)), "{accept}");
        }
    }
}
