//! Entity tags: telling a client that nothing has changed, and holding back a write that is
//! based on what no longer is.
//!
//! A tag is `"<version>-<hash of the body>"` for a resource with a version, and `"<hash>"`
//! otherwise. The edge adds the hash. `If-None-Match` compares the whole tag, so that another
//! caller's view or a new field is no match; `If-Match` compares the version alone, because
//! that is what a write is based on, unless the write is based on more than the version counts.

use crate::exact;
use crate::tagged::Tagged;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use oms_domain::{Error, Outcome};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use std::convert::Infallible;

/// How many bytes of the hash stand in a tag.
const HASH_BYTES: usize = 8;

/// The version of the resource in the answer: put it before the body, `(Version(7), Json(view))`,
/// and the tag will carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl IntoResponseParts for Version {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponse for Version {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

/// The tag of an answer.
pub(super) fn tag(version: Option<Version>, body: &[u8]) -> String {
    let hash = digest(&SHA256, body);
    let hash: String = hash.as_ref().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    match version {
        Some(Version(version)) => format!("\"{version}-{hash}\""),
        None => format!("\"{hash}\""),
    }
}

/// Whether the client has this answer already, by its `If-None-Match`.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let tag = opaque(tag);
    tags(headers, &IF_NONE_MATCH).any(|known| known == "*" || opaque(known) == tag)
}

/// What `If-Match` demands. As an extractor, it never refuses; [`check`](Self::check) does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Compares with the version that a resource has now. Weak tags count, because a tag that
    /// came with a compressed answer is weak.
    ///
    /// # Errors
    /// `PreconditionFailed` where no tag names this version.
    pub fn check(&self, version: u64) -> Outcome<()> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let version = version.to_string();
        let is_current =
            |tag: &String| tag == "*" || opaque(tag).split('-').next().is_some_and(|known| known == version);
        if tags.iter().any(is_current) { Ok(()) } else { Err(Error::VersionMismatch) }
    }

    /// Whether the request names what it has seen, rather than whatever there is (`*`).
    #[must_use]
    pub fn names_what_was_seen(&self) -> bool {
        self.0.as_ref().is_some_and(|tags| tags.iter().all(|tag| tag != "*"))
    }

    /// Compares with all that is shown of a resource now. A product's version does not count its
    /// stock, nor an address's whether another one became the default: a write of these is held
    /// back by the hash.
    ///
    /// # Errors
    /// `PreconditionFailed` where no tag is that of `shown`.
    pub fn check_shown<T: Serialize>(&self, shown: &Tagged<T>) -> Outcome<()> {
        let Some(tags) = &self.0 else { return Ok(()) };
        let body = serde_json::to_vec(&shown.view).map_err(Error::internal)?;
        let current = tag(Some(shown.version()), &exact::unmarked(&body));
        let is_current = |tag: &String| tag == "*" || opaque(tag) == opaque(&current);
        if tags.iter().any(is_current) { Ok(()) } else { Err(Error::VersionMismatch) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let given = parts.headers.contains_key(IF_MATCH);
        Ok(Self(given.then(|| tags(&parts.headers, &IF_MATCH).map(str::to_owned).collect())))
    }
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !tag.is_empty())
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn if_match(value: &str) -> IfMatch {
        let request = http::Request::patch("/").header(IF_MATCH, value);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn a_write_needs_the_version_that_it_is_based_on() {
        let seen = tag(Some(Version(7)), b"{}");
        for current in [seen.as_str(), &format!("W/{seen}"), "*", "\"6-aa\", \"7-bb\"", "\"7\""] {
            assert!(if_match(current).await.check(7).is_ok(), "{current}");
        }
        for stale in ["\"6-aa\"", "\"77-aa\"", "", "W/"] {
            let refused = if_match(stale).await.check(7);
            assert!(matches!(refused, Err(Error::VersionMismatch)), "{stale}");
        }
        assert!(IfMatch::default().check(7).is_ok());
    }

    #[tokio::test]
    async fn a_write_that_is_based_on_more_than_the_version_needs_all_that_was_seen() {
        let seen = tag(Some(Version(7)), br#"{"stock":5}"#);
        let now = |version, stock| Tagged::new(version, serde_json::json!({ "stock": stock }));
        for current in [seen.as_str(), &format!("W/{seen}"), "*", &format!("\"7-aa\", {seen}")] {
            assert!(if_match(current).await.check_shown(&now(7, 5)).is_ok(), "{current}");
        }
        for shown in [now(7, 12), now(8, 5)] {
            let refused = if_match(&seen).await.check_shown(&shown);
            assert!(matches!(refused, Err(Error::VersionMismatch)), "{shown:?}");
        }
        assert!(IfMatch::default().check_shown(&now(7, 5)).is_ok());
        let names = [(seen.as_str(), true), ("*", false), ("\"7-aa\", *", false)];
        for (value, is_named) in names {
            assert_eq!(if_match(value).await.names_what_was_seen(), is_named, "{value}");
        }
        assert!(!IfMatch::default().names_what_was_seen());
    }

    #[test]
    fn an_answer_is_known_by_its_whole_tag() {
        let knows = |known: &str| {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, known.parse().unwrap())]);
            is_known(&headers, &tag(Some(Version(7)), b"{}"))
        };
        let same = tag(Some(Version(7)), b"{}");
        assert!(knows(&same) && knows(&format!("\"x\", W/{same}")) && knows("*"));
        assert!(!knows(&tag(Some(Version(7)), b"[]")) && !knows("\"7\"") && !knows(""));
    }
}
