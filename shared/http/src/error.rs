//! What a request can end in besides success, and how a client hears of it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use oms_domain::error::Cause;
use oms_domain::{Error, RuleViolation};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use utoipa::ToSchema;

/// What a handler returns.
pub type Reply<T> = Result<T, ApiError>;

/// Seconds after which a client that was turned away for load may try again.
pub const RETRY_AFTER_SECONDS: u64 = 1;

/// Seconds after which it may be worth while for somebody with too many unpaid orders to try again.
pub const UNPAID_RETRY_AFTER_SECONDS: u64 = 60;

/// Everything that an endpoint may answer instead of success: what the work came to, or what is
/// wrong with the request as HTTP. [`message`](Self::message) is what the client reads, and nothing
/// internal may stand in it.
#[derive(Debug)]
pub enum ApiError {
    /// What the work for the caller ended in.
    Failed(Error),
    /// 400: the body is no JSON. Holds what is wrong and where.
    ParseError(String),
    /// 401: no token, a bad one, an expired one.
    Unauthenticated,
    /// 404: nothing is served at this path.
    UnknownPath,
    /// 404: the URL asks for a version that does not exist.
    InvalidUrlVersion,
    /// 405: the path exists, the method on it does not.
    MethodNotAllowed {
        /// What was tried.
        method: String,
        /// What would have worked, comma-separated.
        allow: String,
    },
    /// 406: `Accept` asks for a version that does not exist.
    NotAcceptable,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is of a type that is not read. Holds that type.
    UnsupportedMediaType(String),
    /// 422: an idempotency key that was used for another request.
    IdempotencyKeyReused,
    /// 429: the caller sends too much.
    TooManyRequests,
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

/// What went wrong on our side, on its way from the handler to the edge, which logs it once.
#[derive(Clone)]
pub(super) struct Fault(pub(super) Arc<dyn std::error::Error + Send + Sync>);

/// The answer to a fault of ours: the client is told by which id operators find it.
pub(super) fn internal_error(request_id: &str) -> ErrorBody {
    let error = Error::internal("told as what it is");
    ErrorBody { error: public_text(&error), code: error.code(), details: Some(request_id.into()) }
}

/// Whatever work can end in, an endpoint can answer.
impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl ApiError {
    /// A validation error of a single field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Failed(Error::field(name, message))
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Failed(Error::internal(cause))
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Failed(error) => status_of(error),
            Self::ParseError(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::UnknownPath | Self::InvalidUrlVersion => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The stable, machine-readable name of what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Failed(error) => error.code(),
            Self::ParseError(_) => "parse_error",
            Self::Unauthenticated => "not_authenticated",
            Self::UnknownPath => "not_found",
            Self::InvalidUrlVersion | Self::NotAcceptable => "invalid_version",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::TooManyRequests => "throttled",
        }
    }

    /// What a client reads.
    #[must_use]
    pub fn message(&self) -> String {
        let text = match self {
            Self::Failed(error) => return public_text(error),
            Self::ParseError(why) => return format!("JSON parse error - {why}"),
            Self::MethodNotAllowed { method, .. } => return format!("Method \"{method}\" not allowed."),
            Self::UnsupportedMediaType(media_type) => {
                return format!("Unsupported media type \"{media_type}\" in request.");
            }
            Self::Unauthenticated => "Authentication required",
            Self::UnknownPath => "Not found",
            Self::InvalidUrlVersion => "Invalid version in URL path.",
            Self::NotAcceptable => "Invalid version in \"Accept\" header.",
            Self::PayloadTooLarge => "Request body is larger than 1 MB",
            Self::IdempotencyKeyReused => "This Idempotency-Key was used for another request.",
            Self::TooManyRequests => "Request was throttled",
        };
        text.to_owned()
    }

    /// The header that some statuses need for a client to know what to do next.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let retry_after = |seconds: u64| Some((RETRY_AFTER, HeaderValue::from(seconds)));
        match self {
            Self::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooManyRequests | Self::Failed(Error::Unavailable(_) | Error::NewerData(_)) => {
                retry_after(RETRY_AFTER_SECONDS)
            }
            Self::Failed(Error::TooManyUnpaid { .. }) => retry_after(UNPAID_RETRY_AFTER_SECONDS),
            Self::MethodNotAllowed { allow, .. } => {
                HeaderValue::from_str(allow).ok().map(|allow| (ALLOW, allow))
            }
            Self::Failed(_)
            | Self::ParseError(_)
            | Self::UnknownPath
            | Self::InvalidUrlVersion
            | Self::NotAcceptable
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType(_)
            | Self::IdempotencyKeyReused => None,
        }
    }

    /// What the client is told besides, and what the edge is to log.
    fn into_details(self) -> (Option<Value>, Option<Fault>) {
        let Self::Failed(error) = self else { return (None, None) };
        match error {
            Error::Invalid(details) | Error::Declined(details) => (Some(details), None),
            Error::Refused(RuleViolation::Field { field, message }) => {
                (Some(json!({ field: [message] })), None)
            }
            Error::Refused(refusal) => (refusal.reason().map(Value::from), None),
            Error::ForbiddenBecause(why) => (Some(why.into()), None),
            Error::Unfinished(orders) => (Some(json!({ "orders": orders })), None),
            Error::Internal(cause) | Error::Unavailable(cause) | Error::NewerData(cause) => {
                (None, Some(Fault(cause.into())))
            }
            Error::Rule { .. }
            | Error::TooMuch { .. }
            | Error::Forbidden
            | Error::NotFound(_)
            | Error::NoSuchPage
            | Error::LostRace
            | Error::Conflict { .. }
            | Error::VersionMismatch
            | Error::TooManyUnpaid { .. } => (None, None),
        }
    }
}

/// The status of what work ended in.
const fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) | Error::Refused(_) | Error::Rule { .. } | Error::TooMuch { .. } => {
            StatusCode::BAD_REQUEST
        }
        Error::Declined(_) => StatusCode::PAYMENT_REQUIRED,
        Error::Forbidden | Error::ForbiddenBecause(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) | Error::NoSuchPage => StatusCode::NOT_FOUND,
        Error::LostRace | Error::Conflict { .. } | Error::Unfinished(_) => StatusCode::CONFLICT,
        Error::VersionMismatch => StatusCode::PRECONDITION_FAILED,
        Error::TooManyUnpaid { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Unavailable(_) | Error::NewerData(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a client reads of what work ended in. Clients rely on the wording.
#[must_use]
pub fn public_text(error: &Error) -> String {
    let text = match error {
        Error::Invalid(_) | Error::Refused(RuleViolation::Field { .. }) => "Validation failed",
        Error::Refused(refusal) => return refusal.to_string(),
        Error::Rule { message, .. } | Error::TooMuch { message, .. } | Error::Conflict { message, .. } => {
            return message.clone();
        }
        Error::NotFound(kind) => return format!("{kind} not found"),
        Error::TooManyUnpaid { limit } => {
            return format!("You have {limit} unpaid orders: pay or cancel one of them first.");
        }
        Error::Declined(_) => "Payment was declined",
        Error::Forbidden | Error::ForbiddenBecause(_) => "Insufficient permissions",
        Error::NoSuchPage => "Invalid page.",
        Error::Unfinished(_) => "The user has orders whose goods or money still move.",
        Error::LostRace => "The resource was changed by another request; read it and try again.",
        Error::VersionMismatch => "The resource has changed since you read it",
        Error::Unavailable(_) => "Service temporarily unavailable, try again later",
        Error::NewerData(_) => {
            "Written by a newer version of the service, which is being rolled out; try again later"
        }
        Error::Internal(_) => "Failed to process request",
    };
    text.to_owned()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code, header, error) = (self.status(), self.code(), self.header(), self.message());
        if is_rule(&self) {
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

/// Whether a rule of the business stands against it, of which operators may want to know how often.
const fn is_rule(error: &ApiError) -> bool {
    let ApiError::Failed(error) = error else { return false };
    let is_field = matches!(error, Error::Refused(RuleViolation::Field { .. }));
    !is_field
        && matches!(
            error,
            Error::Refused(_) | Error::Rule { .. } | Error::TooMuch { .. } | Error::Declined(_)
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::Kind;

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
            body(Error::NotFound(Kind::OrderItem).into()).await,
            json!({"error": "Order item not found", "code": "not_found"})
        );
    }

    #[test]
    fn a_client_is_told_what_to_do_next() {
        let response = ApiError::Unauthenticated.into_response();
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
        let response = ApiError::from(Error::Unavailable("throttled".into())).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
