//! The outermost layer of every HTTP function: what is the same for each request, whatever it
//! asks for.

mod accept;
pub mod coding;
mod cors;
mod metadata;
mod path;
#[cfg(test)]
mod tests;

use self::coding::Coding;
use self::cors::Cors;
use super::error::{Fault, internal_error};
use super::pages::{self, AskedPath};
use super::{ApiError, etag, exact};
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::FutureExt;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use oms_domain::card;
use oms_runtime::config::Config;
use oms_runtime::deadline::Deadline;
use oms_runtime::invocation::{self, Invocation};
use oms_runtime::{clock, ids, logging};
use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tower::{Service, ServiceExt};
use tracing::Instrument;
use tracing::field::Empty;

/// The request's id, on requests and answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the request cost, on answers where `DEBUG_CAPACITY` is on.
pub const X_CONSUMED_CAPACITY: HeaderName = HeaderName::from_static("x-consumed-capacity");

/// The longest request id that is taken from a caller, in characters.
pub const MAX_REQUEST_ID_CHARS: usize = 128;

/// The largest answer that leaves a function, in bytes: Lambda's 6,291,556, less room for headers.
const MAX_ANSWER_BYTES: usize = 6_260_000;

/// Lists and resources may be kept by their reader alone, and asked for again each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, max-age=0, must-revalidate");

/// Answers the invocations of this Lambda function from a router, until the environment is shut
/// down.
///
/// # Errors
/// The Lambda runtime cannot be reached.
pub async fn serve(router: Router, config: &Config) -> Result<(), lambda_http::Error> {
    logging::init(config);
    let edge = wrap(router, config);
    lambda_http::run(edge.map_request(|request: lambda_http::Request| request.map(Body::new))).await
}

/// Puts the edge around a router, whose paths begin with `/api/` and end with a slash.
pub fn wrap(
    router: Router,
    config: &Config,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static {
    let edge = Arc::new(Edge {
        router: router.fallback(unknown_path).method_not_allowed_fallback(no_such_method),
        cors: Cors::new(&config.cors_origins),
        shows_capacity: config.debug_capacity,
    });
    tower::service_fn(move |request: Request| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(edge.answer(request).await) }
    })
}

struct Edge {
    router: Router,
    cors: Cors,
    shows_capacity: bool,
}

/// Marks an answer of the router that knows the path but not the method.
#[derive(Clone)]
struct NoSuchMethod(Option<MatchedPath>);

async fn unknown_path() -> ApiError {
    ApiError::UnknownPath
}

async fn no_such_method(matched: Option<MatchedPath>) -> Response {
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    response.extensions_mut().insert(NoSuchMethod(matched));
    response
}

impl Edge {
    async fn answer(&self, request: Request) -> Response {
        let started = Instant::now();
        let deadline = request.extensions().get::<lambda_http::Context>();
        let deadline = deadline.map(|context| Deadline::of(context, clock::now())).unwrap_or_default();
        let (method, path) = (request.method().clone(), path::to_log(request.uri().path()));
        let invocation = Arc::new(Invocation::new(request_id(&request), deadline).at(path.clone()));
        let span = tracing::error_span!(
            "request",
            request_id = invocation.request_id(),
            %method,
            path,
            user = Empty,
            order = Empty
        );
        let asked = request.headers().clone();

        let mut request = request;
        request.extensions_mut().insert(Arc::clone(&invocation));
        let respond = self.respond(request).instrument(span.clone());
        let mut response = invocation::within(Arc::clone(&invocation), respond).await;
        self.add_headers(response.headers_mut(), &asked, &invocation);

        let consumed = invocation.meter().total();
        let _entered = span.enter();
        tracing::info!(
            method = %method,
            path,
            status = response.status().as_u16(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            user = invocation.user(),
            rcu = %consumed.read_units(),
            wcu = %consumed.write_units(),
            trips = consumed.trips,
            "answered"
        );
        response
    }

    /// The answer as it is sent. Whether the client has it already is seen last, when the answer to
    /// it is known with all its headers: a 304 and a HEAD carry the tag of the 200 in their place.
    async fn respond(&self, request: Request) -> Response {
        if let Some(preflight) = self.cors.preflight(&request) {
            return preflight;
        }
        let (asked_headers, asked_method) = (request.headers().clone(), request.method().clone());
        let mut response = self.whole(request).await;
        let coding = Coding::choose(&mut response, &asked_headers);
        weaken_tag(response.headers_mut());
        let is_read = matches!(asked_method, Method::GET | Method::HEAD);
        if is_read && response.status() == StatusCode::OK && is_known(&asked_headers, response.headers()) {
            return not_modified(response);
        }
        let response = match coding {
            None => response,
            Some(coding) => coding.apply(response).await,
        };
        if asked_method == Method::HEAD { without_body(response) } else { response }
    }

    /// The answer with its body, neither compressed nor compared with what the client has.
    async fn whole(&self, request: Request) -> Response {
        let content_type = match accept::negotiate(request.headers()) {
            Ok(content_type) => content_type,
            Err(error) => return error.into_response(),
        };
        let asked_method = request.method().clone();
        let invocation = request.extensions().get::<Arc<Invocation>>().cloned().unwrap_or_default();
        let response = match prepare(request) {
            Ok(request) => self.route(request, &asked_method).await,
            Err(error) => error.into_response(),
        };
        let response = sendable(response).await;
        let mut response = tagged(response, &asked_method).await;
        answer_fault(&mut response, &invocation);
        let content = response.headers_mut().get_mut(CONTENT_TYPE);
        if let Some(content) = content.filter(|content| content.as_bytes().starts_with(b"application/json")) {
            *content = content_type;
        }
        response
    }

    async fn route(&self, request: Request, asked: &Method) -> Response {
        let caught = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind().await;
        let response = match caught {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                let message = format!("a handler panicked: {}", panic_message(panic.as_ref()));
                ApiError::internal(message).into_response()
            }
        };
        match response.extensions().get::<NoSuchMethod>() {
            Some(NoSuchMethod(matched)) => {
                let allow = allowed(response.headers());
                if asked == Method::OPTIONS {
                    metadata::describe(matched.as_ref().map(MatchedPath::as_str), &allow)
                } else {
                    ApiError::MethodNotAllowed { method: asked.to_string(), allow }.into_response()
                }
            }
            None => response,
        }
    }

    fn add_headers(&self, headers: &mut HeaderMap, asked: &HeaderMap, invocation: &Invocation) {
        if let Ok(id) = HeaderValue::from_str(invocation.request_id()) {
            headers.insert(X_REQUEST_ID, id);
        }
        if self.shows_capacity
            && let Ok(consumed) = HeaderValue::from_str(&invocation.meter().total().to_string())
        {
            headers.insert(X_CONSUMED_CAPACITY, consumed);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.append(VARY, HeaderValue::from_static("accept, authorization"));
        self.cors.allow(headers, asked);
        vary_once(headers);
    }
}

/// Brings a request into the one form that routes are declared in.
fn prepare(mut request: Request) -> Result<Request, ApiError> {
    let asked = request.uri().path().to_owned();
    let path = path::normal(&asked)?;
    if path != asked {
        let uri = path::with_path(request.uri(), &path).ok_or(ApiError::UnknownPath)?;
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(AskedPath(asked));
    // The tag and the length of an answer are those of its body, so it must be made.
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    Ok(request)
}

/// The caller's own id where it can stand in a header and a log, else Lambda's, else a new one.
fn request_id(request: &Request) -> String {
    let callers = request.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    // It stands in the log.
    let is_sane = |id: &&str| (1..=MAX_REQUEST_ID_CHARS).contains(&id.len()) && !card::is_in_text(id);
    if let Some(id) = callers.map(str::trim).filter(is_sane) {
        return id.to_owned();
    }
    let lambda = request.extensions().get::<lambda_http::Context>();
    lambda
        .map(|context| context.request_id.clone())
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| ids::random_uuid_v7().to_string())
}

/// The methods of a path, with those that work on every one.
fn allowed(headers: &HeaderMap) -> String {
    let routed = headers.get(ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
    let methods = routed.split(',').map(str::trim).filter(|method| !method.is_empty());
    methods.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
}

/// Writes an answer as clients read it, and answers 500 in the place of one that Lambda would not
/// send: what is logged is what the client sees.
async fn sendable(response: Response) -> Response {
    let content = response.headers().get(CONTENT_TYPE);
    if content.is_none_or(|content| !content.as_bytes().starts_with(b"application/json")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let body = match exact::unmarked(&body) {
        Cow::Borrowed(_) => body,
        Cow::Owned(written) => written.into(),
    };
    let size = pages::sent_bytes(&body);
    if size > MAX_ANSWER_BYTES {
        return ApiError::internal(format!("the answer has {size} bytes, too many to send")).into_response();
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response::from_parts(parts, Body::from(body))
}

/// Adds the tag to a successful answer.
async fn tagged(response: Response, method: &Method) -> Response {
    let is_read = matches!(*method, Method::GET | Method::HEAD) && response.status() == StatusCode::OK;
    let version = response.extensions().get::<etag::Version>().copied();
    let is_tagged = is_read || (version.is_some() && response.status().is_success());
    if !is_tagged || response.headers().contains_key(ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return ApiError::internal(error).into_response(),
    };
    let tag = etag::tag(version, &body);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, value);
    }
    if is_read {
        parts.headers.entry(CACHE_CONTROL).or_insert(REVALIDATE);
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response::from_parts(parts, Body::from(body))
}

/// Logs what went wrong on our side, if anything did, and tells the client the id to find it by.
fn answer_fault(response: &mut Response, invocation: &Invocation) {
    let Some(Fault(error)) = response.extensions_mut().remove::<Fault>() else { return };
    tracing::error!(error = logging::chain(error.as_ref()), "the request failed");
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let body = Json(internal_error(invocation.request_id())).into_response();
        response.headers_mut().remove(CONTENT_LENGTH);
        *response.body_mut() = body.into_body();
    }
}

fn without_body(response: Response) -> Response {
    response.map(|_| Body::empty())
}

/// Whether the client has this answer already.
fn is_known(asked: &HeaderMap, answer: &HeaderMap) -> bool {
    let tag = answer.get(ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| etag::is_known(asked, tag))
}

/// The answer to a client that has this one already.
fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    for of_the_body in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
        response.headers_mut().remove(of_the_body);
    }
    without_body(response)
}

/// A strong tag promises the same bytes, which compression does not keep.
fn weaken_tag(headers: &mut HeaderMap) {
    if headers.contains_key(CONTENT_ENCODING)
        && let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok())
        && !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}"))
    {
        headers.insert(ETAG, weak);
    }
}

/// One `Vary` of all that are there: of a header that stands twice, API Gateway is told the first
/// only.
fn vary_once(headers: &mut HeaderMap) {
    let mut names = BTreeSet::from([ACCEPT_ENCODING.to_string()]);
    for vary in headers.get_all(VARY) {
        let listed = vary.to_str().unwrap_or_default().split(',');
        names.extend(listed.map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty()));
    }
    let joined = names.into_iter().collect::<Vec<_>>().join(", ");
    if let Ok(joined) = HeaderValue::from_str(&joined) {
        headers.insert(VARY, joined);
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
