//! What can go wrong at the table, free of HTTP.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use oms_domain::{OrderId, RuleViolation};
use std::error::Error;

/// What went wrong at the table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The item is not as it was seen: somebody else was faster.
    #[error("the item changed meanwhile")]
    Conflict,
    /// A request with the same idempotency key has done its work already.
    #[error("a request with this idempotency key came first")]
    Repeated,
    /// A condition of a transaction failed; the reasons stand in the order of its items.
    #[error("a condition of the transaction failed")]
    Cancelled(Vec<CancellationReason>),
    /// A shelf has fewer pieces than are wanted.
    #[error("only {available} pieces are left")]
    InsufficientStock {
        /// How many there are.
        available: u64,
    },
    /// There are as many of something as there may be.
    #[error("{owner} may have at most {limit} {what}")]
    Full {
        /// Whose they are, as a client reads it.
        owner: &'static str,
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: u32,
    },
    /// The item has grown to its limit.
    #[error("the item would be larger than an item may be")]
    TooLarge,
    /// There is more of something than is read in one go, which is never cut short in silence.
    #[error("there is more than is read at once")]
    TooMuch,
    /// An order's log no longer reaches back to what a consumer has applied last.
    #[error("the log of order {0} does not reach back far enough")]
    LogTooShort(OrderId),
    /// A newer version of this code wrote the item in a shape that this one must not write over.
    #[error("the item has shape {schema}, which this version does not write")]
    Newer {
        /// Which.
        schema: u32,
    },
    /// Other transactions were at some of a transaction's items, by their places among them;
    /// nothing was written.
    #[error("other transactions are at the same items")]
    Held(Vec<usize>),
    /// DynamoDB throttled the request or was out of reach, after retries.
    #[error("the table is busy or out of reach")]
    Throttled,
    /// An item does not read as what it should be.
    #[error("an item could not be read or written as {what}")]
    Shape {
        /// What it should be.
        what: &'static str,
        /// Why it is not.
        source: serde_dynamo::Error,
    },
    /// It is nothing that DynamoDB takes, such as an item that would be too large.
    #[error("the table takes no such request")]
    Invalid(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else that DynamoDB or the SDK said.
    #[error("the request to the table failed")]
    Request(#[source] Box<dyn Error + Send + Sync>),
}

/// What DynamoDB answers to a request that it will never take.
const INVALID: [&str; 2] = ["ValidationException", "ItemCollectionSizeLimitExceededException"];

/// The reason why a transaction was cancelled that met another one at an item.
const HELD: &str = "TransactionConflict";

/// Answers that mean "later".
const TRANSIENT: [&str; 8] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "InternalServerError",
    "ServiceUnavailable",
    "TransactionConflictException",
    "TransactionInProgressException",
];

impl TableError {
    pub(crate) fn request(error: impl Error + Send + Sync + 'static) -> Self {
        TableError::Request(Box::new(error))
    }

    pub(crate) fn shape(what: &'static str) -> impl FnOnce(serde_dynamo::Error) -> Self {
        move |source| TableError::Shape { what, source }
    }

    /// Whether it is about one item, which will not read better another time; not about the table.
    #[must_use]
    pub const fn is_of_the_item(&self) -> bool {
        matches!(self, TableError::Shape { .. } | TableError::LogTooShort(_) | TableError::TooMuch)
    }

    /// Whether it would be the same each time, unlike a throttle, a lost race, a permission that is
    /// missing, or a table that is out of reach.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        self.is_of_the_item() || matches!(self, TableError::Invalid(_))
    }

    /// Why a transaction was cancelled. A failed condition comes first: no other try can do better.
    /// The rest passes: too much at a time, or another transaction on the same item.
    pub fn cancelled(reasons: Vec<CancellationReason>) -> Self {
        let says = |codes: &[&str]| {
            reasons.iter().filter_map(CancellationReason::code).any(|code| codes.contains(&code))
        };
        if says(&["ConditionalCheckFailed"]) {
            TableError::Cancelled(reasons)
        } else if says(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
            let message = reasons.iter().find_map(CancellationReason::message);
            TableError::Invalid(message.unwrap_or("a transaction was cancelled").into())
        } else if says(&["ThrottlingError", "ProvisionedThroughputExceeded"]) {
            TableError::Throttled
        } else if says(&[HELD]) {
            let held = reasons.iter().enumerate().filter(|(_, reason)| reason.code() == Some(HELD));
            TableError::Held(held.map(|(index, _)| index).collect())
        } else {
            TableError::Cancelled(reasons)
        }
    }

    /// A condition that failed, told as what it means where there is but one thing to be seen
    /// differently: somebody else was faster.
    pub fn or_conflict(self) -> Self {
        let failed = |reasons: &[CancellationReason]| Self::failed_conditions(reasons).next().is_some();
        if matches!(&self, TableError::Cancelled(reasons) if failed(reasons)) {
            TableError::Conflict
        } else {
            self
        }
    }

    /// A condition that failed: where it is that of a counter that stands first, there are as many
    /// as there may be; else somebody else was faster.
    pub fn or_full(self, owner: &'static str, what: &'static str, limit: u32) -> Self {
        let TableError::Cancelled(reasons) = &self else { return self };
        let first = Self::failed_conditions(reasons).next();
        if matches!(first, Some((0, Some(_)))) {
            TableError::Full { owner, what, limit }
        } else {
            self.or_conflict()
        }
    }

    /// Which of a transaction's items failed their condition, and what they hold.
    pub fn failed_conditions(
        reasons: &[CancellationReason],
    ) -> impl Iterator<Item = (usize, Option<&std::collections::HashMap<String, AttributeValue>>)> {
        reasons
            .iter()
            .enumerate()
            .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
            .map(|(index, reason)| (index, reason.item()))
    }
}

impl<E, R> From<SdkError<E, R>> for TableError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        match (&error, code) {
            (_, Some("ConditionalCheckFailedException")) => TableError::Conflict,
            (_, Some(code)) if TRANSIENT.contains(&code) => TableError::Throttled,
            (_, Some(code)) if INVALID.contains(&code) => TableError::Invalid(Box::new(error)),
            (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_), _) => TableError::Throttled,
            _ => TableError::request(error),
        }
    }
}

impl From<TableError> for oms_domain::Error {
    fn from(error: TableError) -> Self {
        match error {
            TableError::InsufficientStock { available } => {
                RuleViolation::InsufficientStock { available }.into()
            }
            TableError::Full { .. } => Self::Rule { code: "limit_reached", message: error.to_string() },
            TableError::TooLarge => Self::Rule {
                code: "order_too_large",
                message: "The order is too large: shorten its notes and extra data.".to_owned(),
            },
            TableError::TooMuch => Self::TooMuch {
                code: "too_much_to_read",
                message: "There is more than can be read at once: narrow it.".to_owned(),
            },
            TableError::Conflict => Self::LostRace,
            TableError::Repeated => Self::Conflict {
                code: "idempotency_key_in_use",
                message: "A request with this Idempotency-Key is still running.".to_owned(),
            },
            TableError::Held(_) | TableError::Throttled => Self::Unavailable(Box::new(error)),
            TableError::Newer { .. } => Self::NewerData(Box::new(error)),
            TableError::Cancelled(_)
            | TableError::LogTooShort(_)
            | TableError::Shape { .. }
            | TableError::Invalid(_)
            | TableError::Request(_) => Self::internal(error),
        }
    }
}
