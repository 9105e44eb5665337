use super::*;
use crate::projections::search_rows;
use jiff::civil::{Date, date};
use oms_domain::catalog::{ProductStatus, StoreStatus};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Everything that has an item, by what tells one from another.
#[derive(Clone, Debug, PartialEq)]
enum Thing {
    Order(OrderId, &'static str),
    OlderLog(OrderId, u64),
    Watermark(OrderId, &'static str),
    Store(StoreId),
    Product(ProductId),
    StockLevel(ProductId, Option<VariantId>, u16),
    Address(UserId, AddressId),
    Book(UserId),
    Notification(UserId, NotificationId),
    Inbox(UserId),
    RecentWrite(UserId, Timestamp, OrderId),
    RecentChange(UserId, Timestamp, ProductId),
    Subscription(SubscriptionId),
    Counters(Scope, &'static str),
    Idempotency(UserId, String),
    Job(JobId),
    Piece(JobId, u16),
    Result(JobId, u16),
    Numbers(Date),
    Code(OrderId, String),
}

fn keys_of(thing: &Thing) -> Vec<(String, String)> {
    let one = |pk: String, sk: &str| vec![(pk, sk.to_owned())];
    match thing {
        Thing::Order(id, sk) => one(order(*id), sk),
        Thing::OlderLog(id, first) => one(order(*id), &older_log(*first)),
        Thing::Watermark(id, consumer) => one(order(*id), &watermark(consumer)),
        Thing::Store(id) => one(store(*id), STORE),
        Thing::Product(id) => one(product(*id), PRODUCT),
        Thing::StockLevel(id, variant, shard) => one(product(*id), &stock_level(*variant, *shard)),
        Thing::Address(of, id) => one(user(of), &address(*id)),
        Thing::Book(of) => one(user(of), ADDRESS_BOOK),
        Thing::Notification(of, id) => one(user(of), &notification(*id)),
        Thing::Inbox(of) => one(user(of), INBOX),
        Thing::RecentWrite(of, at, id) => one(user(of), &step(RECENT_WRITE_PREFIX, *at, *id)),
        Thing::RecentChange(of, at, id) => one(user(of), &step(RECENT_CHANGE_PREFIX, *at, product(*id))),
        Thing::Subscription(id) => one(SUBSCRIPTIONS.to_owned(), &subscription(*id)),
        Thing::Counters(scope, sk) => one(counters(scope), sk),
        Thing::Idempotency(of, key) => vec![idempotency(&of.0, key)],
        Thing::Job(id) => one(job(*id), JOB),
        Thing::Piece(id, number) => one(job(*id), &piece(*number)),
        Thing::Result(id, number) => one(job(*id), &result(*number)),
        Thing::Numbers(day) => one(order_numbers(*day), SEQUENCE),
        Thing::Code(id, code) => search_rows::keys_of_code(*id, code),
    }
}

/// What is made of a few values, so that they meet often.
fn id<T: From<Uuid> + Clone + std::fmt::Debug + 'static>() -> impl Strategy<Value = T> {
    (0_u128..3).prop_map(|number| T::from(Uuid::from_u128(number)))
}

/// What anybody may write, and what looks like a part of a key.
const PARTS: [&str; 16] = [
    "#",
    "%",
    "%23",
    "%2",
    "23",
    "a",
    "b",
    "0",
    "é",
    "𝛼",
    "USER#",
    "ADDRESS#",
    "STORE#",
    "ALL",
    "NOTIFICATIONS",
    "~",
];

/// Some of those together; now and then as long as it may be.
fn text() -> impl Strategy<Value = String> {
    let short = proptest::collection::vec(select(&PARTS[..]), 0..5).prop_map(|parts| parts.concat());
    (short, prop::bool::weighted(0.1))
        .prop_map(|(text, is_long)| if is_long { text.chars().cycle().take(255).collect() } else { text })
}

fn user_id() -> impl Strategy<Value = UserId> {
    text().prop_map(UserId)
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![user_id().prop_map(Scope::User), id().prop_map(Scope::Store), Just(Scope::All),]
}

fn thing() -> impl Strategy<Value = Thing> {
    let day = |days: i8| date(2026, 11, days + 1);
    let time = (0_i64..3).prop_map(|second| Timestamp::from_second(second).unwrap());
    prop_oneof![
        (id(), select(&[ORDER, "ROW#ALL", "ROW#STORE", "PAYMENT#0", "LINE#0"][..]))
            .prop_map(|(id, sk)| Thing::Order(id, sk)),
        (id(), 0_u64..3).prop_map(|(id, first)| Thing::OlderLog(id, first)),
        (id(), select(&["stats", "publisher"][..])).prop_map(|(id, who)| Thing::Watermark(id, who)),
        id().prop_map(Thing::Store),
        id().prop_map(Thing::Product),
        (id(), prop::option::of(id()), 0..3_u16)
            .prop_map(|(id, variant, shard)| Thing::StockLevel(id, variant, shard)),
        (user_id(), id()).prop_map(|(of, id)| Thing::Address(of, id)),
        user_id().prop_map(Thing::Book),
        (user_id(), id()).prop_map(|(of, id)| Thing::Notification(of, id)),
        user_id().prop_map(Thing::Inbox),
        (user_id(), time.clone(), id()).prop_map(|(of, at, id)| Thing::RecentWrite(of, at, id)),
        (user_id(), time, id()).prop_map(|(of, at, id)| Thing::RecentChange(of, at, id)),
        id().prop_map(Thing::Subscription),
        (scope(), select(&["BY_STATUS", "AT_TOTAL#1"][..]))
            .prop_map(|(scope, sk)| Thing::Counters(scope, sk)),
        (user_id(), text()).prop_map(|(of, key)| Thing::Idempotency(of, key)),
        id().prop_map(Thing::Job),
        (id(), 0_u16..3).prop_map(|(id, number)| Thing::Piece(id, number)),
        (id(), 0_u16..3).prop_map(|(id, number)| Thing::Result(id, number)),
        (0_i8..3).prop_map(move |days| Thing::Numbers(day(days))),
        (id(), text()).prop_map(|(id, code)| Thing::Code(id, code)),
    ]
}

/// A list, and the index that it is in.
#[derive(Clone, Debug, PartialEq)]
enum Listed {
    User(UserId),
    Owner(UserId),
    Store(StoreId),
    StoreProducts(StoreId, ProductStatus),
    Stores(StoreStatus),
    Products(ProductStatus),
    Address(AddressId),
    All(u16),
}

fn list_of(list: &Listed) -> (Index, String) {
    match list {
        Listed::User(of) => (Index::User, list_of_user(of)),
        Listed::Owner(of) => (Index::User, list_of_owner(of)),
        Listed::Store(id) => (Index::Store, list_of_store(*id, 0)),
        Listed::StoreProducts(id, status) => (Index::Store, list_of_store_products(*id, *status)),
        Listed::Stores(status) => (Index::All, list_of_stores(*status)),
        Listed::Products(status) => (Index::All, list_of_products(*status)),
        Listed::Address(id) => (Index::All, list_of_address(*id)),
        Listed::All(shard) => (Index::All, list_shard(*shard)),
    }
}

fn list() -> impl Strategy<Value = Listed> {
    prop_oneof![
        user_id().prop_map(Listed::User),
        user_id().prop_map(Listed::Owner),
        id().prop_map(Listed::Store),
        (id(), select(ProductStatus::ALL)).prop_map(|(id, status)| Listed::StoreProducts(id, status)),
        select(StoreStatus::ALL).prop_map(Listed::Stores),
        select(ProductStatus::ALL).prop_map(Listed::Products),
        id().prop_map(Listed::Address),
        (0_u16..3).prop_map(Listed::All),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_two_things_have_one_key_and_every_key_has_room(one in thing(), other in thing()) {
        let (keys, others) = (keys_of(&one), keys_of(&other));
        if one != other {
            prop_assert!(keys.iter().all(|key| !others.contains(key)), "{:?} {:?}", one, other);
        }
        for (pk, sk) in keys {
            prop_assert!(!pk.is_empty() && pk.len() <= 2_048, "{} bytes of {:?}", pk.len(), one);
            prop_assert!(!sk.is_empty() && sk.len() <= 1_024, "{} bytes of {:?}", sk.len(), one);
        }
    }

    #[test]
    fn no_two_lists_are_one(one in list(), other in list()) {
        prop_assert_eq!(one == other, list_of(&one) == list_of(&other));
    }

    #[test]
    fn two_users_keys_are_two_whatever_they_are_called(
        (a, b, c, d) in (text(), text(), text(), text()),
    ) {
        prop_assert_eq!((&a, &b) == (&c, &d), idempotency(&a, &b) == idempotency(&c, &d));
    }
}

#[test]
fn a_request_is_remembered_in_one_of_the_shards_of_its_user() {
    let (pk, sk) = idempotency("5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11", "once");
    assert_eq!((&*pk, &*sk), ("IDEMPOTENCY#5#5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11", "KEY#once"));
    let shards = (0..100_u32).map(|n| idempotency("ada", &n.to_string()).0).collect::<BTreeSet<_>>();
    let all = (0..IDEMPOTENCY_SHARDS).map(|shard| idempotency_shard("ada", shard)).collect();
    assert_eq!(shards, all);
    let longest = idempotency(&"𝛼".repeat(255), &"𝛼".repeat(255));
    assert!(longest.0.len() <= 2_048 && longest.1.len() <= 1_024);
}
