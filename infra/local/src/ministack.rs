//! SNS, SQS and SES: ministack, a process of its own.
//!
//! It keeps nothing: topics and queues are made again whenever it starts, subscriptions and
//! messages are gone with it. Mail is readable at `/_ministack/ses/messages`, that to a topic's
//! subscribers too (`ministack.py`).

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::template::{Queue, REGION, System};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::service::Service;

/// Where the parts that need SNS or SQS find them.
#[derive(Debug, Clone)]
pub struct Messaging {
    url: String,
    http: Client,
}

impl Messaging {
    /// A client of what answers at `url`.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), http: Client::new() }
    }

    fn host(&self) -> &str {
        let host = self.url.split_once("://").map_or(self.url.as_str(), |(_, host)| host);
        host.rsplit_once(':').map_or(host, |(host, _)| host)
    }

    /// Calls SQS, e.g. `SendMessage`.
    pub async fn sqs(&self, action: &str, request: &Value) -> Result<Value> {
        let doing = format!("SQS {action}");
        let answer = self
            .http
            .post(&self.url)
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            .header("authorization", credentials("sqs"))
            .timeout(Duration::from_secs(30))
            .json(request)
            .send()
            .await
            .doing(&doing)?;
        let failed = !answer.status().is_success();
        let text = answer.text().await.doing(&doing)?;
        if failed {
            return Err(Error::Setup(format!("{doing}: {text}")));
        }
        // Some actions answer with nothing at all.
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn make_topic(&self, name: &str, arn: &str) -> Result<()> {
        let doing = format!("making the topic {name}");
        let answer = self
            .http
            .post(&self.url)
            .header("authorization", credentials("sns"))
            .form(&[("Action", "CreateTopic"), ("Name", name), ("Version", "2010-03-31")])
            .send()
            .await
            .doing(&doing)?;
        let text = answer.text().await.doing(&doing)?;
        if text.contains(arn) { Ok(()) } else { Err(Error::Setup(format!("{doing}: {text}"))) }
    }

    async fn make_queue(&self, queue: &Queue) -> Result<()> {
        let made = self
            .sqs("CreateQueue", &json!({ "QueueName": queue.name, "Attributes": queue.attributes }))
            .await?;
        if made["QueueUrl"] == queue.url.as_str() {
            return Ok(());
        }
        Err(Error::Setup(format!(
            "the queue {} is at {} and not at {}",
            queue.name, made["QueueUrl"], queue.url
        )))
    }
}

/// ministack, with the topics and queues of the system.
pub struct Ministack {
    python: PathBuf,
    listening: (Ipv4Addr, u16),
    messaging: Messaging,
    topics: Vec<(String, String)>,
    queues: Vec<Queue>,
}

impl Ministack {
    /// ministack on an address and port, with what `system` has, run by the Python that it is
    /// installed for.
    pub fn new(python: PathBuf, listening: (Ipv4Addr, u16), messaging: Messaging, system: &System) -> Self {
        let topics = system.topics.iter().map(|topic| (topic.name.clone(), topic.arn.clone())).collect();
        Self { python, listening, messaging, topics, queues: system.queues.clone() }
    }
}

impl Service for Ministack {
    fn name(&self) -> &'static str {
        "ministack"
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        let (address, port) = self.listening;
        command
            .args(["-c", include_str!("ministack.py")])
            .env("BIND_HOST", address.to_string())
            // The host in the queue URLs that it hands out.
            .env("MINISTACK_HOST", self.messaging.host())
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            .env("SERVICES", "sns,sqs,ses")
            .env("LOG_LEVEL", "WARNING")
            .env_remove("AWS_ENDPOINT_URL");
        command
    }

    async fn ready(&self) -> Result<()> {
        let health = format!("{}/_ministack/health", self.messaging.url);
        while !self.messaging.http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success())
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for (name, arn) in &self.topics {
            self.messaging.make_topic(name, arn).await?;
        }
        for queue in &self.queues {
            self.messaging.make_queue(queue).await?;
        }
        Ok(())
    }

    fn shows(&self) -> fn(&str) -> Option<String> {
        |line| (line.contains("ERROR") || line.contains("Error")).then(|| line.to_owned())
    }
}

/// What names the service and the region to an emulator; nobody checks the signature.
fn credentials(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}
