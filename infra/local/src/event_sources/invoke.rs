//! Invoking a function as Lambda's `Invoke` does, through `cargo lambda watch`.

use std::time::Duration;

use oms_workspace::template::{ACCOUNT, Function, REGION};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::Semaphore;

/// How long to wait beyond the function's own time for the runtime to say that it is over.
const GRACE: Duration = Duration::from_secs(5);

/// What came of an invocation.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The function answered.
    Answered(Value),
    /// The function failed, timed out, or died.
    Failed(String),
    /// The function was not reached: that is no attempt.
    NotReached(String),
}

/// Invokes one function.
pub(super) struct Invoker {
    http: Client,
    url: String,
    timeout: Duration,
    /// Its processes: an invocation that had to wait for one would be counted out meanwhile.
    processes: Semaphore,
    /// The function's name.
    pub(super) function: String,
}

impl Invoker {
    /// Of a function that has so many processes, through the runtime at `base`.
    pub(super) fn new(base: &str, function: &Function, processes: usize) -> Self {
        Self {
            processes: Semaphore::new(processes.max(1)),
            http: Client::new(),
            url: format!("{base}/2015-03-31/functions/{}/invocations", function.name),
            timeout: function.timeout,
            function: function.name.clone(),
        }
    }

    /// The function's ARN.
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.function)
    }

    /// Hands an event over, once a process is free for it, and waits for the answer.
    pub(super) async fn invoke(&self, event: String) -> Outcome {
        let _process = self.processes.acquire().await;
        let request = self.http.post(&self.url).header(CONTENT_TYPE, "application/json").body(event);
        let answer = match request.timeout(self.timeout + GRACE).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() => {
                return Outcome::Failed("it did not answer in time".to_owned());
            }
            Err(error) => return Outcome::NotReached(error.to_string()),
        };
        let status = answer.status();
        match answer.text().await {
            Err(error) => Outcome::NotReached(error.to_string()),
            Ok(text) if status == StatusCode::OK => {
                Outcome::Answered(serde_json::from_str(&text).unwrap_or(Value::Null))
            }
            Ok(_) if status == StatusCode::REQUEST_TIMEOUT => {
                Outcome::Failed("it did not answer in time".to_owned())
            }
            Ok(text) => Outcome::Failed(text),
        }
    }
}
