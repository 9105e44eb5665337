//! Orders that nobody has paid: called off when their time has run out, and only so many a user.

use crate::app::App;
use crate::payments::settlement::system;
use crate::statistics::verify::STATS;
use jiff::Timestamp;
use oms_domain::{Error, Order, OrderId, Outcome, UserId, unpaid};
use oms_runtime::retry;
use oms_table::orders::unpaid::{Pass, Unpaid};

impl App {
    /// Calls an order off that nobody has paid in time, unless its money is under way, and says
    /// until when it may stay as it is.
    ///
    /// # Errors
    /// 404 where there is none; where it cannot be saved.
    pub async fn expire_unpaid(&self, id: OrderId) -> Outcome<Option<Timestamp>> {
        let order = self.again(id).await?;
        let order = self.write_down(order, &system(), |order, by| Ok(order.expire(by)?)).await?;
        Ok(order.unpaid_until())
    }

    /// Leave for a user to place one more order. Where the counters say that there are too many
    /// unpaid ones, what the user has just changed of them is looked at: who has paid one may place
    /// another. That holds for the counters as they were: when they have moved meanwhile, it is
    /// looked at again.
    ///
    /// # Errors
    /// 429 where there are `limit` of them, or more.
    pub async fn leave_to_place(&self, user: &UserId, seen: Unpaid, limit: u32) -> Outcome<Pass> {
        let mut unpaid = seen;
        for _ in 0..retry::MOVED_BEFORE_PLACING {
            if let Some(pass) = unpaid.pass(limit.into(), 0) {
                return Ok(pass);
            }
            let fewer = self.paid_just_now(user, &unpaid).await?;
            if let Some(pass) = unpaid.pass(limit.into(), fewer) {
                return Ok(pass);
            }
            let now = self.table().unpaid(user).await?;
            if now == unpaid {
                break;
            }
            unpaid = now;
        }
        Err(Error::TooManyUnpaid { limit })
    }

    /// How many orders a user has just paid or called off that the counters still have as unpaid.
    async fn paid_just_now(&self, user: &UserId, unpaid: &Unpaid) -> Outcome<u64> {
        let steps = self.table().recent_writes(user, self.now()).await?;
        let ids: Vec<OrderId> =
            steps.iter().filter(|step| step.user == *user).map(|step| step.order).collect();
        let (orders, marks) = futures::try_join!(
            self.table().orders_and_tombstones(ids.iter().copied()),
            self.table().watermarks(STATS, ids.iter().copied())
        )?;
        let mut fewer = 0;
        for mut order in orders.into_iter().filter(|order| !is_unpaid(order)) {
            let mark = marks.get(&order.id).map_or(0, |mark| unpaid.lanes.has(mark));
            if mark >= order.version {
                continue;
            }
            self.table().recall(&mut order, mark).await?;
            // One that is not counted at all is on its way, as unpaid.
            let was_unpaid = mark == 0 || order.as_of(mark).as_ref().is_some_and(is_unpaid);
            fewer += u64::from(was_unpaid);
        }
        Ok(fewer)
    }
}

fn is_unpaid(order: &Order) -> bool {
    !order.is_deleted() && unpaid::is_unpaid(order.status, order.payment_status)
}
