//! Reading a request's body.

use super::{ApiError, exact};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use oms_domain::Error;
use serde_json::{Map, Value, json};

/// The largest body that is read, in bytes: 1 MB.
pub const MAX_BODY_BYTES: usize = 1_048_576;

/// The content types that are read, apart from their parameters.
pub const JSON_TYPES: [&str; 2] = ["application/json", "application/vnd.api+json"];

/// A body that is one JSON object. An empty body counts as an empty object: actions need none,
/// and elsewhere every required field is then reported as missing.
///
/// JSON nested deeper than 128 levels is refused as a parse error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonObject(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        json_of(request).await?.map_or_else(|| Ok(Self::default()), object)
    }
}

/// The body of an action that can do without one: it may be left out or be null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActionBody(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for ActionBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        match json_of(request).await? {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(value) => object(value).map(|JsonObject(map)| Self(map)),
        }
    }
}

/// The body of an action that reads nothing from it: it may be left out or be null, and what it
/// says is ignored as unknown fields are, but it must be as readable as any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnusedBody;

impl<S: Send + Sync> FromRequest<S> for UnusedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        ActionBody::from_request(request, state).await.map(|_| Self)
    }
}

/// The JSON of a body; none where it is empty.
async fn json_of(request: Request) -> Result<Option<Value>, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = read(body).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    check_content_type(content_type.unwrap_or_default())?;
    serde_json::from_slice(&exact::marked(&bytes))
        .map(Some)
        .map_err(|error| ApiError::ParseError(error.to_string()))
}

/// The whole body.
///
/// # Errors
/// `PayloadTooLarge` past [`MAX_BODY_BYTES`].
pub async fn read(body: Body) -> Result<axum::body::Bytes, ApiError> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
        Err(_) => Err(ApiError::ParseError("the body ended early".to_owned())),
    }
}

fn check_content_type(text: &str) -> Result<(), ApiError> {
    let essence = text.split(';').next().unwrap_or_default().trim();
    if JSON_TYPES.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        Ok(())
    } else {
        Err(ApiError::UnsupportedMediaType(text.to_owned()))
    }
}

fn object(value: Value) -> Result<JsonObject, ApiError> {
    match value {
        Value::Object(map) => Ok(JsonObject(map)),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Error::Invalid(json!({ "non_field_errors": [not_a_dictionary(&other)] })).into())
        }
    }
}

/// Django REST Framework's words for a value that should have been an object.
pub(super) fn not_a_dictionary(value: &Value) -> String {
    format!("Invalid data. Expected a dictionary, but got {}.", type_name(value))
}

/// What a value is called in the messages of Django REST Framework: by its Python type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(text) if exact::number(text).is_some() => "float",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_as(content_type: Option<&str>, body: impl Into<Body>) -> Result<JsonObject, ApiError> {
        let mut request = http::Request::post("/");
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        JsonObject::from_request(request.body(body.into()).unwrap(), &()).await
    }

    async fn message(content_type: &str, body: &str) -> String {
        read_as(Some(content_type), body.to_owned()).await.unwrap_err().message()
    }

    #[tokio::test]
    async fn both_json_types_are_read_with_any_parameters() {
        for content_type in
            ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json;version=1"]
        {
            let object = read_as(Some(content_type), r#"{"a": 1}"#).await.unwrap();
            assert_eq!(Value::Object(object.0), json!({"a": 1}));
        }
    }

    #[tokio::test]
    async fn an_empty_body_needs_no_type_and_is_an_empty_object() {
        assert_eq!(read_as(None, "").await.unwrap(), JsonObject::default());
        assert_eq!(read_as(Some("text/plain"), "").await.unwrap(), JsonObject::default());
    }

    #[tokio::test]
    async fn an_action_without_a_body_reads_what_it_is_sent_all_the_same() {
        let send = |content_type: &'static str, body: &'static str| async move {
            let request = http::Request::patch("/").header(CONTENT_TYPE, content_type);
            UnusedBody::from_request(request.body(Body::from(body)).unwrap(), &()).await
        };
        for body in ["", "{}", "null", r#"{"reason": "x"}"#] {
            assert!(send("application/json", body).await.is_ok(), "{body}");
        }
        assert!(matches!(send("text/plain", "{}").await, Err(ApiError::UnsupportedMediaType(_))));
        assert!(matches!(send("application/json", "{nope").await, Err(ApiError::ParseError(_))));
        assert!(matches!(send("application/json", "[]").await, Err(ApiError::Failed(Error::Invalid(_)))));
    }

    #[tokio::test]
    async fn an_action_does_without_a_body_and_takes_null_for_none() {
        let send = |body: &'static str| async move {
            let request = http::Request::patch("/").header(CONTENT_TYPE, "application/json");
            ActionBody::from_request(request.body(Body::from(body)).unwrap(), &()).await
        };
        for body in ["", "{}", "null"] {
            assert_eq!(send(body).await.unwrap(), ActionBody::default(), "{body}");
        }
        assert_eq!(send(r#"{"a": 1}"#).await.unwrap().0["a"], 1);
        assert!(matches!(send("[]").await, Err(ApiError::Failed(Error::Invalid(_)))));
    }

    #[tokio::test]
    async fn other_types_and_none_are_refused_where_there_is_a_body() {
        assert_eq!(
            message("text/plain; charset=x", "{}").await,
            "Unsupported media type \"text/plain; charset=x\" in request."
        );
        assert!(matches!(read_as(None, "{}").await, Err(ApiError::UnsupportedMediaType(_))));
    }

    #[tokio::test]
    async fn malformed_json_says_where() {
        let text = message("application/json", "{\"a\": }").await;
        assert_eq!(text, "JSON parse error - expected value at line 1 column 7");
        for bad in ["{", "[1,]", "\"\\ud800\"", "{'a': 1}", "NaN", "{} x", &"[".repeat(100_000)] {
            assert!(message("application/json", bad).await.starts_with("JSON parse error - "), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_an_object_will_do() {
        for (body, name) in
            [("[]", "list"), ("\"x\"", "str"), ("1", "int"), ("1.5", "float"), ("null", "NoneType")]
        {
            let Err(ApiError::Failed(Error::Invalid(details))) =
                read_as(Some("application/json"), body).await
            else {
                panic!("{body}")
            };
            let words = format!("Invalid data. Expected a dictionary, but got {name}.");
            assert_eq!(details, json!({ "non_field_errors": [words] }));
        }
    }

    #[tokio::test]
    async fn a_megabyte_is_read_and_a_byte_more_is_not() {
        let body = |size: usize| format!("{}{{}}", " ".repeat(size - 2));
        assert!(read_as(Some("application/json"), body(MAX_BODY_BYTES)).await.is_ok());
        let error = read_as(Some("application/json"), body(MAX_BODY_BYTES + 1)).await.unwrap_err();
        assert!(matches!(error, ApiError::PayloadTooLarge));
    }
}
