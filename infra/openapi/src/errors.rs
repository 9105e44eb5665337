//! The errors that operations share, each with an example of its body.

use serde_json::{Map, Value, json};

/// One error as any operation may answer it.
pub(crate) struct Shared {
    /// Its status.
    pub(crate) status: &'static str,
    /// Its name among the document's responses.
    pub(crate) name: &'static str,
    description: &'static str,
    error: &'static str,
    code: &'static str,
}

const fn shared(
    status: &'static str,
    name: &'static str,
    description: &'static str,
    error: &'static str,
    code: &'static str,
) -> Shared {
    Shared { status, name, description, error, code }
}

/// Every status that an error may have, with what it means wherever the operation says nothing
/// else.
pub(crate) const SHARED: [Shared; 14] = [
    shared(
        "400",
        "BadRequest",
        "Something in the request is wrong: a field, a parameter, a header, or the JSON itself.",
        "Validation failed",
        "validation_failed",
    ),
    shared("401", "Unauthorized", "No valid token.", "Authentication required", "not_authenticated"),
    shared("402", "Declined", "The gateway refused.", "Payment was declined", "payment_declined"),
    shared(
        "403",
        "Forbidden",
        "The caller sees it but may not do this.",
        "Insufficient permissions",
        "permission_denied",
    ),
    shared("404", "NotFound", "There is none for the caller.", "Not found", "not_found"),
    shared(
        "406",
        "NotAcceptable",
        "`Accept` asks for a version that does not exist.",
        "Invalid version in \"Accept\" header.",
        "invalid_version",
    ),
    shared(
        "409",
        "Conflict",
        "Others changed it at the same time, or a request with the same `Idempotency-Key` is still at work.",
        "The resource was changed by another request; read it and try again.",
        "conflict",
    ),
    shared(
        "412",
        "PreconditionFailed",
        "`If-Match` names another version.",
        "The resource has changed since you read it",
        "precondition_failed",
    ),
    shared(
        "413",
        "PayloadTooLarge",
        "The body is larger than 1 MB.",
        "Request body is larger than 1 MB",
        "payload_too_large",
    ),
    shared(
        "415",
        "UnsupportedMediaType",
        "The body is no JSON.",
        "Unsupported media type \"text/plain\" in request.",
        "unsupported_media_type",
    ),
    shared(
        "422",
        "IdempotencyKeyReused",
        "The `Idempotency-Key` was used for another request.",
        "This Idempotency-Key was used for another request.",
        "idempotency_key_reused",
    ),
    shared(
        "429",
        "TooManyRequests",
        "The caller makes too many requests; `Retry-After` says when the next one may come.",
        "Request was throttled",
        "throttled",
    ),
    shared(
        "500",
        "Failed",
        "A fault of ours; `details` is the request's id.",
        "Failed to process request",
        "internal_error",
    ),
    shared(
        "503",
        "Unavailable",
        "What the service depends on is overloaded or out of reach, after retries; or (`newer_data`) a newer version of the service, which is being rolled out or was rolled back, wrote what this one must not write over.",
        "Service temporarily unavailable, try again later",
        "unavailable",
    ),
];

/// The headers that tell a caller how many requests they may make, and their names in the document.
pub(crate) const RATE_LIMITS: [(&str, &str); 2] =
    [("RateLimit", "RateLimit"), ("RateLimit-Policy", "RateLimitPolicy")];

/// The shared error of a status.
pub(crate) fn of_status(status: &str) -> Option<&'static Shared> {
    SHARED.iter().find(|shared| shared.status == status)
}

impl Shared {
    /// An example of its body.
    pub(crate) fn example(&self) -> Value {
        let mut example = json!({ "error": self.error, "code": self.code });
        match self.status {
            "400" => {
                example["details"] =
                    json!({ "quantity": ["Ensure this value is greater than or equal to 1."] })
            }
            "402" => example["details"] = json!({ "reason": "card_declined" }),
            "500" => example["details"] = json!("0192f0c1-6b1e-7a55-9d0e-6f2f3f9a1c44"),
            _ => {}
        }
        example
    }

    /// The headers that come with it.
    pub(crate) fn headers(&self) -> Value {
        let mut headers = json!({ "X-Request-Id": { "$ref": "#/components/headers/RequestId" } });
        match self.status {
            "401" => headers["WWW-Authenticate"] = json!({ "$ref": "#/components/headers/WwwAuthenticate" }),
            "429" => {
                for (name, header) in RATE_LIMITS.into_iter().chain([("Retry-After", "RetryAfter")]) {
                    headers[name] = json!({ "$ref": format!("#/components/headers/{header}") });
                }
            }
            "503" => headers["Retry-After"] = json!({ "$ref": "#/components/headers/RetryAfter" }),
            _ => {}
        }
        headers
    }

    fn response(&self) -> Value {
        json!({
            "description": self.description,
            "headers": self.headers(),
            "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Error" },
                "example": self.example(),
            }},
        })
    }
}

/// The shared errors, as operations refer to them; and the answer to a read of what has not
/// changed.
pub(crate) fn responses() -> Value {
    let mut all: Map<String, Value> =
        SHARED.iter().map(|shared| (shared.name.to_owned(), shared.response())).collect();
    let header = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    all.insert(
        "NotModified".to_owned(),
        json!({
            "description": "Nothing has changed since the answer that `If-None-Match` names.",
            "headers": { "ETag": header("ETag"), "X-Request-Id": header("RequestId") },
        }),
    );
    Value::Object(all)
}
