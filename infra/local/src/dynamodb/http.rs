//! The door for other processes: DynamoDB's JSON over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use oms_workspace::error::Error;
use tokio::net::TcpListener;

use super::api::Answer;
use super::call::Call;
use super::request_router::RequestRouter;

/// The most that a request may hold, in bytes: a batch of 16 MB.
const LARGEST: usize = 16 * 1024 * 1024;
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

impl RequestRouter {
    /// Serves until the stack ends.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> Error {
        let router = Router::new().route("/", post(call)).layer(DefaultBodyLimit::max(LARGEST));
        let ended = axum::serve(listener, router.with_state(self)).await;
        Error::Setup(format!("the local DynamoDB stopped: {ended:?}"))
    }
}

async fn call(State(router): State<Arc<RequestRouter>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(body) = serde_json::from_slice(&body) else {
        return written(Answer::error(400, "SerializationException", "The body is no JSON."));
    };
    let call = Call {
        operation: Call::operation_of(text("x-amz-target")).to_owned(),
        body,
        caller: Call::caller_of(text("authorization")).to_owned(),
    };
    match router.answer(call).await {
        Some(answer) => written(answer),
        None => lost(),
    }
}

fn written(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, CONTENT_TYPE)], answer.body).into_response()
}

/// Closes the connection in the middle of an answer.
fn lost() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("lost")) });
    Body::from_stream(broken).into_response()
}
