//! `Idempotency-Key`: the same request under the same key is done once, and answered alike.
//!
//! The key travels with the request ([`RequestContext`]), and each write that its answer depends on
//! is given it, to write the record of the key with it ([`oms_table::Table::remember`]). A request
//! that changes nothing leaves no record. One that dies after its write has left enough for a
//! repeat to be answered: where what it made or changed can be read. One that writes more than once
//! says so ([`RequestContext::more_to_come`]): until its answer is known its record is one of a
//! request that is running, and of one that was cut off once its function's time is over; the
//! repeat goes on with it (`again.rs`).

mod again;
pub(crate) mod pending;

use self::again::{answer_again, check_same};
use self::pending::{Pending, left_of};
use crate::app::App;
use crate::request::RequestContext;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, Method, StatusCode};
use http_body_util::BodyExt;
use oms_domain::{Error, card};
use oms_http::Reply;
use oms_http::auth::{Verifier, bearer};
use oms_http::body;
use oms_http::validation::NO_CARD_NUMBERS;
use oms_runtime::invocation::Invocation;
use oms_table::TableError;
use oms_table::idempotency::Stand;
use ring::digest::{Context, SHA256};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// The request's header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, in characters.
pub const MAX_KEY_CHARS: usize = 255;

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

async fn attempt(app: &App, routes: Router, request: Request, next: Next) -> Reply<Response> {
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
        let message = format!("Idempotency-Key must have 1 to {MAX_KEY_CHARS} ASCII characters.");
        return Err(Error::Rule { code: "invalid_idempotency_key", message }.into());
    }
    if card::is_in_text(&key) {
        let message = NO_CARD_NUMBERS.to_owned();
        return Err(Error::Rule { code: "invalid_idempotency_key", message }.into());
    }
    let body = body::read(body).await?;
    let fingerprint = fingerprint(&parts.method, &parts.uri, &body);
    let (user, headers) = (caller.user.id, parts.headers.clone());
    let invocation = parts.extensions.get::<Arc<Invocation>>().cloned();
    let asker = (&headers, invocation.as_ref());
    let mut pending = Pending::new(user, key, fingerprint, &parts.method, parts.uri.path(), app.now());
    if let Some(earlier) = app.table().remembered(&pending.user, &pending.key, app.now()).await? {
        check_same(&earlier, &pending.fingerprint)?;
        match left_of(&earlier).filter(|_| earlier.stand(app.now()) == Stand::CutOff) {
            Some(left) => pending.go_on(app.table(), &earlier, left).await?,
            None => return answer_again(app, routes, &earlier, asker).await,
        }
    }
    let pending = Arc::new(pending);
    let context = RequestContext { key: Some(Arc::clone(&pending)), ..RequestContext::default() };
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(context);
    let response = next.run(request).await;
    if pending.written.load(Ordering::Relaxed) {
        return store_answer(app, &pending, response).await;
    }
    if response.status().is_server_error() {
        return Ok(response);
    }
    // Another request with the key may have been faster, and be why this one was refused or found
    // nothing to do.
    match app.table().remembered(&pending.user, &pending.key, app.now()).await? {
        Some(earlier) => {
            check_same(&earlier, &pending.fingerprint)?;
            answer_again(app, routes, &earlier, asker).await
        }
        None => Ok(response),
    }
}

/// Remembers the answer itself where it cannot be read again later. What went wrong on our side is
/// none: a repeat goes on.
async fn store_answer(app: &App, pending: &Pending, response: Response) -> Reply<Response> {
    let (status, takes_steps) = (response.status(), pending.more.load(Ordering::Relaxed));
    let has_ended = !status.is_server_error() && status != StatusCode::CONFLICT;
    let derivable = pending.path.starts_with("/api/orders/") && status.as_u16() == pending.status;
    let is_kept = derivable || pending.answer.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    if !takes_steps && (is_kept || !has_ended) {
        return Ok(response);
    }
    if !has_ended {
        let now_s = app.now().as_second();
        log_lost(app.table().let_go(&pending.user, &pending.key, &pending.owner, now_s).await);
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(Error::internal)?.to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let (user, key, owner) = (&pending.user, &pending.key, &pending.owner);
    let text = (!pending.secret.load(Ordering::Relaxed)).then_some(&*text);
    log_lost(app.table().remember_answer(user, key, owner, status.as_u16(), text).await);
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// The work is done and the record says where to read it, or that it was cut off: a repeat goes on.
fn log_lost(kept: Result<(), TableError>) {
    if let Err(error) = kept {
        tracing::warn!(error = oms_runtime::logging::chain(&error), "the answer was not remembered");
    }
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
