//! Lists as somebody reads them who has just placed and moved on many orders: what they have done
//! must show at once, and is read beside what the index says.

use super::pages::{List, read};
use super::{Cost, Line, Who};
use http::Method;
use oms_harness::{Harness, Shop};
use oms_workspace::report::Fault;
use tokio::time::{Duration, sleep};

/// How many orders are placed, and each moved on: more steps than the reader's trail is read for.
const ORDERS: u64 = 18;
/// How often one is placed.
const EVERY: Duration = Duration::from_millis(150);

/// Places orders and confirms them, and reads lists before anybody could have forgotten it.
pub(super) async fn measure(harness: &Harness) -> Result<Vec<(Line, Option<Cost>)>, Fault> {
    let shop = Shop::open(harness).await?;
    let mut placed = Vec::new();
    for _ in 0..ORDERS {
        let order = shop.order(harness).await?;
        placed.push(order.id()?.to_owned());
        harness.follow(order.id()?.parse()?).await?;
        sleep(EVERY).await;
    }
    for order in &placed {
        let path = format!("/api/orders/{order}/confirm_order/");
        harness.send(Method::PATCH, &shop.staff, &path, None).await?;
        harness.follow(order.parse()?).await?;
    }
    let mut measured = Vec::new();
    for (name, page) in [("items, at work", ""), ("items, page 3, at work", "page=3")] {
        let path = format!("/api/order-items/?{page}");
        let list = List { name, who: Who::Staff, path, trips: 3, units: 8, only_large: false };
        measured.push(read(harness, list).await?);
    }
    Ok(measured)
}
