//! How subscriptions end: at the topic first, then in the table, so that as long as anybody could
//! hear, somebody can see it. Cut off anywhere, it can be repeated.

use crate::app::App;
use crate::events::topic::{NoTopic, SubscribeError, Wanted};
use jiff::Timestamp;
use oms_domain::StoreId;
use oms_table::TableError;
use oms_table::entity::Versioned;
use oms_table::notifications::subscriptions::SubscriptionRecord;

/// Why a subscription did not end.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// The function does not know the topic.
    #[error(transparent)]
    NoTopic(#[from] NoTopic),
    /// The topic could not be asked.
    #[error(transparent)]
    Topic(#[from] SubscribeError),
    /// The table could not be written, or the subscription has changed meanwhile.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl App {
    /// Ends a subscription as it was seen.
    ///
    /// # Errors
    /// [`EndError`]; [`TableError::Conflict`] where it has changed meanwhile.
    pub async fn end_subscription(&self, seen: &Versioned<SubscriptionRecord>) -> Result<(), EndError> {
        let SubscriptionRecord { subscription, arn, .. } = &seen.entity;
        self.bus()?.unsubscribe(&Wanted::new(subscription), arn.as_deref()).await?;
        Ok(self.table().delete_subscription(subscription.id, seen.version).await?)
    }

    /// Ends the subscriptions to a store's events, or those that there were at a time; how many.
    ///
    /// # Errors
    /// [`EndError`], with some of them ended: the same again ends the others.
    pub async fn end_subscriptions_of(
        &self,
        store: StoreId,
        at: Option<Timestamp>,
    ) -> Result<usize, EndError> {
        let mut ended = 0;
        for seen in self.table().subscriptions().await? {
            let subscription = &seen.entity.subscription;
            if subscription.store == Some(store) && at.is_none_or(|at| subscription.created_at <= at) {
                self.end_subscription(&seen).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }
}
