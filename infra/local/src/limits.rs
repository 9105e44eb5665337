//! What Lambda and API Gateway let through, and what they answer to what is too large.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

/// The most that a function can be given or can answer, in bytes of its event's JSON.
pub(crate) const PAYLOAD: usize = 6_291_556;
/// The largest body that API Gateway takes, in bytes.
pub(crate) const BODY: usize = 10 * 1024 * 1024;

/// Something that API Gateway says for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A header is no text.
    BadRequest,
    /// The body is larger than API Gateway takes.
    BodyTooLarge,
    /// What would be handed to the function is larger than Lambda takes.
    RequestTooLarge,
    /// What the function has answered is larger than Lambda takes.
    AnswerTooLarge,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge | Self::RequestTooLarge | Self::AnswerTooLarge => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
        }
    }

    fn body(self) -> String {
        let message = match self {
            Self::BadRequest => "Bad Request",
            Self::BodyTooLarge => "Request Entity Too Large",
            Self::RequestTooLarge => "Request Too Long",
            Self::AnswerTooLarge => {
                "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
            }
        };
        json!({ "message": message }).to_string()
    }

    /// As a client is answered.
    pub(crate) fn response(self) -> Response {
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// As a function answers API Gateway.
    pub(crate) fn answer(self) -> Value {
        json!({
            "statusCode": self.status().as_u16(),
            "headers": { "content-type": "application/json" },
            "multiValueHeaders": {},
            "cookies": [],
            "isBase64Encoded": false,
            "body": self.body(),
        })
    }
}
