//! Items of every shape that was ever written, as they stand in tables (`golden`), against the code
//! of today.

mod complete;

use super::*;
use crate::answer::FromAnswer;
use crate::entity::{self, Versioned};
use crate::list_shards::ListShards;
use crate::lists::Entry;
use crate::notifications::subscriptions::{self, SubscriptionRecord};
use crate::orders::item::{
    erased_log, from_item, is_signed, log_from_item, moved_log_to_item, signed, to_item, to_items,
};
use crate::orders::part::{OrderPart, Part};
use crate::orders::stored::Whole;
use crate::{Layout, catalog};
use complete::{TOKENS, complete};
use oms_domain::catalog::{Product, Store};
use oms_domain::{Order, OrderSummary, PaymentEntry, Stored};
use std::path::PathBuf;

fn layout(schema: u32) -> Layout {
    Layout { lists: ListShards::ONE, stock_shards: 1, schema }
}

fn golden(name: &str) -> Item {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("src/schema/golden/{name}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let item: serde_dynamo::Item = serde_json::from_str(&text).unwrap();
    item.into()
}

/// Fails with the item as it would stand in its file, so that one of a new shape can be put there.
#[track_caller]
fn assert_golden(item: &Item, name: &str) {
    let written: serde_dynamo::Item = item.clone().into();
    let written = serde_json::to_value(written).unwrap();
    let file: serde_dynamo::Item = golden(name).into();
    let file = serde_json::to_value(file).unwrap();
    assert!(written == file, "{name} is written otherwise now:\n{written:#}");
}

/// The order as it stands in a table: with the tokens of its last saves.
fn saved() -> Order {
    let mut order = complete();
    let version = order.version;
    for (of, token) in TOKENS {
        order.version = of;
        order = signed(&order, token);
    }
    order.version = version;
    order
}

#[test]
fn an_order_whose_lines_or_log_are_gone_is_not_taken_for_one_without_any() {
    for list in ["items", "log"] {
        let mut item = golden("order-3");
        item.remove(list);
        let sent = serde_json::to_string(&serde_dynamo::Item::from(item.clone())).unwrap();
        let read = Whole::from_answer(&mut serde_json::Deserializer::from_str(&sent));
        assert!(read.is_err() && from_item(item).is_err(), "{list}");
    }
}

/// The order of an item as the table sends it.
fn answered(item: &Item) -> Order {
    let sent: serde_dynamo::Item = item.clone().into();
    let sent = serde_json::to_string(&sent).unwrap();
    let Whole(order) = Whole::from_answer(&mut serde_json::Deserializer::from_str(&sent)).unwrap();
    order
}

#[test]
fn an_order_of_every_shape_reads_as_what_it_was_written_for() {
    for name in ["order-1-long-names", "order-1", "order-2", "order-3"] {
        let item = golden(name);
        let order = from_item(item.clone()).unwrap();
        assert_eq!(order, complete(), "{name}");
        let answered = answered(&item);
        assert_eq!(answered, complete(), "{name}");
        // With what it keeps for its store.
        assert_eq!(to_item(&answered, layout(SCHEMA)).unwrap(), to_item(&order, layout(SCHEMA)).unwrap());
        for (version, token) in TOKENS {
            assert!(is_signed(item.clone(), version, token), "{name}: {version}");
            assert!(!is_signed(item.clone(), version, token + 1), "{name}: {version}");
        }
    }
    for name in ["log-1-long-names", "log-2"] {
        assert_eq!(log_from_item(golden(name)).unwrap(), complete().log, "{name}");
    }
}

#[test]
fn a_summary_is_read_from_what_the_table_sends_as_from_the_item_that_it_is() {
    for (name, range) in [
        ("order-1-long-names", "list_at"),
        ("order-1", "list_at"),
        ("order-2", "list_at"),
        ("order-3", "list_total"),
    ] {
        let mut item = golden(name);
        item.retain(|name, _| ["pk", "sk", range, "list_all", "summary"].contains(&name.as_str()));
        let sent = serde_json::to_string(&serde_dynamo::Item::from(item.clone())).unwrap();
        let (_, read) = OrderSummary::from_answer(&mut serde_json::Deserializer::from_str(&sent)).unwrap();
        assert_eq!(read, OrderSummary::of(&complete()), "{name}");
    }
    let none = r#"{"pk": {"S": "ORDER#7"}, "list_at": {"S": "2026"}}"#;
    assert!(OrderSummary::from_answer(&mut serde_json::Deserializer::from_str(none)).is_err());
}

/// As the table sends it that is asked for these attributes only.
#[test]
fn a_part_of_an_order_of_every_shape_reads_as_that_part_of_the_whole() {
    for name in ["order-1-long-names", "order-1", "order-2", "order-3"] {
        for part in [OrderPart::Lines, OrderPart::Payments] {
            let mut item = golden(name);
            item.retain(|attribute, _| part.attributes().contains(&attribute.as_str()));
            let json = serde_json::to_string(&serde_dynamo::Item::from(item)).unwrap();
            let read = Part::from_answer(&mut serde_json::Deserializer::from_str(&json));
            let (Part(read), whole) = (read.unwrap(), complete());
            let (lines, payments) = match part {
                OrderPart::Lines => (whole.lines.clone(), Vec::new()),
                OrderPart::Payments => (Vec::new(), whole.payments.clone()),
            };
            assert_eq!((&read.lines, &read.payments), (&lines, &payments), "{name}");
            assert_eq!(read.log, []);
            let known = Order {
                log: Vec::new(),
                lines: whole.lines.clone(),
                payments: whole.payments.clone(),
                ..read
            };
            for payment in &whole.payments {
                assert_eq!(PaymentEntry::of(&known, payment), PaymentEntry::of(&whole, payment), "{name}");
            }
            assert_eq!(
                (
                    known.version,
                    known.status,
                    known.total_amount,
                    known.payment_status,
                    &known.user,
                    &known.store
                ),
                (
                    whole.version,
                    whole.status,
                    whole.total_amount,
                    whole.payment_status,
                    &whole.user,
                    &whole.store
                ),
            );
        }
    }
}

#[test]
fn an_order_that_was_deleted_long_ago_is_in_the_list_where_its_user_is_erased() {
    let deleted = Order { deleted_at: Some(complete().created_at), ..complete() };
    let written = to_items(&deleted, Some(deleted.version), layout(SCHEMA)).unwrap().0;
    let mut old = golden("order-1");
    old.insert("deleted_at".to_owned(), written["deleted_at"].clone());
    // It was in no list then.
    for name in ["list_user", "list_store", "list_all", "list_at"] {
        old.remove(name);
    }
    Kind::Order.migrate(&mut old, SCHEMA).unwrap();
    assert_eq!(old["list_user"], text("DELETED#ada"));
    for name in ["list_user", "list_store", "list_all", "list_at"] {
        assert_eq!(old.get(name), written.get(name), "{name}");
    }
}

/// What is written in a shape has that shape for good: a field more or less is a new one.
#[test]
fn an_order_is_written_in_the_shape_that_is_wanted() {
    for (wanted, name) in [(1, "order-2"), (2, "order-2"), (3, "order-3")] {
        let (item, older) = to_items(&saved(), Some(complete().version), layout(wanted)).unwrap();
        assert!(older.is_empty());
        assert_golden(&item, name);
    }
    assert_golden(&moved_log_to_item(&saved(), complete().log, layout(SCHEMA)).unwrap(), "log-2");
}

#[test]
fn entities_are_written_in_the_shape_that_they_always_had() {
    let store: Versioned<Store> = entity::read_versioned(golden("store-1"), &[], "a store").unwrap();
    assert_golden(&catalog::stores::to_item(&store.entity, store.version).unwrap(), "store-1");
    let product: Versioned<Product> = entity::read_versioned(golden("product-1"), &[], "a product").unwrap();
    assert_golden(&catalog::products::to_item(&product.entity, product.version).unwrap(), "product-1");
    let address: Versioned<catalog::addresses::AddressRecord> =
        entity::read_versioned(golden("address-1"), &[], "an address").unwrap();
    assert_golden(&catalog::addresses::to_item(&address.entity, address.version).unwrap(), "address-1");
    let subscriber: Versioned<SubscriptionRecord> =
        entity::read_versioned(golden("subscription-1"), &[], "a subscription").unwrap();
    let written = subscriptions::to_item(&subscriber.entity, subscriber.version).unwrap();
    assert_golden(&written, "subscription-1");
}

#[test]
fn an_order_goes_from_every_shape_to_every_other_and_back() {
    for name in ["order-1-long-names", "order-1", "order-2", "order-3"] {
        let mut item = golden(name);
        // What nobody knows goes along.
        item.insert("gift_wrap".to_owned(), AttributeValue::Bool(true));
        for wanted in [3, 1, 2, 3] {
            let was = Shape::of(&item);
            let changed = Kind::Order.migrate(&mut item, wanted).unwrap();
            assert_eq!(changed, was != Kind::Order.written(wanted), "{name} to {wanted}");
            assert!(!Kind::Order.migrate(&mut item, wanted).unwrap(), "{name} to {wanted}, again");
            assert_eq!(item.remove("gift_wrap"), Some(AttributeValue::Bool(true)));
            assert_golden(&item, if wanted < 3 { "order-2" } else { "order-3" });
            item.insert("gift_wrap".to_owned(), AttributeValue::Bool(true));
        }
    }
}

fn text(of: &str) -> AttributeValue {
    AttributeValue::S(of.to_owned())
}

fn map<'a>(item: &'a mut Item, name: &str) -> &'a mut Item {
    let Some(AttributeValue::M(map)) = item.get_mut(name) else { panic!("{name} is no map") };
    map
}

fn entry<'a>(item: &'a mut Item, list: &str, place: usize) -> &'a mut Item {
    let Some(AttributeValue::L(entries)) = item.get_mut(list) else { panic!("{list} is no list") };
    let AttributeValue::M(map) = &mut entries[place] else { panic!("{list} has no maps") };
    map
}

type Place = fn(&mut Item) -> &mut Item;

/// Everywhere in an order's item where a later version may add something.
const PLACES: [(&str, Place); 9] = [
    ("the order", |item| item),
    ("its summary", |item| map(item, "summary")),
    ("its user", |item| map(map(item, "summary"), "u")),
    ("its address", |item| map(item, "shipping_address")),
    ("a line", |item| entry(item, "items", 1)),
    ("a product", |item| map(entry(item, "items", 0), "product")),
    ("a payment", |item| entry(item, "payments", 0)),
    ("a refund", |item| entry(entry(item, "payments", 0), "refunds", 0)),
    ("a change", |item| entry(item, "log", 2)),
];
const ADDED: &str = "added";

/// An item that a version wrote that knows shape 9, which those may write that know `writer`.
fn of_shape_9(name: &str, writer: u32) -> Item {
    let mut item = golden(name);
    Shape { schema: 9, writer }.stamp(&mut item);
    item
}

#[test]
fn what_a_newer_version_has_added_outlives_a_save() {
    let mut item = of_shape_9("order-3", 3);
    for (name, place) in PLACES {
        place(&mut item).insert(ADDED.to_owned(), text(name));
    }
    let order = answered(&item);
    assert_eq!(order, complete());
    let refused = to_items(&order, Some(order.version), layout(SCHEMA)).unwrap_err();
    assert!(matches!(refused, TableError::Newer { schema: 9 }), "what is not known cannot be erased");
    let order = Order { erased_at: None, ..order };
    let edited = Order { notes: "Ring twice.".into(), version: order.version + 1, ..order.clone() };
    // Also by one that is still asked to write an older shape than the item had.
    for wanted in [1, SCHEMA] {
        let (mut saved, _) = to_items(&signed(&edited, 77), Some(order.version), layout(wanted)).unwrap();
        assert_eq!(Shape::of(&saved), Shape { schema: 9, writer: 3 });
        for (name, place) in PLACES {
            assert_eq!(place(&mut saved).remove(ADDED), Some(text(name)), "{name}");
        }
        assert_eq!(from_item(saved.clone()).unwrap(), edited);
        assert!(is_signed(saved, edited.version, 77));
    }
    // Of what is no more, nothing comes back.
    let mut without = edited;
    without.lines.remove(1);
    let (saved, _) = to_items(&without, Some(order.version), layout(SCHEMA)).unwrap();
    assert_eq!(from_item(saved).unwrap().lines.len(), complete().lines.len() - 1);
    // The half of a log that moves out keeps what its changes had.
    let mut older = moved_log_to_item(&order, order.log.clone(), layout(SCHEMA)).unwrap();
    assert_eq!(entry(&mut older, "log", 2).get(ADDED), Some(&text("a change")));
}

#[test]
fn what_a_newer_version_has_reshaped_is_read_and_not_written() {
    let order = answered(&of_shape_9("order-3", 9));
    assert_eq!(order, complete());
    let refused = to_items(&order, Some(order.version), layout(SCHEMA)).unwrap_err();
    assert!(matches!(refused, TableError::Newer { schema: 9 }), "{refused}");
    let refused = Kind::Order.migrate(&mut of_shape_9("order-3", 3), SCHEMA).unwrap_err();
    assert!(matches!(refused, TableError::Newer { schema: 9 }), "{refused}");
    let mut log = golden("log-2");
    assert!(erased_log(order.id, log.clone(), layout(SCHEMA)).unwrap().is_some());
    Shape { schema: 9, writer: 2 }.stamp(&mut log);
    let refused = erased_log(order.id, log, layout(SCHEMA)).unwrap_err();
    assert!(matches!(refused, TableError::Newer { schema: 9 }), "{refused}");
    // An order that is made anew has nothing to lose.
    let anew = Order { stored: Stored::default(), ..order };
    assert!(to_items(&anew, None, layout(SCHEMA)).is_ok());
}

#[test]
fn what_a_newer_version_has_added_to_an_entity_outlives_a_save() {
    let mut item = of_shape_9("product-1", 1);
    item.insert(ADDED.to_owned(), text("the product"));
    map(&mut item, "summary").insert(ADDED.to_owned(), text("its summary"));
    entry(&mut item, "variants", 0).insert(ADDED.to_owned(), text("a variant"));
    let seen: Versioned<Product> =
        entity::read_versioned(item.clone(), &["variant_skus"], "a product").unwrap();
    let mut product = seen.entity.clone();
    product.variants.iter_mut().for_each(|variant| variant.sku.clear());
    let mut saved = catalog::products::to_item(&product, seen.version + 1).unwrap();
    seen.unknown.put_back(&mut saved).unwrap();
    assert_eq!(Shape::of(&saved), Shape { schema: 9, writer: 1 });
    assert_eq!(saved.get(ADDED), Some(&text("the product")));
    assert_eq!(map(&mut saved, "summary").get(ADDED), Some(&text("its summary")));
    assert_eq!(map(&mut saved, "summary").get("variant_skus"), None, "what is derived is no unknown field");
    assert_eq!(entry(&mut saved, "variants", 0).get(ADDED), Some(&text("a variant")));
    let seen: Versioned<Product> =
        entity::read_versioned(of_shape_9("product-1", 9), &["variant_skus"], "a product").unwrap();
    assert!(matches!(seen.unknown.put_back(&mut saved), Err(TableError::Newer { schema: 9 })));
}

#[test]
fn an_order_keeps_the_tokens_of_its_last_saves_only() {
    let mut order = complete();
    for version in 1..=20 {
        order.version = version;
        order = signed(&order, 100 + u32::try_from(version).unwrap());
    }
    let (item, _) = to_items(&order, Some(19), layout(SCHEMA)).unwrap();
    let kept = |version: u64| is_signed(item.clone(), version, 100 + u32::try_from(version).unwrap());
    assert_eq!((1..=20).filter(|version| kept(*version)).collect::<Vec<_>>(), (13..=20).collect::<Vec<_>>());
}
