//! Whoever pages through a list while others change it sees each order, and each line, once.

use jiff::SignedDuration;
use oms_domain::Order;
use oms_harness::paging::prove;
use oms_harness::{Harness, OrderGenerator};

const ORDERS: u64 = 200;

#[tokio::test]
async fn whoever_follows_next_sees_each_order_and_line_once_while_others_are_placed_and_changed() {
    let harness = Harness::set_up().unwrap();
    let since = harness.app.now() - SignedDuration::from_hours(24 * 30);
    let generator = OrderGenerator::new(20, 3, since, SignedDuration::from_mins(90));
    let orders: Vec<Order> = (0..ORDERS).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    harness.apply(orders).await.unwrap();
    let report = prove(&harness, &generator, ORDERS, 12).await.unwrap();
    assert!(report.is_well, "{}", report.text);
    for seen in ["200 of    200 seen once", "600 of    600 seen once"] {
        assert!(report.text.contains(seen), "{}", report.text);
    }
}
