//! The erasure of a person, as a job: who is to be erased, and what came of it. It is found where
//! bulk updates are, and writing it puts a record on the stream, which starts it.

use super::{RETENTION_S, expiring};
use crate::idempotency::Keyed;
use crate::{Table, TableError, entity, keys};
use jiff::Timestamp;
use oms_domain::{JobId, OrderId, UserId};
use serde::{Deserialize, Serialize};

/// Where the job of an erasure says whose it is; a bulk update has no such attribute.
pub const PERSON: &str = "person";

const WHAT: &str = "an erasure";

/// The erasure of a person, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Which one.
    pub id: JobId,
    /// Who is to be erased.
    pub person: UserId,
    /// Who asked for it.
    pub maker: UserId,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was put on its way again, where it had stood still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Timestamp>,
}

impl Erasure {
    /// Since when it has been on its way.
    #[must_use]
    pub fn on_its_way_since(&self) -> Timestamp {
        self.restarted_at.unwrap_or(self.created_at)
    }
}

/// What came of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureResult {
    /// How many orders the person has, all of them erased; 0 where some stood in the way.
    pub orders: u64,
    /// The orders that stood in the way, so that nothing was erased; some of them where they are
    /// many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<OrderId>,
    /// When it was done, or given up.
    pub at: Timestamp,
}

impl Table {
    /// Writes an erasure down, in one transaction with the request's idempotency record if it has
    /// one; it begins with the stream's record of it.
    ///
    /// # Errors
    /// [`TableError`]; then there is no erasure.
    pub async fn insert_erasure(&self, job: &Erasure, key: Keyed<'_>) -> Result<(), TableError> {
        let item = expiring((job.id, job.created_at), keys::JOB.to_owned(), job, WHAT)?;
        self.put(self.put_new(item)?, key).await
    }

    /// Puts an erasure on its way again, of which nothing has come: so the stream has another
    /// record of it. Two at once do what one does.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn restart_erasure(&self, job: &Erasure, now: Timestamp) -> Result<(), TableError> {
        let again = Erasure { restarted_at: Some(now), ..job.clone() };
        let item = expiring((job.id, job.created_at), keys::JOB.to_owned(), &again, WHAT)?;
        self.put(self.put_any(item)?, None).await
    }

    /// An erasure; none after [`RETENTION_S`], and none of another kind of job.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn erasure(&self, id: JobId, now: Timestamp) -> Result<Option<Erasure>, TableError> {
        let item = self.get_item(keys::job(id), keys::JOB.to_owned()).await?;
        let item = item.filter(|item| item.contains_key(PERSON));
        let job: Option<Erasure> = item.map(|item| entity::read(item, WHAT)).transpose()?;
        Ok(job.filter(|job| now.as_second() < job.created_at.as_second() + RETENTION_S))
    }

    /// What came of an erasure; none while it is under way.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn erasure_result(&self, id: JobId) -> Result<Option<ErasureResult>, TableError> {
        let item = self.get_item(keys::job(id), keys::result(0)).await?;
        item.map(|item| entity::read(item, WHAT)).transpose()
    }

    /// Notes what came of an erasure, unless that has been noted already: the first one stays.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn finish_erasure(&self, job: &Erasure, result: &ErasureResult) -> Result<(), TableError> {
        let item = expiring((job.id, job.created_at), keys::result(0), result, WHAT)?;
        match self.put(self.put_new(item)?, None).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }
}
