//! Requests as any client makes them, and their answers.

use crate::documented::is_documented;
use crate::stack::stack;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Somebody with a token, or without one.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    api: String,
    token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; null where it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Client {
    /// Somebody without a token.
    #[must_use]
    pub fn stranger() -> Self {
        Self::of(stack().setting("API_URL"))
    }

    /// Somebody without a token, of another deployment's API.
    #[must_use]
    pub fn of(api: &str) -> Self {
        Self { http: reqwest::Client::new(), api: api.to_owned(), token: None }
    }

    /// The same connection with a token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { http: self.http.clone(), api: self.api.clone(), token: Some(token) }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Posts a body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// Acts, with no body.
    pub async fn patch(&self, path: &str) -> Answer {
        self.send(Method::PATCH, path, None, &[]).await
    }

    /// Changes parts.
    pub async fn change(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body), &[]).await
    }

    /// Replaces.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    /// Deletes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// Sends a request to the API.
    ///
    /// # Panics
    /// Where no answer comes, or one of a status that the document does not tell of the operation.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.api));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the API answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer has an end");
        assert!(is_documented(&method, path, status), "{method} {path}: {status} is not documented: {text}");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, body, text }
    }

    /// Invokes a function as an event source does.
    ///
    /// # Panics
    /// Where it does not answer with JSON.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", stack().setting("API_URL"));
        let response = self.http.post(url).json(event).send().await.expect("the function answers");
        response.json().await.expect("the function answers with JSON")
    }

    /// An item of the table, as DynamoDB's JSON.
    pub async fn item(&self, pk: &str, sk: &str) -> Value {
        let key = serde_json::json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        self.dynamodb("GetItem", serde_json::json!({ "Key": key })).await["Item"].clone()
    }

    /// Writes an item of the table, as a function that died half-way may have left it.
    pub async fn put_item(&self, item: &Value) {
        self.dynamodb("PutItem", serde_json::json!({ "Item": item })).await;
    }

    /// An operation of DynamoDB on the table.
    ///
    /// # Panics
    /// Where DynamoDB does not do it.
    pub async fn dynamodb(&self, operation: &str, request: Value) -> Value {
        self.dynamodb_of(stack().setting("TABLE_NAME"), operation, request).await
    }

    /// An operation of DynamoDB on another table.
    ///
    /// # Panics
    /// Where DynamoDB does not do it.
    pub async fn dynamodb_of(&self, table: &str, operation: &str, mut request: Value) -> Value {
        request["TableName"] = table.into();
        let response = self
            .http
            .post(stack().setting("DYNAMODB_URL"))
            .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
            .header("Content-Type", "application/x-amz-json-1.0")
            .header(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
            )
            .header("X-Amz-Date", "20260101T000000Z")
            .body(request.to_string())
            .send()
            .await
            .expect("DynamoDB answers");
        let text = response.text().await.expect("the answer has an end");
        let answer: Value = serde_json::from_str(&text).expect("DynamoDB answers with JSON");
        assert!(answer.get("__type").is_none(), "{text}");
        answer
    }

    /// Where the API is.
    #[must_use]
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The token, where there is one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The bare connection, for what is not the API.
    #[must_use]
    pub const fn bare(&self) -> &reqwest::Client {
        &self.http
    }
}

impl Answer {
    /// The body, where the status is the expected one.
    ///
    /// # Panics
    /// Where it is another, with the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The error's text.
    #[must_use]
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or_default()
    }

    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
