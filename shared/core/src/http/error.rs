//! What a request can end in besides success, and how a client hears of it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use oms_runtime::scope;
use serde::Serialize;
use serde_json::{Value, json};
use std::error::Error;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a handler returns.
pub type Reply<T> = Result<T, ApiError>;

/// Seconds after which a client that was turned away for load may try again.
pub const RETRY_AFTER_SECONDS: u64 = 1;

/// Seconds after which it may be worth while for somebody with too many unpaid orders to try again.
pub const UNPAID_RETRY_AFTER_SECONDS: u64 = 60;

/// Everything that an endpoint may answer instead of success. The message of each variant is what the client reads, so that nothing
/// internal may stand in it.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: fields that are missing or wrong, as `{"field": ["message"]}`, all at once.
    #[error("Validation failed")]
    Validation(Value),
    /// 400: a business rule forbids it.
    #[error("{message}")]
    Rule {
        /// Stable and machine-readable, such as `insufficient_stock`.
        code: &'static str,
        /// For people. Clients rely on the wording.
        message: String,
    },
    /// 400: a business rule forbids it, for a reason that its message leaves open.
    #[error("{message}")]
    RuleBecause {
        /// Stable and machine-readable.
        code: &'static str,
        /// For people. Clients rely on the wording.
        message: String,
        /// Why; the client reads it as `details`.
        why: &'static str,
    },
    /// 400: the body is no JSON. Holds what is wrong and where.
    #[error("JSON parse error - {0}")]
    ParseError(String),
    /// 401: no token, a bad one, an expired one.
    #[error("Authentication required")]
    Unauthenticated,
    /// 402: the gateway refused the payment; `details` says how it stands.
    #[error("Payment was declined")]
    Declined {
        /// What the client may know of the refusal.
        details: Value,
    },
    /// 403: the caller sees it but may not do this.
    #[error("Insufficient permissions")]
    Forbidden,
    /// 403: likewise, and it says who may.
    #[error("Insufficient permissions")]
    ForbiddenBecause(&'static str),
    /// 404: there is no such thing, or the caller may not see it. Holds its noun, such as `Order`.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// 404: nothing is served at this path.
    #[error("Not found")]
    UnknownPath,
    /// 404: `page` is no page of this list.
    #[error("Invalid page.")]
    InvalidPage,
    /// 404: the URL asks for a version that does not exist.
    #[error("Invalid version in URL path.")]
    InvalidUrlVersion,
    /// 405: the path exists, the method on it does not.
    #[error("Method \"{method}\" not allowed.")]
    MethodNotAllowed {
        /// What was tried.
        method: String,
        /// What would have worked, comma-separated.
        allow: String,
    },
    /// 406: `Accept` asks for a version that does not exist.
    #[error("Invalid version in \"Accept\" header.")]
    NotAcceptable,
    /// 409: another request came first.
    #[error("{message}")]
    Conflict {
        /// Stable and machine-readable.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// 412: `If-Match` names a version that is no longer the current one.
    #[error("The resource has changed since you read it")]
    PreconditionFailed,
    /// 413: the body is too large.
    #[error("Request body is larger than 1 MB")]
    PayloadTooLarge,
    /// 415: the body is of a type that is not read. Holds that type.
    #[error("Unsupported media type \"{0}\" in request.")]
    UnsupportedMediaType(String),
    /// 422: well-formed but contradictory, as an idempotency key used for another request.
    #[error("{message}")]
    Unprocessable {
        /// Stable and machine-readable.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// 429: the caller sends too much.
    #[error("Request was throttled")]
    TooManyRequests,
    /// 429: the caller has so many orders that nobody has paid that they may not place another.
    #[error("You have {limit} unpaid orders: pay or cancel one of them first.")]
    TooManyUnpaid {
        /// How many they may have.
        limit: u32,
    },
    /// 503: what we depend on is overloaded or out of reach, after retries.
    #[error("Service temporarily unavailable, try again later")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// 500: a fault of ours. The edge logs it with its chain; the client gets the request id.
    #[error("Failed to process request")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// For people.
    #[schema(example = "Validation failed")]
    pub error: String,
    /// For programs: stable, whatever the wording.
    #[schema(example = "validation_failed")]
    pub code: &'static str,
    /// What is wrong with which field, why a rule forbids it, or the id of the failed request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// A fault on its way from the handler to the edge, which logs it once.
#[derive(Clone)]
pub(super) struct Fault(pub(super) Arc<dyn Error + Send + Sync>);

impl ApiError {
    /// A validation error of a single field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Validation(json!({ name: [message.into()] }))
    }

    /// Speaks of something else where this says that a thing was not found: of the child that was
    /// asked for rather than of its order, or of the field that named the order.
    #[must_use]
    pub fn not_found_as(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::NotFound(_)) { other() } else { self }
    }

    /// A fault of ours.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Validation(_) | Self::Rule { .. } | Self::RuleBecause { .. } | Self::ParseError(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Declined { .. } => StatusCode::PAYMENT_REQUIRED,
            Self::Forbidden | Self::ForbiddenBecause(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::UnknownPath | Self::InvalidPage | Self::InvalidUrlVersion => {
                StatusCode::NOT_FOUND
            }
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests | Self::TooManyUnpaid { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable, machine-readable name of what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Validation(_) => "validation_failed",
            Self::Rule { code, .. }
            | Self::RuleBecause { code, .. }
            | Self::Conflict { code, .. }
            | Self::Unprocessable { code, .. } => code,
            Self::ParseError(_) => "parse_error",
            Self::Unauthenticated => "not_authenticated",
            Self::Declined { .. } => "payment_declined",
            Self::Forbidden | Self::ForbiddenBecause(_) => "permission_denied",
            Self::NotFound(_) | Self::UnknownPath => "not_found",
            Self::InvalidPage => "invalid_page",
            Self::InvalidUrlVersion | Self::NotAcceptable => "invalid_version",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::PreconditionFailed => "precondition_failed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::TooManyRequests => "throttled",
            Self::TooManyUnpaid { .. } => "too_many_unpaid_orders",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal_error",
        }
    }

    fn into_details(self) -> (Option<Value>, Option<Fault>) {
        match self {
            Self::Validation(details) | Self::Declined { details } => (Some(details), None),
            Self::RuleBecause { why, .. } | Self::ForbiddenBecause(why) => (Some(why.into()), None),
            Self::Internal(error) => {
                let request_id = scope::current().map(|scope| scope.request_id().to_owned());
                (request_id.map(Value::String), Some(Fault(error.into())))
            }
            Self::Unavailable(error) => (None, Some(Fault(error.into()))),
            Self::Rule { .. }
            | Self::ParseError(_)
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound(_)
            | Self::UnknownPath
            | Self::InvalidPage
            | Self::InvalidUrlVersion
            | Self::MethodNotAllowed { .. }
            | Self::NotAcceptable
            | Self::Conflict { .. }
            | Self::PreconditionFailed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType(_)
            | Self::Unprocessable { .. }
            | Self::TooManyRequests
            | Self::TooManyUnpaid { .. } => (None, None),
        }
    }

    /// The header that some statuses need for a client to know what to do next.
    fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooManyRequests | Self::Unavailable(_) => {
                Some((RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS)))
            }
            Self::TooManyUnpaid { .. } => Some((RETRY_AFTER, HeaderValue::from(UNPAID_RETRY_AFTER_SECONDS))),
            Self::MethodNotAllowed { allow, .. } => {
                HeaderValue::from_str(allow).ok().map(|allow| (ALLOW, allow))
            }
            Self::Validation(_)
            | Self::Rule { .. }
            | Self::RuleBecause { .. }
            | Self::ParseError(_)
            | Self::Declined { .. }
            | Self::Forbidden
            | Self::ForbiddenBecause(_)
            | Self::NotFound(_)
            | Self::UnknownPath
            | Self::InvalidPage
            | Self::InvalidUrlVersion
            | Self::NotAcceptable
            | Self::Conflict { .. }
            | Self::PreconditionFailed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType(_)
            | Self::Unprocessable { .. }
            | Self::Internal(_) => None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, header, error) = (self.status(), self.code(), self.header(), self.to_string());
        if matches!(self, Self::Rule { .. } | Self::RuleBecause { .. } | Self::Declined { .. }) {
            tracing::warn!(code, "a business rule forbids it");
        }
        let (details, fault) = self.into_details();
        let mut response = (status, Json(ErrorBody { error, code, details })).into_response();
        response.headers_mut().extend(header);
        if let Some(fault) = fault {
            response.extensions_mut().insert(fault);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_runtime::deadline::Deadline;

    async fn body(error: ApiError) -> Value {
        let response = error.into_response();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn errors_have_the_original_shape_and_a_code() {
        assert_eq!(
            body(ApiError::field("order", "This field is required.")).await,
            json!({
                "error": "Validation failed",
                "code": "validation_failed",
                "details": {"order": ["This field is required."]},
            })
        );
        assert_eq!(
            body(ApiError::NotFound("Order item")).await,
            json!({"error": "Order item not found", "code": "not_found"})
        );
    }

    #[tokio::test]
    async fn a_fault_tells_the_client_the_request_id_and_nothing_else() {
        let scope = Arc::new(scope::Scope::new("r-1".to_owned(), Deadline::default()));
        let shown = scope::within(scope, body(ApiError::internal("the table has gone"))).await;
        assert_eq!(
            shown,
            json!({"error": "Failed to process request", "code": "internal_error", "details": "r-1"})
        );
    }

    #[test]
    fn a_client_is_told_what_to_do_next() {
        let response = ApiError::Unauthenticated.into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        let response = ApiError::Unavailable("throttled".into()).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
