//! Bulk updates: what was asked for, its pieces, and what came of each.
//!
//! The pieces come before the job, so that a job that is there is whole; and each piece has at most
//! one result, so that nothing counts twice. Writing the job puts a record on the stream, which
//! starts it.

pub mod erasures;

use crate::idempotency::Keyed;
use crate::schema::{Kind, SCHEMA, UnknownFields};
use crate::writes::BATCH_WRITE_LIMIT;
use crate::{Item, Table, TableError, entity, key, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use oms_domain::{JobId, OrderId, Role, Status, User, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a bulk update can be asked about, in seconds: 30 days.
pub const RETENTION_S: i64 = 30 * 86_400;
/// How many orders a piece has at most: what one try should be able to do in a small part of the
/// worker's time, also where each order's money must go back.
pub const PIECE: usize = 50;
/// How many calls write pieces at the same time.
const WRITES_AT_ONCE: usize = 4;
const WHAT: &str = "a bulk update";

/// A bulk update, as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkUpdate {
    /// Which one.
    pub id: JobId,
    /// Who asked for it.
    pub maker: UserId,
    /// What they were then.
    pub role: Role,
    /// Where the orders go.
    pub target: Status,
    /// How many orders it has, each once.
    pub total: usize,
    /// How many pieces they are in.
    pub pieces: u16,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last put on its way; first when it was asked for.
    pub started_at: Timestamp,
    /// Until when the request that wrote it down is at work on it itself; the worker begins
    /// afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<Timestamp>,
    /// How often it has been put on its way.
    pub version: u64,
    /// What of its item this code does not know.
    #[serde(skip)]
    pub unknown: UnknownFields,
}

impl BulkUpdate {
    /// Whom the job acts for, in the role that they had when they asked. What that lets them do is
    /// seen anew for each order.
    #[must_use]
    pub fn user(&self) -> User {
        User {
            id: self.maker.clone(),
            username: self.maker.0.clone(),
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
        }
    }
}

/// An order that did not get where it was to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotMoved {
    /// Which one.
    pub id: Uuid,
    /// Why, as the API words it.
    pub error: String,
}

/// What came of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceResult {
    /// Its number, from 0.
    pub piece: u16,
    /// How many of its orders got there.
    pub updated: usize,
    /// The others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<NotMoved>,
    /// When it was done.
    pub at: Timestamp,
}

/// Where the stream's record of a bulk update says until when it is held.
pub const HELD_UNTIL: &str = "held_until";

#[derive(Serialize, Deserialize)]
struct Piece {
    orders: Vec<OrderId>,
}

impl Table {
    /// Writes a bulk update: its pieces first, then, in one transaction with the request's
    /// idempotency record if it has one, the job that makes them count. Pieces without a job are of
    /// no consequence, and expire.
    ///
    /// # Errors
    /// [`TableError`]; then there is no job.
    pub async fn insert_bulk_update(
        &self,
        job: &BulkUpdate,
        orders: &[OrderId],
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let pieces = orders.chunks(PIECE).zip(0_u16..).map(|(orders, number)| {
            let piece = Piece { orders: orders.to_vec() };
            expiring(of(job), keys::piece(number), &piece, WHAT)
        });
        let pieces: Vec<Item> = pieces.collect::<Result<_, _>>()?;
        let batches: Vec<Vec<Item>> = pieces.chunks(BATCH_WRITE_LIMIT).map(<[Item]>::to_vec).collect();
        let writes = batches.into_iter().map(|batch| self.put_batch(batch));
        futures::stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
        let item = expiring(of(job), keys::JOB.to_owned(), job, WHAT)?;
        self.put(self.put_new(item)?, key).await
    }

    /// Puts a bulk update on its way again, for what of it is not done, unless somebody else has
    /// since it was seen. What is on its way still is done once even so.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn restart_bulk_update(&self, job: &BulkUpdate, now: Timestamp) -> Result<(), TableError> {
        let again = BulkUpdate { started_at: now, held_until: None, version: job.version + 1, ..job.clone() };
        let mut item = expiring(of(&again), keys::JOB.to_owned(), &again, WHAT)?;
        job.unknown.put_back(&mut item)?;
        match self.put(self.put_over(Some(job.version), item)?, None).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }

    /// A bulk update; none after [`RETENTION_S`], and none of another kind of job.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn bulk_update(&self, id: JobId, now: Timestamp) -> Result<Option<BulkUpdate>, TableError> {
        let item = self.get_item(keys::job(id), keys::JOB.to_owned()).await?;
        let item = item.filter(|item| !item.contains_key(erasures::PERSON));
        let job = item.map(|item| entity::read_versioned::<BulkUpdate>(item, &[], WHAT)).transpose()?;
        let job = job.map(|job| BulkUpdate { unknown: job.unknown, ..job.entity });
        Ok(job.filter(|job| now.as_second() < job.created_at.as_second() + RETENTION_S))
    }

    /// The orders of a piece; none where there is no such piece.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn bulk_update_piece(&self, id: JobId, piece: u16) -> Result<Vec<OrderId>, TableError> {
        let item = self.get_item(keys::job(id), keys::piece(piece)).await?;
        let piece: Option<Piece> = item.map(|item| entity::read(item, WHAT)).transpose()?;
        Ok(piece.map(|piece| piece.orders).unwrap_or_default())
    }

    /// Whether a piece is done.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn is_bulk_update_piece_done(&self, id: JobId, piece: u16) -> Result<bool, TableError> {
        Ok(self.get_item(keys::job(id), keys::result(piece)).await?.is_some())
    }

    /// What came of the pieces that are done, in their order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn bulk_update_results(&self, id: JobId) -> Result<Vec<PieceResult>, TableError> {
        let items = self.collection(keys::job(id), keys::RESULT_PREFIX).await?;
        items.into_iter().map(|item| entity::read(item, WHAT)).collect()
    }

    /// Notes what came of a piece, unless that has been noted already: the first one stays.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn finish_bulk_update_piece(
        &self,
        job: &BulkUpdate,
        result: &PieceResult,
    ) -> Result<(), TableError> {
        let item = expiring(of(job), keys::result(result.piece), result, WHAT)?;
        match self.put(self.put_new(item)?, None).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }
}

/// The item of a job, or of a part of one: it goes [`RETENTION_S`] after the job was asked for.
fn expiring<T: Serialize>(
    (id, asked_for): (JobId, Timestamp),
    sk: String,
    part: &T,
    what: &'static str,
) -> Result<Item, TableError> {
    let mut item: Item = serde_dynamo::to_item(part).map_err(TableError::shape(what))?;
    item.extend(key(keys::job(id), sk));
    let expires = asked_for.as_second() + RETENTION_S;
    item.insert(keys::EXPIRES_AT.into(), AttributeValue::N(expires.to_string()));
    Kind::Other.write_as(&mut item, SCHEMA);
    Ok(item)
}

const fn of(job: &BulkUpdate) -> (JobId, Timestamp) {
    (job.id, job.created_at)
}
