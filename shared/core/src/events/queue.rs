//! Work that is done apart from the request that asked for it: what there is to do, and the SQS
//! queues that it waits in: payments to settle in one of their own, because somebody waits for
//! them.
//!
//! A message may come twice, late, or out of order. It holds no more than what to look at: how
//! things stand, and so what is left to do, stands in the table.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use jiff::Timestamp;
use oms_domain::{JobId, OrderId};
use oms_runtime::config::Config;
use oms_runtime::sdk;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::Duration;

/// How many messages one call may send.
const BATCH: usize = 10;
/// How often what a call did not take is sent again.
const ROUNDS: usize = 3;
/// The longest that SQS keeps a message back.
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// Something to be done by `job-worker`; the body of a message, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// A bulk update has been asked for: its pieces are to be put on the queue.
    StartBulkUpdate {
        /// Which one.
        id: JobId,
    },
    /// The orders of one piece of a bulk update are to be moved.
    BulkUpdate {
        /// Of which bulk update.
        id: JobId,
        /// Its number, from 0.
        piece: u16,
    },
    /// A person is to be erased.
    ErasePerson {
        /// By which erasure.
        id: JobId,
        /// How often it has been gone on with, because an invocation's time was over.
        #[serde(default)]
        rounds: u8,
    },
    /// A payment was sent to the gateway, or a refund: if no answer is known by now, it is asked
    /// again.
    SettlePayment {
        /// Of which order.
        order: OrderId,
        /// How often the gateway has been asked in vain.
        #[serde(default)]
        tries: u8,
    },
    /// An order is to be called off unless it has been paid by then. The message goes round until
    /// that time has come, [`MAX_DELAY`] each time.
    ExpireUnpaid {
        /// Which order.
        order: OrderId,
        /// When, as it stood when the message was first sent.
        at: Timestamp,
    },
}

/// The queues, and how to reach them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    jobs: String,
    settlements: String,
}

/// `QUEUE_URL` or `SETTLEMENTS_QUEUE_URL` is missing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("QUEUE_URL or SETTLEMENTS_QUEUE_URL is not set: they name the SQS queues of jobs")]
pub struct NoQueue;

/// Why a job was not put on the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS did not take it, after the SDK's retries.
    #[error("the queue did not take the message")]
    Request(#[source] Box<dyn Error + Send + Sync>),
    /// SQS took the call, but not all of its messages.
    #[error("the queue did not take {0} of the messages")]
    Left(usize),
}

impl<E, R> From<SdkError<E, R>> for QueueError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        QueueError::Request(Box::new(error))
    }
}

impl Queue {
    /// The queues of the settings.
    ///
    /// # Errors
    /// [`NoQueue`].
    pub fn from_config(config: &Config) -> Result<Self, NoQueue> {
        let jobs = config.queue_url.clone().ok_or(NoQueue)?;
        let settlements = config.settlements_queue_url.clone().ok_or(NoQueue)?;
        Ok(Self { client: sdk::sqs(config), jobs, settlements })
    }

    /// Asks whether the queues are there.
    ///
    /// # Errors
    /// [`QueueError`] where SQS does not answer for them, after the SDK's retries.
    pub async fn reach(&self) -> Result<(), QueueError> {
        let ask = async |url: &str| -> Result<(), QueueError> {
            let asked = self.client.get_queue_attributes().queue_url(url);
            asked.attribute_names(QueueAttributeName::QueueArn).send().await?;
            Ok(())
        };
        futures::try_join!(ask(&self.jobs), ask(&self.settlements))?;
        Ok(())
    }

    /// The queue that a job waits in.
    fn url(&self, job: Job) -> &str {
        match job {
            Job::SettlePayment { .. } => &self.settlements,
            Job::StartBulkUpdate { .. }
            | Job::BulkUpdate { .. }
            | Job::ErasePerson { .. }
            | Job::ExpireUnpaid { .. } => &self.jobs,
        }
    }

    /// Puts a job on the queue, to be seen after `delay`, [`MAX_DELAY`] at most.
    ///
    /// # Errors
    /// [`QueueError`]; the job may be on the queue even so.
    pub async fn send(&self, job: Job, delay: Duration) -> Result<(), QueueError> {
        let message = self.client.send_message().queue_url(self.url(job));
        message.message_body(body(job)?).delay_seconds(seconds(delay)).send().await?;
        Ok(())
    }

    /// Puts a job on the queue, to be seen at some time, or after [`MAX_DELAY`] where that is
    /// sooner.
    ///
    /// # Errors
    /// [`QueueError`]; the job may be on the queue even so.
    pub async fn send_for(&self, job: Job, at: Timestamp, now: Timestamp) -> Result<(), QueueError> {
        self.send(job, until(at, now)).await
    }

    /// Puts jobs on the queue, [`BATCH`] in each call, to be seen at once.
    ///
    /// # Errors
    /// [`QueueError`]; some of them may be on the queue even so.
    pub async fn send_all(&self, jobs: &[Job]) -> Result<(), QueueError> {
        for some in jobs.chunk_by(|one, next| self.url(*one) == self.url(*next)) {
            for batch in some.chunks(BATCH) {
                self.send_batch(self.url(batch[0]), batch).await?;
            }
        }
        Ok(())
    }

    async fn send_batch(&self, url: &str, jobs: &[Job]) -> Result<(), QueueError> {
        let entries = jobs.iter().enumerate().map(|(position, job)| {
            let entry = SendMessageBatchRequestEntry::builder().id(position.to_string());
            entry.message_body(body(*job)?).build().map_err(|error| QueueError::Request(Box::new(error)))
        });
        let mut left: Vec<SendMessageBatchRequestEntry> = entries.collect::<Result<_, _>>()?;
        for _ in 0..ROUNDS {
            let call = self.client.send_message_batch().queue_url(url);
            let answer = call.set_entries(Some(left.clone())).send().await?;
            left.retain(|entry| answer.failed().iter().any(|failed| failed.id() == entry.id()));
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(QueueError::Left(left.len()))
    }
}

fn body(job: Job) -> Result<String, QueueError> {
    serde_json::to_string(&job).map_err(|error| QueueError::Request(Box::new(error)))
}

/// How long it is to some time, in whole seconds and never too short: what comes early goes round
/// again.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

fn seconds(delay: Duration) -> i32 {
    i32::try_from(delay.min(MAX_DELAY).as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_is_to_be_done() {
        let id = JobId(uuid::Uuid::nil());
        for (job, text) in [
            (
                Job::StartBulkUpdate { id },
                r#"{"job":"start_bulk_update","id":"00000000-0000-0000-0000-000000000000"}"#,
            ),
            (
                Job::BulkUpdate { id, piece: 7 },
                r#"{"job":"bulk_update","id":"00000000-0000-0000-0000-000000000000","piece":7}"#,
            ),
            (
                Job::ErasePerson { id, rounds: 2 },
                r#"{"job":"erase_person","id":"00000000-0000-0000-0000-000000000000","rounds":2}"#,
            ),
            (
                Job::SettlePayment { order: OrderId(uuid::Uuid::nil()), tries: 1 },
                r#"{"job":"settle_payment","order":"00000000-0000-0000-0000-000000000000","tries":1}"#,
            ),
            (
                Job::ExpireUnpaid {
                    order: OrderId(uuid::Uuid::nil()),
                    at: "2026-11-22T10:42:21.5Z".parse().unwrap(),
                },
                r#"{"job":"expire_unpaid","order":"00000000-0000-0000-0000-000000000000","at":"2026-11-22T10:42:21.5Z"}"#,
            ),
        ] {
            assert_eq!(body(job).unwrap(), text);
            assert_eq!(serde_json::from_str::<Job>(text).unwrap(), job);
        }
    }

    /// The file in `events/job-worker/` that holds a message of the same kind.
    const fn file_of(job: Job) -> &'static str {
        match job {
            Job::StartBulkUpdate { .. } => "start-bulk-update",
            Job::BulkUpdate { .. } => "bulk-update",
            Job::ErasePerson { .. } => "erase-person",
            Job::SettlePayment { .. } => "settle-payment",
            Job::ExpireUnpaid { .. } => "expire-unpaid",
        }
    }

    #[test]
    fn every_kind_of_message_has_an_event_that_is_written_as_it_is_sent() {
        let id = JobId(uuid::Uuid::nil());
        let order = OrderId(uuid::Uuid::nil());
        for job in [
            Job::StartBulkUpdate { id },
            Job::BulkUpdate { id, piece: 0 },
            Job::ErasePerson { id, rounds: 0 },
            Job::SettlePayment { order, tries: 0 },
            Job::ExpireUnpaid { order, at: Timestamp::UNIX_EPOCH },
        ] {
            let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/job-worker");
            let event = std::fs::read(format!("{events}/{}.json", file_of(job))).unwrap();
            let event: serde_json::Value = serde_json::from_slice(&event).unwrap();
            let sent = event["Records"][0]["body"].as_str().unwrap();
            let read: Job = serde_json::from_str(sent).unwrap();
            assert_eq!((file_of(read), body(read).unwrap().as_str()), (file_of(job), sent));
        }
    }

    #[test]
    fn a_message_comes_when_its_time_has_come_and_not_before() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = at("2026-11-22T10:00:00.25Z");
        for (due, seconds) in [
            ("2026-11-22T10:00:00.25Z", 0),
            ("2026-11-22T09:00:00Z", 0),
            ("2026-11-22T10:00:00.250001Z", 1),
            ("2026-11-22T10:00:10.25Z", 10),
            ("2026-11-22T10:00:10.5Z", 11),
        ] {
            assert_eq!(until(at(due), now).as_secs(), seconds, "{due}");
        }
    }

    #[test]
    fn a_delay_is_cut_to_what_the_queue_takes() {
        assert_eq!(seconds(Duration::from_secs(30)), 30);
        assert_eq!(seconds(Duration::from_secs(86_400)), 900);
    }
}
