//! `Idempotency-Key`: the same request under the same key is done once, and answered alike.
//!
//! The key travels with the request (a task-local), so that whatever the request writes to the
//! table, it writes together with the record of the key ([`crate::table::Table::remember`]). A request
//! that changes nothing leaves no record. One that dies after its write has left enough for a
//! repeat to be answered: where what it made or changed can be read.

use crate::app::App;
use crate::http::auth::{Verifier, bearer};
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::scope;
use crate::table::idempotency::{KEPT_S, Remembered};
use crate::table::keys;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use oms_domain::{Order, UserId};
use ring::digest::{Context, SHA256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tower::ServiceExt;

/// The request's header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, in characters.
pub const MAX_KEY_CHARS: usize = 255;
/// How long a request that takes several steps may be at work, in seconds, where its end is not known. A
/// repeat within that time is told to wait; one after it finds what the first one left.
const BUSY_S: i64 = 30;

tokio::task_local! {
    static PENDING: Arc<Pending>;
}

/// The key of the request in progress.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) user: String,
    pub(crate) key: String,
    fingerprint: String,
    owner: String,
    status: u16,
    path: String,
    now_s: i64,
    ends_at_s: i64,
    location: Mutex<String>,
    answer: Mutex<Option<(u16, String)>>,
    more: AtomicBool,
    written: AtomicBool,
    lost: AtomicBool,
}

/// The key of the request in progress; none outside one, and for one without a key.
pub(crate) fn pending() -> Option<Arc<Pending>> {
    PENDING.try_with(Arc::clone).ok()
}

/// Says that the request will write again after its next write: it charges or refunds.
pub fn more_to_come() {
    if let Some(pending) = pending() {
        pending.more.store(true, Ordering::Relaxed);
    }
}

/// Says what the request is going to answer once its next write is done, where that is certain and
/// cannot be read again: it is remembered with that write.
pub fn will_answer(status: StatusCode, body: &impl serde::Serialize) -> Result<(), ApiError> {
    if let Some(pending) = pending() {
        let text = serde_json::to_string(body).map_err(ApiError::internal)?;
        *pending.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some((status.as_u16(), text));
    }
    Ok(())
}

/// Says which order the next write is of, and in which version, so that the record can tell where
/// the answer is.
pub(crate) fn about(order: &Order) {
    if let Some(pending) = pending() {
        let location = location_of(&pending.path, order);
        *pending.location.lock().unwrap_or_else(PoisonError::into_inner) = location;
    }
}

/// Where what was changed can be read: what the path names, or what the order's last change added.
fn location_of(path: &str, order: &Order) -> String {
    let mut segments = path.trim_matches('/').splitn(4, '/').skip(1);
    let (group, id) = (segments.next().unwrap_or_default(), segments.next());
    let added = order.log.last().and_then(|change| {
        let ids = change.changes.keys().filter_map(|path| path.split_once('.'));
        ids.map(|(_, id)| id).find(|id| !id.contains('.'))
    });
    let order_id = order.id.to_string();
    let id = match (group, id) {
        ("orders", _) => order_id.as_str(),
        (_, Some(id)) => id,
        (_, None) => added.unwrap_or_default(),
    };
    format!("/api/{group}/{id}/?as_of={}", order.version)
}

impl Pending {
    /// What to remember with the next write, of the item with this partition key.
    pub(crate) fn record(&self, pk: &str, sk: &str) -> Remembered {
        let mut location = self.location.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if location.is_empty() {
            location = keys::path_of(pk, sk).unwrap_or_else(|| self.path.clone());
        }
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (status, body) = answer.map_or((self.status, None), |(status, body)| (status, Some(body)));
        Remembered {
            fingerprint: self.fingerprint.clone(),
            owner: self.owner.clone(),
            status,
            location,
            body,
            busy_until: if self.more.load(Ordering::Relaxed) { self.ends_at_s } else { 0 },
            expires_at: self.now_s + KEPT_S,
        }
    }

    /// Notes that the record has been written.
    pub(crate) fn wrote(&self) {
        self.written.store(true, Ordering::Relaxed);
    }

    /// Notes that another request with the key was faster.
    pub(crate) fn lost(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }
}

/// Does a request once for each key. `routes` are what the function serves, to read what an
/// earlier request left.
pub(crate) async fn once(
    State((app, routes)): State<(App, Router)>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method();
    let has_key = request.headers().contains_key(IDEMPOTENCY_KEY);
    if !has_key || ![Method::POST, Method::PUT, Method::PATCH].contains(method) {
        return next.run(request).await;
    }
    attempt(&app, routes, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn attempt(app: &App, routes: Router, request: Request, next: Next) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let key = parts.headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = key.to_owned();
    let caller = match bearer(&parts) {
        Some(token) => Arc::<Verifier>::from_ref(app).verify(token).await.ok(),
        None => None,
    };
    let Some(caller) = caller else {
        // The handler says what is wrong with the token, or needs none.
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    if key.is_empty() || key.chars().count() > MAX_KEY_CHARS {
        return Err(ApiError::Rule {
            code: "invalid_idempotency_key",
            message: format!("Idempotency-Key must have 1 to {MAX_KEY_CHARS} ASCII characters."),
        });
    }
    let body = body::read(body).await?;
    let path = parts.uri.path().to_owned();
    let fingerprint = fingerprint(&parts.method, &parts.uri, &body);
    let user = caller.user.id.clone();
    if let Some(earlier) = app.table().remembered(&user.0, &key, app.now()).await? {
        return answer_again(app, routes, &earlier, &fingerprint, &parts.headers).await;
    }
    let pending = Arc::new(Pending {
        user: user.0.clone(),
        key,
        fingerprint,
        owner: crate::config::random_uuid_v7().to_string(),
        status: expected_status(&parts.method, &path),
        path,
        now_s: app.now().as_second(),
        ends_at_s: ends_at_s(app.now()),
        location: Mutex::default(),
        answer: Mutex::default(),
        more: AtomicBool::default(),
        written: AtomicBool::default(),
        lost: AtomicBool::default(),
    });
    let headers = parts.headers.clone();
    let request = Request::from_parts(parts, Body::from(body));
    let response = PENDING.scope(Arc::clone(&pending), next.run(request)).await;
    if pending.lost.load(Ordering::Relaxed) && !pending.written.load(Ordering::Relaxed) {
        let earlier = app.table().remembered(&user.0, &pending.key, app.now()).await?;
        return match earlier {
            Some(earlier) => answer_again(app, routes, &earlier, &pending.fingerprint, &headers).await,
            None => Ok(response),
        };
    }
    keep_answer(app, &user, &pending, response).await
}

/// When the function will have been ended, if the request in progress is not done by then.
fn ends_at_s(now: Timestamp) -> i64 {
    let end = scope::current().and_then(|scope| scope.deadline().ends_at_s(now));
    end.unwrap_or(now.as_second() + BUSY_S)
}

/// Remembers the answer itself where it cannot be read again later.
async fn keep_answer(
    app: &App,
    user: &UserId,
    pending: &Pending,
    response: Response,
) -> Result<Response, ApiError> {
    let derivable = pending.path.starts_with("/api/orders/")
        && response.status().as_u16() == pending.status
        && !pending.more.load(Ordering::Relaxed);
    let is_kept = pending.answer.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    if derivable || is_kept || !pending.written.load(Ordering::Relaxed) {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(ApiError::internal)?.to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let status = parts.status.as_u16();
    let kept = app.table().remember_answer(&user.0, &pending.key, &pending.owner, status, &text).await;
    if let Err(error) = kept {
        // The work is done and the record says where to read it; only the wording may differ.
        tracing::warn!(error = crate::http::logging::chain(&error), "the answer was not remembered");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// The answer to a request whose key is remembered.
async fn answer_again(
    app: &App,
    routes: Router,
    earlier: &Remembered,
    fingerprint: &str,
    headers: &http::HeaderMap,
) -> Result<Response, ApiError> {
    if earlier.fingerprint != fingerprint {
        return Err(ApiError::Unprocessable {
            code: "idempotency_key_reused",
            message: "This Idempotency-Key was used for another request.".to_owned(),
        });
    }
    if earlier.busy_until > app.now().as_second() {
        return Err(ApiError::Conflict {
            code: "idempotency_key_in_use",
            message: "A request with this Idempotency-Key is still running.".to_owned(),
        });
    }
    let status = StatusCode::from_u16(earlier.status).unwrap_or(StatusCode::OK);
    let mut response = match &earlier.body {
        Some(body) => {
            let json = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, json)], body.clone()).into_response()
        }
        None => read_again(routes, &earlier.location, headers).await?,
    };
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Reads what the earlier request left, as the same caller.
async fn read_again(routes: Router, location: &str, headers: &http::HeaderMap) -> Result<Response, ApiError> {
    let mut request = Request::get(location).body(Body::empty()).map_err(ApiError::internal)?;
    let authorization = headers.get(http::header::AUTHORIZATION).cloned();
    request.headers_mut().extend(authorization.map(|value| (http::header::AUTHORIZATION, value)));
    match routes.oneshot(request).await {
        Ok(response) => Ok(response),
        Err(impossible) => match impossible {},
    }
}

/// A POST to a collection makes something; everything else changes something.
fn expected_status(method: &Method, path: &str) -> u16 {
    let is_collection =
        path.trim_matches('/').split('/').count() == 2 || path == "/api/notifications/subscriptions/";
    if *method == Method::POST && is_collection { 201 } else { 200 }
}

/// Tells one request from another.
fn fingerprint(method: &Method, uri: &http::Uri, body: &[u8]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in [method.as_str(), uri.path(), uri.query().unwrap_or_default()] {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    hash.update(body);
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
