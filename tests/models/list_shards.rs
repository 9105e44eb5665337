//! Lists that are split into more parts and into fewer again.

use jiff::{SignedDuration, Timestamp};
use oms_domain::Order;
use oms_harness::{Harness, OrderGenerator, Shop};
use oms_table::list_shards::ListShards;
use orderctl::rebuild;
use orderctl::rebuild::Rebuild;
use std::collections::BTreeSet;

/// Into how many parts the lists of all, and those of a store, are split by one deployment after
/// the other.
const DEPLOYMENTS: [(u16, u16); 5] = [(1, 1), (4, 3), (7, 2), (2, 1), (1, 1)];
/// How many orders each of them writes that are new, and how many of the others it changes.
const ORDERS: u64 = 12;

/// The ids of what some pages list, in any order; each once.
async fn listed(harness: &Harness, shop: &Shop, path: &str) -> BTreeSet<String> {
    let page = harness.get(&shop.staff, path).await.unwrap();
    let results = page.body["results"].as_array().unwrap_or_else(|| panic!("{path}: {}", page.body));
    let ids: Vec<String> = results.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(page.body["count"], ids.len(), "{path}");
    let set: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(set.len(), ids.len(), "{path} shows something twice");
    set
}

/// Each list shows every order, or payment, of `orders` that it should.
async fn lists_show(harness: &Harness, shop: &Shop, orders: &[Order]) {
    let ids = |wanted: &dyn Fn(&Order) -> bool| -> BTreeSet<String> {
        orders.iter().filter(|order| wanted(order)).map(|order| order.id.to_string()).collect()
    };
    let store = orders[0].store.id;
    let (status, money) = (orders[0].status, orders[0].payment_status);
    for order in ["", "&ordering=created_at", "&ordering=-total_amount"] {
        let all = format!("/api/orders/?page_size=100{order}");
        assert_eq!(listed(harness, shop, &all).await, ids(&|_| true), "{all}");
        let of_store = format!("{all}&store={store}");
        assert_eq!(
            listed(harness, shop, &of_store).await,
            ids(&|order| order.store.id == store),
            "{of_store}"
        );
        let by_status = format!("{all}&status={status}&payment_status={money}");
        let wanted = ids(&|order| order.status == status && order.payment_status == money);
        assert_eq!(listed(harness, shop, &by_status).await, wanted, "{by_status}");
    }
    let payments = orders.iter().flat_map(|order| &order.payments);
    let payments: BTreeSet<String> = payments.map(|payment| payment.id.to_string()).collect();
    for order in ["", "&ordering=-amount"] {
        let path = format!("/api/payments/?page_size=100{order}");
        assert_eq!(listed(harness, shop, &path).await, payments, "{path}");
    }
}

#[tokio::test]
async fn lists_show_everything_in_however_many_parts_it_was_written_and_is_read() {
    let mut harness = Harness::set_up().unwrap();
    let shop = Shop::open(&harness).await.unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(5, 2, since, SignedDuration::from_hours(1));
    let (mut orders, mut widest) = (Vec::<Order>::new(), ListShards::ONE);
    for (all, of_store) in DEPLOYMENTS {
        let settings = [("LIST_SHARDS", all.to_string()), ("STORE_LIST_SHARDS", of_store.to_string())];
        harness =
            harness.redeployed(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).unwrap();
        if !orders.is_empty() {
            // What those before have written, before this one has.
            lists_show(&harness, &shop, &orders).await;
        }
        for (number, order) in orders.iter_mut().enumerate().filter(|(number, _)| number % 5 == 0) {
            let by = oms_domain::Actor { id: oms_domain::UserId("admin".into()), at: order.updated_at };
            let Ok(moved) = order.clone().cancel(true, &number.to_string(), &by) else { continue };
            harness.save(Some(order.version), &moved.order).await.unwrap();
            *order = moved.order;
        }
        let first = orders.len() as u64;
        for number in first..first + ORDERS {
            let order = generator.order(number).unwrap();
            harness.save(None, &order).await.unwrap();
            orders.push(order);
        }
        harness.apply(orders.clone()).await.unwrap();
        lists_show(&harness, &shop, &orders).await;
        widest = widest.widest(ListShards { all, of_store });
        // Whoever starts now, with whatever settings, reads as many.
        harness = harness.redeployed(&[]).unwrap();
        assert_eq!(harness.app.table().list_shards().await.unwrap(), widest);
    }
    assert_eq!(widest, ListShards { all: 7, of_store: 3 });

    // Until an operator writes everything anew.
    let all_anew = Rebuild { projections: true, ..Rebuild::default() };
    rebuild::run(&harness.app, &all_anew).await.unwrap();
    harness = harness.redeployed(&[]).unwrap();
    assert_eq!(harness.app.table().list_shards().await.unwrap(), ListShards::ONE);
    lists_show(&harness, &shop, &orders).await;
}
