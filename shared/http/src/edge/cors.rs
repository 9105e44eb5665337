//! Which browsers' pages may call. It is decided here and not at the gateway, which would drop
//! what the function says about it.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
const REQUEST_HEADERS: &str =
    "accept, authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id";
const ANSWER_HEADERS: &str = "allow, etag, idempotent-replayed, location, ratelimit, ratelimit-policy, retry-after, x-cache, \
     x-consumed-capacity, x-request-id";
/// A day, in seconds.
const PREFLIGHT_MAX_AGE: &str = "86400";

pub(super) enum Cors {
    /// Tokens are sent by scripts and not by the browser itself, so that this gives nothing away.
    Any,
    Only(Vec<Origin>),
}

/// Where pages come from that may call.
pub(super) enum Origin {
    This(String),
    /// Of a host with whichever port, as `http://localhost:*` says it: the origin up to the port.
    AnyPort(String),
}

impl Origin {
    fn new(text: &str) -> Self {
        match text.strip_suffix(":*") {
            Some(host) => Self::AnyPort(host.to_owned()),
            None => Self::This(text.to_owned()),
        }
    }

    fn is(&self, asked: &str) -> bool {
        match self {
            Self::This(origin) => origin == asked,
            Self::AnyPort(host) => asked.strip_prefix(host.as_str()).is_some_and(|rest| {
                let port = rest.strip_prefix(':').unwrap_or_default();
                rest.is_empty() || (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
            }),
        }
    }
}

impl Cors {
    pub(super) fn new(origins: &[String]) -> Self {
        if origins.iter().any(|origin| origin == "*") {
            Self::Any
        } else {
            Self::Only(origins.iter().map(|origin| Origin::new(origin)).collect())
        }
    }

    /// The answer to a browser that asks whether it may send a request. Where it may not, it is
    /// empty as well, without the headers that would allow it.
    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let asked = request.headers();
        let is_preflight = request.method() == Method::OPTIONS
            && asked.contains_key(ORIGIN)
            && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = Response::new(Body::empty());
        if self.allowed(asked).is_some() {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_MAX_AGE));
        }
        Some(response)
    }

    /// Lets the page that asked read the answer, where it may.
    pub(super) fn allow(&self, headers: &mut HeaderMap, asked: &HeaderMap) {
        if let Self::Only(origins) = self
            && !origins.is_empty()
        {
            headers.append(VARY, HeaderValue::from(ORIGIN));
        }
        if let Some(origin) = self.allowed(asked) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
        }
    }

    fn allowed(&self, asked: &HeaderMap) -> Option<HeaderValue> {
        let origin = asked.get(ORIGIN)?;
        match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Only(origins) => {
                let asked = origin.to_str().ok()?;
                origins.iter().any(|known| known.is(asked)).then(|| origin.clone())
            }
        }
    }
}
