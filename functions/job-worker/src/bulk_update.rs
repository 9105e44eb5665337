//! A bulk update, from its pieces on the queue to their results.

use crate::{Unfinished, Worker};
use futures::StreamExt;
use oms_core::events::queue::Job;
use oms_core::orders::bulk_update::{ByJob, result_of};
use oms_domain::{Caller, Error, JobId, OrderId, Outcome};
use oms_runtime::deadline;
use oms_table::jobs::BulkUpdate;
use std::collections::HashSet;

/// How many orders are changed at the same time.
const AT_ONCE: usize = 8;

/// Puts the pieces of a bulk update that are not done on the queue. Pieces that are on it twice are
/// worked off once.
pub(crate) async fn start(worker: &Worker, id: JobId) -> Result<(), Unfinished> {
    let Some(job) = known(worker, id).await? else { return Ok(()) };
    let results = worker.app.table().bulk_update_results(id).await?;
    let done: HashSet<u16> = results.iter().map(|result| result.piece).collect();
    let left = (0..job.pieces).filter(|piece| !done.contains(piece));
    let jobs: Vec<Job> = left.map(|piece| Job::BulkUpdate { id, piece }).collect();
    worker.queue.send_all(&jobs).await?;
    tracing::info!(%id, orders = job.total, pieces = jobs.len(), "bulk update started");
    Ok(())
}

/// Moves the orders of a piece, unless it is done, and notes what came of them. Where some could
/// not be moved for a reason that passes, the piece comes again; on the last try they count as
/// failed.
pub(crate) async fn work(
    worker: &Worker,
    id: JobId,
    piece: u16,
    is_last_try: bool,
) -> Result<(), Unfinished> {
    let Some(job) = known(worker, id).await? else { return Ok(()) };
    let table = worker.app.table();
    if table.is_bulk_update_piece_done(id, piece).await? {
        return Ok(());
    }
    let orders = table.bulk_update_piece(id, piece).await?;
    let outcomes = move_all(worker, &job, &orders).await;
    let passing =
        outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).filter(|error| Error::passes(error));
    let passing = passing.count();
    // What there was no time for has not been tried.
    if passing > 0 && (!is_last_try || deadline::is_near()) {
        return Err(Unfinished::Orders(passing));
    }
    let result = result_of(piece, &orders, &outcomes, worker.app.now());
    table.finish_bulk_update_piece(&job, &result).await?;
    tracing::info!(%id, piece, updated = result.updated, failed = result.failed.len(), "piece done");
    Ok(())
}

async fn move_all(worker: &Worker, job: &BulkUpdate, orders: &[OrderId]) -> Vec<Outcome<()>> {
    let caller = &Caller { user: job.user(), role: job.role };
    let by_job = ByJob { id: job.id, since: job.created_at };
    let moves = orders.iter().map(|id| worker.app.move_order(caller, *id, job.target, by_job));
    futures::stream::iter(moves).buffered(AT_ONCE).collect().await
}

/// The job; none where it has expired, which is the end of it.
async fn known(worker: &Worker, id: JobId) -> Result<Option<BulkUpdate>, Unfinished> {
    let job = worker.app.table().bulk_update(id, worker.app.now()).await?;
    if job.is_none() {
        tracing::warn!(%id, "there is no such bulk update");
    }
    Ok(job)
}
