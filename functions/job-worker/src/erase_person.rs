//! Erases a person. What a try leaves undone the next one finds, so that it goes on where it was
//! cut off.

use crate::{Unfinished, Worker};
use oms_core::events::queue::Job;
use oms_domain::{Error, JobId, OrderId};
use oms_runtime::deadline;
use oms_table::jobs::erasures::{Erasure, ErasureResult};
use std::time::Duration;

/// How many invocations go on with one erasure, each for some minutes, before it is left to the
/// queue: it brings the message again, and then sets it aside where an operator sees it.
const ROUNDS: u8 = 100;

/// Erases whom the erasure names, unless that is done, and notes what came of it.
pub(crate) async fn work(worker: &Worker, id: JobId, rounds: u8) -> Result<(), Unfinished> {
    let table = worker.app.table();
    let Some(job) = table.erasure(id, worker.app.now()).await? else {
        tracing::warn!(%id, "there is no such erasure");
        return Ok(());
    };
    if table.erasure_result(id).await?.is_some() {
        return Ok(());
    }
    match worker.app.erase_person(&job.person, &job.maker, &|_| ()).await {
        Ok(erased) => finish(worker, &job, erased.orders, Vec::new()).await,
        Err(Error::Unfinished(orders)) => {
            tracing::warn!(%id, unfinished = orders.len(), "orders stand against an erasure");
            finish(worker, &job, 0, orders).await
        }
        Err(_) if deadline::is_near() && rounds < ROUNDS => {
            Ok(worker.queue.send(Job::ErasePerson { id, rounds: rounds + 1 }, Duration::ZERO).await?)
        }
        Err(error) => Err(Unfinished::Erasure(id, error)),
    }
}

async fn finish(
    worker: &Worker,
    job: &Erasure,
    orders: u64,
    unfinished: Vec<OrderId>,
) -> Result<(), Unfinished> {
    let result = ErasureResult { orders, unfinished, at: worker.app.now() };
    Ok(worker.app.table().finish_erasure(job, &result).await?)
}
