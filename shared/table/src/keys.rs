//! Every key of the table, on one page.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | order | `ORDER#<id>` | `ORDER` |
//! | its rows in the lists of all orders and of its store (see [`crate::projections::order_rows`]) | `ORDER#<id>` | `ROW#ALL`, `ROW#STORE` |
//! | rows of its payments (see [`crate::projections::payment_rows`]) | `ORDER#<id>` | `PAYMENT#<n>`, `PAYMENT#<n>#STORE` |
//! | rows of its lines (see [`crate::projections::line_rows`]) | `ORDER#<id>` | `LINE#<n>` |
//! | older changes of an order, from a version on | `ORDER#<id>` | `LOG#<version>` |
//! | watermark of a consumer | `ORDER#<id>` | `APPLIED#<consumer>` |
//! | store, also one that was deleted | `STORE#<id>` | `STORE` |
//! | how many products a store has (see [`crate::catalog::assortments`]) | `STORE#<id>` | `PRODUCTS` |
//! | how many stores a vendor owns, and how many there are (see [`crate::counters::counted`]) | `USER#<sub>`, `CATALOGUE` | `STORES` |
//! | product | `PRODUCT#<id>` | `PRODUCT` |
//! | shelf of a variant, or of the product itself (see [`crate::catalog::stock`]) | `PRODUCT#<id>` | `STOCK#<variant>`, `STOCK#`; with `#<shard>` from the second shard on |
//! | address | `USER#<sub>` | `ADDRESS#<id>` |
//! | how many addresses a user has, and the default one | `USER#<sub>` | `ADDRESS#` |
//! | notification, and how many a user has | `USER#<sub>` | `NOTIFICATION#<id>`, `NOTIFICATIONS` |
//! | how many orders a user has placed that are not counted yet (see [`crate::orders::unpaid`]) | `USER#<sub>` | `UNPAID` |
//! | steps of a user's trails (see [`crate::recent_writes`], [`crate::catalog::recent_changes`]) | `USER#<sub>` | `TRAIL#<time>#<order>`, `CATALOGUE_TRAIL#<time>#<what>` |
//! | subscriber to the events | `TOPIC#SUBSCRIPTIONS` | `SUBSCRIPTION#<id>` |
//! | counters of a scope | `COUNTERS#USER#<sub>`, `COUNTERS#STORE#<id>`, `COUNTERS#ALL` | what is counted |
//! | orders that were counted under an operator's lock (see [`crate::counters::lock`]) | `JOURNAL#<id>` | `<uuid>` |
//! | request with an idempotency key | `IDEMPOTENCY#<shard>#<sub>` | `KEY#<key>` |
//! | bulk update, or the erasure of a person | `JOB#<id>` | `JOB` |
//! | some of its orders, and what came of them, or of the erasure | `JOB#<id>` | `PIECE#<n>`, `RESULT#<n>` |
//! | a place of a code, to search by | `SEARCH#<characters>` (see [`crate::projections::search_rows`]) | `<what follows>#<order>` |
//! | which versions of this code may use the table (see [`crate::schema`]) | `SCHEMA` | `SCHEMA` |
//! | block of order numbers | `SEQUENCE#ORDER#<day>` | `SEQUENCE` |
//! | ledger of the simulated gateway, of a payment or a refund | `GATEWAY#SIMULATED#<id>` | what it did |
//!
//! What is counted of a scope (see [`super::counters`]) stands under `BY_STATUS`, `BY_DAY#<month>`,
//! `AT_QUARTER#<day>`, `AT_TOTAL`, `CELLS#<status>` and `PAYMENTS`.
//!
//! What people write, a `sub` and a key, stands at the end of a key: no two things have one key. It
//! has a limit, too: DynamoDB takes 2,048 bytes of a `pk` and 1,024 of an `sk`.
//!
//! Lists come from eight indexes, which carry the `summary` or the few `facts` that filters ask
//! for:
//!
//! | index | hash key | range key | what it lists |
//! |---|---|---|---|
//! | `by-user` | `list_user` | `list_at` | `USER#<sub>`: a user's orders; `OWNER#<sub>`: a vendor's stores; `PAYMENTS#USER#<sub>`; `LINES#VARIANT#<id>`; `DELETED#<sub>`: a user's deleted orders |
//! | `by-store` | `list_store` | `list_at` | `STORE#<id>`, and `STORE#<id>#<shard>` from the second shard on: a store's orders; `STORE#<id>#PRODUCTS#<status>`: its products of a status; `LINES#PRODUCT#<id>` |
//! | `by-all` | `list_all` | `list_at` | `ORDERS#<shard>`; `STORES#<status>`, `PRODUCTS#<status>`, `ASSORTMENTS#<store's status>`; `ADDRESS#<id>`: whose it is |
//! | `by-status` | `list_status` | `list_at` | the orders of a scope and a status |
//! | `by-facets` | `facets` | `list_at` | the orders, and the payments, of a scope and all facets |
//! | `by-methods` | `methods` | `list_at` | the orders of a scope, a payment and a shipping method, and a currency |
//! | `by-payment` | `paying` | `list_at` | the orders of a scope and a payment status; the payments of a scope |
//! | `by-total` | `list_scope` | `list_total` | the orders, and the payments, of a scope by their amount |
//!
//! The scope of a list of orders is `ORDERS#<shard>` or `S<id of the store>`, of payments
//! `PAYMENTS#<shard>` or `PAYMENTS#STORE#<id>`; those of a store with `#<shard>` from the second
//! shard on.

mod index;

pub use index::Index;
pub use paths::path_of;

use jiff::Timestamp;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::tally::Scope;
use oms_domain::{
    AddressId, JobId, NotificationId, OrderId, ProductId, StoreId, SubscriptionId, UserId, VariantId,
};

/// The partition key's attribute.
pub const PK: &str = "pk";
/// The sort key's attribute.
pub const SK: &str = "sk";
/// What the indexes carry of an item.
pub const SUMMARY: &str = "summary";
/// The range key of every index: when the item was made, then its id.
pub const LIST_AT: &str = "list_at";
/// When TTL may remove an item, in seconds since 1970.
pub const EXPIRES_AT: &str = "expires_at";

/// The sort key of an order; also what the stream's consumers filter on.
pub const ORDER: &str = "ORDER";
pub(crate) const ORDER_PREFIX: &str = "ORDER#";
pub(crate) const LOG_PREFIX: &str = "LOG#";
/// The sort key of an order's row in the lists of all orders.
pub(crate) const ROW_OF_ALL: &str = "ROW#ALL";
/// The sort key of an order's row in the lists of its store.
pub(crate) const ROW_OF_STORE: &str = "ROW#STORE";
/// Counters of quarters of an hour. They sort before what every statistic reads: they are read for
/// other time zones only.
pub(crate) const AT_QUARTER_HOUR: &str = "AT_QUARTER#";
/// Counters of days.
pub(crate) const BY_DAY: &str = "BY_DAY#";
/// Counters of combinations of facets.
pub(crate) const CELLS: &str = "CELLS#";
/// What the partitions of the rows of searches begin with.
pub(crate) const SEARCH_PREFIX: &str = "SEARCH#";
/// The sort key of a bulk update; the stream's publisher filters on it, too.
pub const JOB: &str = "JOB";
pub(crate) const RESULT_PREFIX: &str = "RESULT#";
/// The sort key of a store.
pub const STORE: &str = "STORE";
pub(crate) const ASSORTMENT: &str = "PRODUCTS";
pub(crate) const CATALOGUE: &str = "CATALOGUE";
pub(crate) const OWNERSHIP: &str = "STORES";
pub(crate) const PRODUCT: &str = "PRODUCT";
pub(crate) const STOCK_PREFIX: &str = "STOCK#";
pub(crate) const ADDRESS_PREFIX: &str = "ADDRESS#";
/// Sorts before the addresses, so that one query finds it with them.
pub const ADDRESS_BOOK: &str = ADDRESS_PREFIX;
pub(crate) const NOTIFICATION_PREFIX: &str = "NOTIFICATION#";
/// Sorts after the notifications, outside their range.
pub const INBOX: &str = "NOTIFICATIONS";
pub(crate) const RECENT_WRITE_PREFIX: &str = "TRAIL#";
pub(crate) const RECENT_CHANGE_PREFIX: &str = "CATALOGUE_TRAIL#";
pub(crate) const UNPAID: &str = "UNPAID";
pub(crate) const SUBSCRIPTIONS: &str = "TOPIC#SUBSCRIPTIONS";
pub(crate) const SUBSCRIPTION_PREFIX: &str = "SUBSCRIPTION#";
pub(crate) const SEQUENCE: &str = "SEQUENCE";
pub(crate) const SCHEMA: &str = "SCHEMA";
pub(crate) const IDEMPOTENCY_PREFIX: &str = "KEY#";
/// In how many partitions the requests of one user are remembered.
pub(crate) const IDEMPOTENCY_SHARDS: u32 = 16;

pub(crate) fn order(id: OrderId) -> String {
    format!("{ORDER_PREFIX}{id}")
}

/// The order whose partition key it is.
#[must_use]
pub fn order_of(pk: &str) -> Option<OrderId> {
    pk.strip_prefix(ORDER_PREFIX)?.parse().ok()
}

pub(crate) fn payment(number: u16) -> String {
    format!("PAYMENT#{number}")
}

pub(crate) fn line(number: u16) -> String {
    format!("LINE#{number}")
}

/// Sorts by version as text, of 20 digits: as many as a version may have.
pub fn older_log(first: u64) -> String {
    format!("{LOG_PREFIX}{first:020}")
}

pub(crate) fn watermark(consumer: &str) -> String {
    format!("APPLIED#{consumer}")
}

pub(crate) fn store(id: StoreId) -> String {
    format!("STORE#{id}")
}

/// The store whose partition key it is.
#[must_use]
pub fn store_of(pk: &str) -> Option<StoreId> {
    pk.strip_prefix("STORE#")?.parse().ok()
}

pub(crate) fn product(id: ProductId) -> String {
    format!("PRODUCT#{id}")
}

/// A shard of a shelf. The first one has the shelf's own name.
pub(crate) fn stock_level(variant: Option<VariantId>, shard: u16) -> String {
    let shelf = variant.map_or_else(|| STOCK_PREFIX.to_owned(), |id| format!("{STOCK_PREFIX}{id}"));
    in_shard(shelf, shard)
}

/// The variant, if it is one's, and the number of the shard whose sort key it is.
pub(crate) fn stock_level_of(sk: &str) -> Option<(Option<VariantId>, u16)> {
    let shelf = sk.strip_prefix(STOCK_PREFIX)?;
    let (variant, shard) = match shelf.split_once('#') {
        Some((variant, shard)) => (variant, shard.parse().ok()?),
        None => (shelf, 0),
    };
    let variant = if variant.is_empty() { None } else { Some(variant.parse().ok()?) };
    Some((variant, shard))
}

pub(crate) fn user(id: &UserId) -> String {
    format!("USER#{id}")
}

pub(crate) fn user_of(pk: &str) -> Option<UserId> {
    pk.strip_prefix("USER#").map(|id| UserId(id.to_owned()))
}

pub(crate) fn address(id: AddressId) -> String {
    format!("{ADDRESS_PREFIX}{id}")
}

pub(crate) fn notification(id: NotificationId) -> String {
    format!("{NOTIFICATION_PREFIX}{id}")
}

/// A step of a trail, which sorts by time, as text.
pub fn step(trail: &str, at: Timestamp, what: impl std::fmt::Display) -> String {
    format!("{trail}{at:.6}#{what}")
}

pub(crate) fn subscription(id: SubscriptionId) -> String {
    format!("{SUBSCRIPTION_PREFIX}{id}")
}

pub(crate) fn journal(id: &str) -> String {
    format!("JOURNAL#{id}")
}

pub(crate) fn counters(scope: &Scope) -> String {
    match scope {
        Scope::User(id) => format!("COUNTERS#USER#{id}"),
        Scope::Store(id) => format!("COUNTERS#STORE#{id}"),
        Scope::All => "COUNTERS#ALL".to_owned(),
    }
}

pub(crate) fn order_numbers(day: jiff::civil::Date) -> String {
    format!("SEQUENCE#ORDER#{day}")
}

pub(crate) fn job(id: JobId) -> String {
    format!("JOB#{id}")
}

/// The job whose partition key it is.
#[must_use]
pub fn job_of(pk: &str) -> Option<JobId> {
    pk.strip_prefix("JOB#")?.parse().ok()
}

/// Of five digits: as many as a piece's number may have.
pub fn piece(number: u16) -> String {
    format!("PIECE#{number:05}")
}

pub(crate) fn result(number: u16) -> String {
    format!("{RESULT_PREFIX}{number:05}")
}

/// A share of what is remembered of a user's requests: one who sends many, as a program does, is
/// not held to what one partition writes.
pub(crate) fn idempotency_shard(user: &str, shard: u32) -> String {
    format!("IDEMPOTENCY#{shard:x}#{user}")
}

/// The keys of what is remembered of a request. The longest key, of 255 characters, is 1,020 bytes.
pub(crate) fn idempotency(user: &str, key: &str) -> (String, String) {
    let sum: u32 = key.bytes().map(u32::from).sum();
    (idempotency_shard(user, sum % IDEMPOTENCY_SHARDS), format!("{IDEMPOTENCY_PREFIX}{key}"))
}

/// What the simulated gateway keeps of a charge or a refund.
#[must_use]
pub fn simulated_gateway(key: &str) -> String {
    format!("GATEWAY#SIMULATED#{key}")
}

pub(crate) fn list_of_user(id: &UserId) -> String {
    user(id)
}

/// The deleted orders of a user, whom nobody but an erasure asks for.
pub(crate) fn list_of_deleted(id: &UserId) -> String {
    format!("DELETED#{id}")
}

pub(crate) fn list_of_owner(id: &UserId) -> String {
    format!("OWNER#{id}")
}

pub(crate) fn list_of_store(id: StoreId, shard: u16) -> String {
    in_shard(store(id), shard)
}

/// The same list among the rows of orders, in fewer characters: there they count.
pub fn rows_of_store(id: StoreId, shard: u16) -> String {
    in_shard(format!("S{}", id.0.simple()), shard)
}

/// A part of a store's list. The first one has the list's own name, so that a store has all of its
/// orders still where it is given more parts.
fn in_shard(list: String, shard: u16) -> String {
    if shard == 0 { list } else { format!("{list}#{shard}") }
}

/// The list of the products of a status of a store, in the index by-store.
#[must_use]
pub fn list_of_store_products(store: StoreId, status: ProductStatus) -> String {
    format!("STORE#{store}#PRODUCTS#{status}")
}

/// The list of the stores of a status, in the index by-all.
#[must_use]
pub fn list_of_stores(status: StoreStatus) -> String {
    format!("STORES#{status}")
}

/// The counts of the products of stores of a status.
pub fn list_of_assortments(status: StoreStatus) -> String {
    format!("ASSORTMENTS#{status}")
}

/// The list of the products of a status, of all stores, in the index by-all.
#[must_use]
pub fn list_of_products(status: ProductStatus) -> String {
    format!("PRODUCTS#{status}")
}

pub(crate) fn list_of_product_lines(id: ProductId) -> String {
    format!("LINES#PRODUCT#{id}")
}

pub(crate) fn list_of_variant_lines(id: VariantId) -> String {
    format!("LINES#VARIANT#{id}")
}

pub(crate) fn list_of_user_payments(id: &UserId) -> String {
    format!("PAYMENTS#USER#{id}")
}

pub(crate) fn list_of_store_payments(id: StoreId, shard: u16) -> String {
    in_shard(format!("PAYMENTS#STORE#{id}"), shard)
}

pub(crate) fn list_of_all_payments(shard: u16) -> String {
    format!("PAYMENTS#{shard}")
}

pub(crate) fn list_of_address(id: AddressId) -> String {
    address(id)
}

/// The part of the list of all orders that an order is in: `LIST_SHARDS` spreads the writes.
pub fn list_of_all(id: OrderId, shards: u16) -> String {
    list_shard(shard_of(id, shards))
}

/// The number of that part.
pub fn shard_of(id: OrderId, shards: u16) -> u16 {
    let random_bits = (id.0.as_u128() >> 16) & 0xffff_ffff;
    (random_bits % u128::from(shards.max(1))) as u16
}

pub(crate) fn list_shard(shard: u16) -> String {
    format!("ORDERS#{shard}")
}

/// Sorts by time of making, then by id, as text.
pub fn list_at(made: Timestamp, id: impl std::fmt::Display) -> String {
    format!("{made:.6}#{id}")
}

mod paths;
#[cfg(test)]
mod tests;
