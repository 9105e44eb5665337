//! Limits and rules of the catalogue while several write at the same time.

use futures::future::{join, join_all};
use jiff::SignedDuration;
use oms_domain::catalog::{MAX_STOCK, ProductStatus, Store, StoreStatus};
use oms_domain::{Currency, ProductId, UserId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_table::TableError;
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::{Adjustment, StockLevel};

fn store(harness: &Harness) -> Store {
    let generator = OrderGenerator::new(1, 1, harness.app.now(), SignedDuration::from_mins(1));
    let store = generator.stores.into_iter().next().unwrap();
    Store { id: harness.app.new_id(), currency: Currency::USD, ..store }
}

fn product(store: &Store, number: u64) -> StockedProduct {
    StockedProduct { product: OrderGenerator::product(store, number), stock_levels: Vec::new() }
}

#[tokio::test]
async fn a_store_has_five_products_however_many_are_made_at_once() {
    let harness = Harness::set_up().unwrap();
    let (table, store) = (harness.app.table(), store(&harness));
    table.insert_store(&store, 20, None).await.unwrap();
    let made = join_all((0..12).map(|n| {
        let (store, product) = (&store, product(&store, n));
        async move {
            loop {
                match table.insert_product(&product, store, 5, None).await {
                    Err(TableError::Conflict) => {}
                    done => return done,
                }
            }
        }
    }));
    let made = made.await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 5);
    for refused in made.into_iter().filter_map(Result::err) {
        assert_eq!(refused.to_string(), "A store may have at most 5 products");
    }
    let counted = table.count_of_products(store.id).await.unwrap();
    assert_eq!(counted.of(ProductStatus::Active), 5);
    // One that goes makes room.
    let made = table.products_with(Some(store.id), ProductStatus::ALL).await.unwrap().entries;
    let seen = table.product(made[0].id).await.unwrap().unwrap();
    table.delete_products(&[seen], Some(&store)).await.unwrap();
    table.insert_product(&product(&store, 99), &store, 5, None).await.unwrap();
    assert_eq!(table.count_of_products(store.id).await.unwrap().of(ProductStatus::Active), 5);
}

#[tokio::test]
async fn a_first_product_and_another_currency_do_not_both_come_first() {
    let harness = Harness::set_up().unwrap();
    let table = harness.app.table();
    for round in 0..30 {
        let store = store(&harness);
        table.insert_store(&store, 20, None).await.unwrap();
        let seen = table.versioned_store(store.id).await.unwrap().unwrap();
        let turned = Store { currency: Currency::JPY, ..store.clone() };
        let product = product(&store, 0);
        let both = join(
            table.replace_store(&seen, &turned, 20, None),
            table.insert_product(&product, &store, 5, None),
        );
        let (turned, made) = both.await;
        assert!(turned.is_err() || made.is_err(), "round {round}");
        let now = table.store(store.id).await.unwrap().unwrap().currency;
        assert!(made.is_err() || now == Currency::USD, "round {round}");
    }
}

#[tokio::test]
async fn counts_follow_status_owner_and_deletion() {
    let harness = Harness::set_up().unwrap();
    let (table, vendor) = (harness.app.table(), UserId("vendor".into()));
    let store = Store { owner: Some(vendor.clone()), status: StoreStatus::Active, ..store(&harness) };
    table.insert_store(&store, 1, None).await.unwrap();
    let another = Store { id: harness.app.new_id(), ..store.clone() };
    assert!(matches!(table.insert_store(&another, 1, None).await, Err(TableError::Full { .. })));
    table.insert_product(&product(&store, 0), &store, 5, None).await.unwrap();

    let seen = table.versioned_store(store.id).await.unwrap().unwrap();
    let closed = Store { status: StoreStatus::Inactive, owner: None, ..store.clone() };
    table.replace_store(&seen, &closed, 1, None).await.unwrap();
    let counts = async |status| {
        let stores = table.count_of_stores(&[status]).await.unwrap();
        (stores, table.assortments(&[status]).await.unwrap().len())
    };
    assert_eq!((counts(StoreStatus::Active).await, counts(StoreStatus::Inactive).await), ((0, 0), (1, 1)));
    table.insert_store(&another, 1, None).await.unwrap();

    let seen = table.versioned_store(store.id).await.unwrap().unwrap();
    let now = harness.app.now();
    assert!(matches!(table.delete_store(&seen, now).await, Err(TableError::Conflict)), "it has a product");
    let products = [table.product(product(&store, 0).product.id).await.unwrap().unwrap()];
    table.delete_products(&products, Some(&closed)).await.unwrap();
    table.delete_store(&seen, now).await.unwrap();
    assert!(table.store(store.id).await.unwrap().is_none());
    assert_eq!((counts(StoreStatus::Active).await, counts(StoreStatus::Inactive).await), ((1, 0), (0, 0)));
}

/// A product with so many pieces on its own shelf.
async fn shelved(harness: &Harness, pieces: u64) -> ProductId {
    let store = store(harness);
    harness.app.table().insert_store(&store, 20, None).await.unwrap();
    let stocked = StockedProduct { stock_levels: vec![StockLevel::new(None, pieces)], ..product(&store, 0) };
    harness.app.table().insert_product(&stocked, &store, 5, None).await.unwrap();
    stocked.product.id
}

#[tokio::test]
async fn what_is_counted_on_a_condition_loses_no_other_adjustment() {
    let harness = Harness::set_up().unwrap();
    let table = harness.app.table();
    let product = shelved(&harness, 10).await;
    let level = async || table.product(product).await.unwrap().unwrap().entity.available(None);
    let adjust = |adjustment| table.adjust_stock(product, None, adjustment, None);
    for round in 0..20 {
        let seen = level().await;
        let both = join(adjust(Adjustment::From { seen, to: 1 }), adjust(Adjustment::By(7)));
        let (counted, added) = both.await;
        added.unwrap();
        let counted = match counted {
            Ok(()) => true,
            Err(TableError::Conflict) => false,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(level().await, if counted { 8 } else { seen + 7 }, "round {round}");
    }
    let stale = adjust(Adjustment::From { seen: level().await + 1, to: 1 }).await;
    assert!(matches!(stale, Err(TableError::Conflict)));
}

#[tokio::test]
async fn a_shelf_holds_no_more_than_there_may_be_however_many_put_pieces_there() {
    let harness = Harness::set_up().unwrap();
    let table = harness.app.table();
    let product = shelved(&harness, MAX_STOCK.unsigned_abs() - 30).await;
    let added = join_all((0..10).map(|_| table.adjust_stock(product, None, Adjustment::By(7), None))).await;
    assert_eq!(added.iter().filter(|added| added.is_ok()).count(), 4);
    for refused in added.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, TableError::Conflict), "{refused}");
    }
    let seen = table.product(product).await.unwrap().unwrap();
    assert_eq!(seen.entity.available(None), MAX_STOCK.unsigned_abs() - 2);
}
