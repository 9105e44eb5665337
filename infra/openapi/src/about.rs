//! What stands once in the document: what it describes, groups, who may call, what operations
//! share.

use crate::errors;
use oms_http::groups;
use serde_json::{Value, json};

const DESCRIPTION: &str = "\
**Paths.** `/api/v1/…` is the same as `/api/…`, and a path without its last slash the same as with it. \
`Accept: application/vnd.api+json;version=1` asks for the version as well, and is echoed.

**Who.** A bearer token (JWT, RS256 or ES256). Its groups make a caller `staff`, `admin` or `vendor`; everybody else is a \
customer. What a caller may not see is 404; what they see but may not do is 403.

**Writing.** Every POST, PUT and PATCH takes an `Idempotency-Key`: the same request under the same key is done once, \
and answered alike. `If-Match` makes a change conditional, `If-None-Match` saves a read. Unknown and read-only fields are \
ignored, so that what was read can be sent back. Decimals are read from strings and from numbers.

**Reading.** Money is a decimal string with its currency's digits; time is RFC 3339 in UTC with microseconds; ids are UUIDs. \
Lists have `count`, `next`, `previous` and `results`; their links are absolute, and following them costs the same on every page.

**Errors** are `{\"error\", \"code\", \"details\"}`: `error` for people, `code` for programs, `details` where there is more to say. \
HEAD works where GET does; OPTIONS tells what a path is; another method is 405 with `Allow`.";

const DOCUMENTATION: &str = "This description, and whether the service is up. None of it needs a token.";

/// Says what the document is of, and adds what operations refer to.
pub(crate) fn describe(document: &mut Value) {
    document["info"] = json!({
        "title": "Order Management System",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Orders, payments, stock, notifications and statistics for shops with many vendors.",
        "description": DESCRIPTION,
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    document["servers"] = json!([{ "url": "/", "description": "Where this document comes from" }]);
    document["tags"] = tags();
    let components = &mut document["components"];
    components["securitySchemes"] = json!({ "bearer": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "`Authorization: Bearer <JWT>`. `sub` is the user; `cognito:groups` or `groups` hold `staff`, `admin` or `vendor`.",
    }});
    components["parameters"] = parameters();
    components["headers"] = headers();
    components["responses"] = errors::responses();
}

fn tags() -> Value {
    let described =
        groups::GROUPS.iter().filter(|(name, _)| !matches!(*name, "schema" | "docs" | "console" | "health"));
    let tag = |name: String, description: &str| json!({ "name": name, "description": description });
    let mut tags: Vec<Value> =
        described.map(|(name, description)| tag(name.replace('-', " "), description)).collect();
    tags.push(tag("documentation".to_owned(), DOCUMENTATION));
    Value::Array(tags)
}

fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "header", "description": description, "required": false, "schema": schema });
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "required": false, "schema": schema });
    json!({
        "RequestId": header(
            "X-Request-Id",
            "The caller's own id of this request, for the answer and the log. One is made where it is left out or makes no sense.",
            json!({ "type": "string", "maxLength": 128 }),
        ),
        "IdempotencyKey": header(
            "Idempotency-Key",
            "The same request under the same key is done once within 24 hours, and answered alike with `Idempotent-Replayed: true`.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ),
        "IfMatch": header(
            "If-Match",
            "The `ETag` of what was read: the change is made only if it is still that.",
            json!({ "type": "string" }),
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            "The `ETag` of an earlier answer: 304 without a body if nothing has changed.",
            json!({ "type": "string" }),
        ),
        "Page": query("page", "A number from 1, or `last`.", json!({ "type": "string", "default": "1" })),
        "PageSize": query(
            "page_size",
            "Entries on a page: 20 unless it says otherwise, and silently cut at 100.",
            json!({ "type": "integer", "minimum": 1, "default": 20 }),
        ),
        "Cursor": query(
            "cursor",
            "Where the page begins, as `next` and `previous` say it. Nothing else makes one.",
            json!({ "type": "string", "maxLength": 1024 }),
        ),
    })
}

fn headers() -> Value {
    let header = |description: &str, example: Value| json!({ "description": description, "schema": { "type": "string" }, "example": example });
    json!({
        "RequestId": header("The caller's own id of the request, or the one that was made for it.", json!("0192f0c1-6b1e-7a55-9d0e-6f2f3f9a1c44")),
        "ETag": header("The tag of this answer, for `If-None-Match`, and of this version, for `If-Match`.", json!("\"3-9a64d0b1c2e35f70\"")),
        "IdempotentReplayed": header("`true` where the answer is that of an earlier request under the same key.", json!("true")),
        "RateLimit": header("How many more requests the caller may make (`r`), and after how many seconds it will be one more (`t`). Left out where nothing is limited.", json!("\"default\";r=599;t=1")),
        "RateLimitPolicy": header("How many requests (`q`) the caller may make in how many seconds (`w`). Left out where nothing is limited.", json!("\"default\";q=600;w=60")),
        "RetryAfter": header("After how many seconds to try again.", json!("1")),
        "WwwAuthenticate": header("How to authenticate.", json!("Bearer")),
    })
}
