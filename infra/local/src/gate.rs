//! Where the API's clients knock. `cargo lambda watch` stops answering for good once about a
//! hundred requests wait for one function, so the gate lets some in at a time and keeps the others
//! waiting. What API Gateway refuses is refused here, and what cargo-lambda cannot read goes
//! another way ([`carried`]). And it hands out the tokens of the demo, to pages of this machine
//! alone: no function knows of them, so nothing that is deployed does.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::tokens::{Issuer, LIFETIME_S, User};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::carried;
use crate::limits::{BODY, PAYLOAD, Refusal};

/// How many requests are let in at a time.
const AT_A_TIME: usize = 64;

/// Where the console asks for the people of the demo.
const PEOPLE: &str = "/api/console/people.json";

/// Lets requests in to the functions.
#[derive(Clone)]
pub struct Gate {
    issuer: Arc<Issuer>,
    http: Client,
    upstream: String,
    places: Arc<Semaphore>,
}

impl Gate {
    /// To the functions at `upstream`, which take the tokens of `issuer`.
    pub fn new(upstream: &str, issuer: Arc<Issuer>) -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build().doing("making a client")?;
        Ok(Self { issuer, http, upstream: upstream.to_owned(), places: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// Serves until the stack ends.
    pub async fn serve(self, listener: TcpListener) -> Error {
        let router = Router::new().route(PEOPLE, get(people)).fallback(let_in).with_state(self);
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

/// The people of the demo, each with a token. A name of somebody else's that leads to this machine
/// would make their page one of the same origin.
async fn people(State(gate): State<Gate>, headers: HeaderMap) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let people: Result<Vec<Value>> = User::demo()
        .iter()
        .map(|user| Ok(json!({ "name": user.name, "token": gate.issuer.token(user, LIFETIME_S)? })))
        .collect();
    match people {
        Ok(people) => ([(CACHE_CONTROL, "no-store")], Json(people)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn let_in(State(gate): State<Gate>, request: Request) -> Response {
    let Ok(_place) = gate.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let answer = gate.pass_on(request).await;
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}
