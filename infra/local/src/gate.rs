//! Where the API's clients knock. `cargo lambda watch` stops answering for good once about a
//! hundred requests wait for one function, so the gate lets some in at a time and keeps the others
//! waiting. What API Gateway refuses is refused here, and what cargo-lambda cannot read goes
//! another way ([`carried`]).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use oms_workspace::error::{Doing, Error, Result};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::carried;
use crate::limits::{BODY, PAYLOAD, Refusal};

/// How many requests are let in at a time.
const AT_A_TIME: usize = 64;

/// Lets requests in to the functions.
#[derive(Clone)]
pub struct Gate {
    http: Client,
    upstream: String,
    places: Arc<Semaphore>,
}

impl Gate {
    /// To the functions at `upstream`.
    pub fn new(upstream: &str) -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().doing("making a client")?;
        Ok(Self { http, upstream: upstream.to_owned(), places: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// Serves until the stack ends.
    pub async fn serve(self, listener: TcpListener) -> Error {
        let router = Router::new().fallback(let_in).with_state(self);
        let ended = axum::serve(listener, router).await;
        Error::Setup(format!("the gate to the API stopped: {ended:?}"))
    }

    async fn pass_on(&self, request: Request) -> reqwest::Result<Response> {
        let (parts, body) = request.into_parts();
        // A little more is read, so that most clients are done with sending when they hear of it.
        let body = axum::body::to_bytes(body, BODY + BODY / 8).await;
        let Some(body) = body.ok().filter(|body| body.len() <= BODY) else {
            return Ok(Refusal::BodyTooLarge.response());
        };
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let Some((mut headers, body)) = carried::readable(parts.headers, body) else {
            return Ok(Refusal::BadRequest.response());
        };
        if carried::bytes_in_event(&body) > PAYLOAD {
            return Ok(Refusal::RequestTooLarge.response());
        }
        headers.remove("transfer-encoding");
        let url = format!("{}{target}", self.upstream);
        let answer = self.http.request(parts.method, url).headers(headers).body(body).send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove("transfer-encoding");
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

async fn let_in(State(gate): State<Gate>, request: Request) -> Response {
    let Ok(_place) = gate.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let answer = gate.pass_on(request).await;
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}
