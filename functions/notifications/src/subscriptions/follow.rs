//! Making the topic follow what a record wants, and seeing how far it does.

use super::Record;
use oms_core::app::App;
use oms_core::events::subscriptions::EndError;
use oms_core::events::topic::{Answer, SubscribeError, Wanted};
use oms_domain::subscription::SubscriptionStatus;
use oms_domain::{Error, Kind, Outcome};
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::notifications::subscriptions::{MAX_SUBSCRIPTIONS, SubscriptionRecord};

/// Makes the topic follow a record, where it does not yet, and notes that it does. Of a record
/// whose subscription has ended, a caller who `adopts` takes over what somebody has made at the
/// topic since.
///
/// # Errors
/// 400 where the topic refuses; 404 where the record has been removed meanwhile; 503.
pub(super) async fn follow(app: &App, record: Record, adopts: bool) -> Outcome<Record> {
    try_to_follow(app, record, adopts).await?.map_err(refusal)
}

/// The same, with what the topic refuses apart.
async fn try_to_follow(
    app: &App,
    mut record: Record,
    adopts: bool,
) -> Outcome<Result<Record, SubscribeError>> {
    let bus = app.bus().map_err(Error::internal)?;
    for _ in 0..retry::LOST_RACES {
        let wanted = Wanted::new(&record.entity.subscription);
        let answer = match bus.subscribe(&wanted, record.entity.arn.as_deref(), adopts).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let arn = answer.arn.clone();
        let version = record.version;
        // The topic did not say whom it serves now: whoever looks next asks again.
        let applied = if arn.is_some() { version } else { record.entity.applied };
        let followed = noted(record, answer, applied);
        match app.table().note_subscription(&followed, app.request().key()).await {
            Ok(()) => return Ok(Ok(followed)),
            Err(TableError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        // Somebody changed it meanwhile, and the topic may have followed us last; or removed it.
        match app.table().subscription(followed.entity.subscription.id).await? {
            Some(newer) => record = newer,
            None => {
                bus.unsubscribe(&wanted, arn.as_deref()).await.map_err(refusal)?;
                return Err(Error::NotFound(Kind::Subscription));
            }
        }
    }
    Err(TableError::Conflict.into())
}

/// A record as it is, once more made to follow where an earlier attempt was cut off, with whether
/// the endpoint hears.
///
/// # Errors
/// 503.
pub(super) async fn refreshed(app: &App, record: Record) -> Outcome<Record> {
    if record.entity.applied < record.version {
        return match try_to_follow(app, record.clone(), false).await? {
            // What hears now at this endpoint is not what this record made.
            Err(SubscribeError::Taken) => {
                let gone = |entity| SubscriptionRecord { status: SubscriptionStatus::Unsubscribed, ..entity };
                Ok(record.map(gone))
            }
            followed => followed.map_err(refusal),
        };
    }
    let bus = app.bus().map_err(Error::internal)?;
    let wanted = Wanted::new(&record.entity.subscription);
    let answer = bus.status(&wanted, record.entity.arn.as_deref()).await.map_err(refusal)?;
    let applied = record.entity.applied;
    let before = record.entity.clone();
    let after = noted(record, answer, applied);
    if after.entity != before {
        match app.table().note_subscription(&after, app.request().key()).await {
            // Whoever changed it has asked the topic as well.
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(after)
}

/// The record with what the topic said.
fn noted(record: Record, answer: Answer, applied: u64) -> Record {
    record.map(|entity| SubscriptionRecord {
        arn: answer.arn.or(entity.arn),
        status: answer.status,
        applied,
        ..entity
    })
}

/// What an error of the topic is to a client.
pub(super) fn refusal(error: SubscribeError) -> Error {
    match error {
        SubscribeError::Refused(reason) => {
            tracing::warn!(reason, "the topic refused an endpoint");
            Error::field("endpoint", "This endpoint cannot be subscribed.")
        }
        SubscribeError::Taken => taken(),
        SubscribeError::Full => full(),
        SubscribeError::Unreachable(source) => Error::Unavailable(source),
    }
}

/// The endpoint has a subscription, of ours or made at the topic by hand.
pub(super) fn taken() -> Error {
    Error::field("endpoint", "This endpoint is already subscribed.")
}

/// Why a subscription did not end, as a client hears of it.
pub(super) fn not_ended(error: EndError) -> Error {
    match error {
        EndError::NoTopic(error) => Error::internal(error),
        EndError::Topic(error) => refusal(error),
        EndError::Table(error) => error.into(),
    }
}

/// There is no room for another one.
pub(super) fn full() -> Error {
    Error::Rule {
        code: "too_many_subscriptions",
        message: format!(
            "There is no room for another subscription: at most {MAX_SUBSCRIPTIONS}, of one store at most {}.",
            oms_table::notifications::subscriptions::MAX_SUBSCRIPTIONS_OF_STORE
        ),
    }
}
