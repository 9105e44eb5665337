//! Calls off orders that nobody has paid in time.
//!
//! The queue keeps a message back for a quarter of an hour at most, so one that is early goes round
//! again, without a look at the order. It ends at the time that it names, or at a later one that
//! the order has by then, which is thirty days from the order's placing at the latest.

use crate::{Unfinished, Worker};
use jiff::Timestamp;
use oms_core::events::queue::Job;
use oms_domain::{Error, OrderId};

/// Waits on, or calls the order off.
pub(crate) async fn work(worker: &Worker, order: OrderId, at: Timestamp) -> Result<(), Unfinished> {
    let at = if worker.app.now() < at {
        at
    } else {
        match worker.app.expire_unpaid(order).await {
            // Another way to pay has given it more time.
            Ok(Some(later)) => later,
            Ok(None) | Err(Error::NotFound(_)) => return Ok(()),
            Err(error) => return Err(Unfinished::Unpaid(order, error)),
        }
    };
    Ok(worker.queue.send_for(Job::ExpireUnpaid { order, at }, at, worker.app.now()).await?)
}
