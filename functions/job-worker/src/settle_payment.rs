//! Finds out how a charge or a refund ended that no answer came about, by asking for it again with
//! its key.

use crate::{Unfinished, Worker};
use oms_core::events::queue::Job;
use oms_domain::{Error, OrderId};

/// How often the gateway is asked in vain, each time twice as late as before, until the message is
/// left to the queue: it brings it again, and then sets it aside where an operator sees it.
const TRIES: u8 = 5;

/// Settles what an order waits for.
pub(crate) async fn work(worker: &Worker, order: OrderId, tries: u8) -> Result<(), Unfinished> {
    let settled = match worker.app.settle(order).await {
        Ok(settled) => settled,
        // There is nothing to settle of what is not there.
        Err(Error::NotFound(_)) => return Ok(()),
        Err(error) => return Err(Unfinished::Answer(error)),
    };
    if !settled.awaits_gateway() {
        tracing::info!(%order, "settled");
        return Ok(());
    }
    if let Some(until) = settled.waits_for_customer_until(worker.app.now()) {
        // Its customer may still act. What they did is asked for now and then, and called off in
        // the end.
        let again = Job::SettlePayment { order, tries };
        return Ok(worker.queue.send_for(again, until, worker.app.now()).await?);
    }
    if let Some(since) = settled.awaits_gateway_since() {
        worker.metrics.gateway_silence(since, worker.app.now());
    }
    if tries >= TRIES {
        return Err(Unfinished::NoAnswer(order));
    }
    let delay = worker.app.config().settle_after * (2 << tries);
    Ok(worker.queue.send(Job::SettlePayment { order, tries: tries + 1 }, delay).await?)
}
