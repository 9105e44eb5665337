//! What must hold once everybody has gone home and nothing goes wrong any more.

mod inboxes;

use crate::MAX_UNPAID_ORDERS;
use crate::people::{People, Person};
use futures::TryStreamExt;
use oms_core::app::App;
use oms_core::statistics::verify::STATS;
use oms_domain::order_events::notices;
use oms_domain::payment::AfterRefund;
use oms_domain::unpaid::is_unpaid;
use oms_domain::{Order, PaymentState, RefundState, Status};
use oms_local::dynamodb::Call;
use oms_local::dynamodb::request_router::RequestRouter;
use oms_table::counters::lock::LockState;
use oms_workspace::report::Fault;
use orderctl::verify;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What people ask for, one change each.
const ANSWERED: [&str; 16] = [
    "create_item",
    "update_item",
    "delete_item",
    "update_payment",
    "delete_payment",
    "rate",
    "update",
    "delete",
    "confirm",
    "process",
    "ship",
    "out_for_delivery",
    "deliver",
    "cancel",
    "create_payment",
    "refund_payment",
];

/// What was found of one run.
#[derive(Debug)]
pub(crate) struct Checks<'a> {
    operator: &'a App,
    people: &'a People,
    orders: Vec<Order>,
    items: Vec<Value>,
    wrong: Vec<String>,
}

impl<'a> Checks<'a> {
    /// Reads all that there is.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) async fn of(
        operator: &'a App,
        people: &'a People,
        router: &Arc<RequestRouter>,
    ) -> Result<Checks<'a>, Fault> {
        let mut orders = Vec::new();
        let mut pages = operator.all_orders();
        while let Some(page) = pages.try_next().await? {
            for mut order in page.orders {
                operator.table().recall(&mut order, 0).await?;
                orders.push(order);
            }
        }
        let table = &operator.config().table_name;
        let scan = json!({ "TableName": table, "ConsistentRead": true });
        let call = Call { operation: "Scan".to_owned(), body: scan, caller: String::new() };
        let answer = Arc::clone(router).answer(call).await.ok_or("the scan got lost")?;
        let answer: Value = serde_json::from_str(&answer.body)?;
        if answer.get("LastEvaluatedKey").is_some() {
            return Err("the table is too large for one scan".into());
        }
        let items = answer["Items"].as_array().cloned().unwrap_or_default();
        Ok(Self { operator, people, orders, items, wrong: Vec::new() })
    }

    /// Everything that is wrong.
    ///
    /// # Errors
    /// Where it cannot be told.
    pub(crate) async fn all(mut self) -> Result<Vec<String>, Fault> {
        self.known();
        self.money();
        self.logs();
        self.limit();
        self.answers();
        self.stock().await?;
        self.statistics().await?;
        self.lists().await?;
        self.inboxes().await?;
        self.rest().await?;
        Ok(self.wrong)
    }

    /// Every order that somebody was told of is there.
    fn known(&mut self) {
        let there: BTreeSet<String> = self.orders.iter().map(|order| order.id.to_string()).collect();
        let known = self.people.shop.orders.borrow();
        let lost = known.iter().filter(|(id, _)| !there.contains(id));
        self.wrong.extend(lost.map(|(id, _)| format!("the order {id} is not there")));
    }

    /// What we say of money is what the gateway's ledger says, and no order is paid twice.
    fn money(&mut self) {
        let ledger = Ledger::of(&self.items);
        for order in &self.orders {
            let mut charges = 0;
            for payment in &order.payments {
                let id = payment.id.to_string();
                let is_ours = matches!(
                    payment.status,
                    PaymentState::Paid | PaymentState::PartiallyRefunded | PaymentState::Refunded
                );
                let taken = ledger.charges.contains(&id);
                if payment.is_manual() && !taken {
                    charges += usize::from(is_ours && payment.status != PaymentState::Refunded);
                    continue;
                }
                let mut given_back = 0_usize;
                for refund in &payment.refunds {
                    let went_back = ledger.refunds.contains(&refund.id.to_string());
                    given_back += usize::from(went_back);
                    if went_back != (refund.status == RefundState::Succeeded) && !payment.needs_attention() {
                        self.wrong.push(format!(
                            "the refund {} is {:?} here, {went_back} there",
                            refund.id, refund.status
                        ));
                    }
                }
                let all_back = ledger.of_charge.get(&id).copied().unwrap_or_default();
                if all_back != given_back {
                    self.wrong.push(format!("{all_back} refunds of {id} went back, {given_back} are known"));
                }
                if taken != is_ours && !payment.needs_attention() {
                    self.wrong.push(format!("the payment {id} is {:?} here, {taken} there", payment.status));
                }
                if payment.status == PaymentState::Processing && !payment.needs_attention() {
                    self.wrong.push(format!("the payment {id} is still processing"));
                }
                charges += usize::from(taken && payment.status != PaymentState::Refunded);
            }
            if charges > 1 {
                self.wrong.push(format!("the order {} was charged {charges} times", order.id));
            }
        }
    }

    /// The log of each order has all its versions, and leads to what it is.
    fn logs(&mut self) {
        for order in &self.orders {
            let versions: Vec<u64> = order.log.iter().map(|change| change.version).collect();
            if versions != (1..=order.version).collect::<Vec<_>>() {
                self.wrong.push(format!("the log of {} is {versions:?}", order.id));
            }
            if order.as_of(order.version).as_ref().map(|then| (then.status, then.total_amount))
                != Some((order.status, order.total_amount))
            {
                self.wrong.push(format!("the log of {} does not lead to it", order.id));
            }
        }
    }

    /// Nothing was done to an order of which those who asked for it were told that it was not, and
    /// nothing twice that was asked for once.
    fn answers(&mut self) {
        let believed = self.people.believed.borrow();
        for order in &self.orders {
            let mut done: BTreeMap<String, usize> = BTreeMap::new();
            for change in order.log.iter().filter(|change| change.by.0 != "system") {
                *done.entry(change.action.to_string()).or_default() += 1;
            }
            for action in ANSWERED {
                let times = done.get(action).copied().unwrap_or_default();
                let key = (order.id.to_string(), action.to_owned());
                let told = believed.get(&key).copied().unwrap_or_default();
                if times > told {
                    self.wrong
                        .push(format!("{action} was done {times} times to {}, told {told} times", order.id));
                }
            }
        }
    }

    /// No customer has more unpaid orders than one may have.
    fn limit(&mut self) {
        for (customer, _) in &self.people.customers {
            let of_theirs = self.orders.iter().filter(|order| order.user.id.0 == customer.id);
            let waits = |order: &&Order| !order.is_deleted() && is_unpaid(order.status, order.payment_status);
            let unpaid = of_theirs.filter(waits).count();
            if unpaid > MAX_UNPAID_ORDERS {
                self.wrong.push(format!("{} has {unpaid} unpaid orders", customer.id));
            }
        }
    }

    /// What is on the shelf and what orders hold is what came in.
    async fn stock(&mut self) -> Result<(), Fault> {
        for (product, variant, at_first) in &self.people.shop.goods {
            let variant = variant.as_str().unwrap_or_default();
            let path = format!("/api/products/{}/", product.as_str().unwrap_or_default());
            let seen = self.people.read(&self.people.staff, &path).await?;
            let shelf = seen.body["variants"][0]["stock"].as_i64().ok_or("no stock")?;
            let held: i64 = self
                .orders
                .iter()
                .filter(|order| holds_stock(order))
                .map(|order| {
                    let lines = order.lines.iter();
                    let lines = lines
                        .filter(|line| line.variant.as_ref().is_some_and(|of| of.id.to_string() == variant));
                    lines.map(|line| i64::from(line.quantity)).sum::<i64>()
                })
                .sum();
            let came = self.people.shop.came.borrow();
            let mut came = came.iter().filter(|(of, _)| of == variant).map(|(_, pieces)| *pieces);
            let Some(came) = came.try_fold(0, |sum, pieces| pieces.map(|pieces| sum + pieces)) else {
                continue;
            };
            if shelf < 0 || shelf + held != at_first + came {
                self.wrong.push(format!(
                    "of {variant} {shelf} are there, {held} sold, {at_first} + {came} came in"
                ));
            }
        }
        Ok(())
    }

    /// The counters are the fold of the logs, of all versions.
    async fn statistics(&mut self) -> Result<(), Fault> {
        let verified = verify::run(self.operator, None).await?;
        if !verified.is_well {
            self.wrong.push(verified.text);
        }
        let marks = self.operator.table().watermarks(STATS, self.orders.iter().map(|order| order.id)).await?;
        for order in &self.orders {
            let counted = marks.get(&order.id).map_or(0, |mark| mark.version);
            if counted != order.version {
                self.wrong
                    .push(format!("{} is counted as of {counted}, it is at {}", order.id, order.version));
            }
        }
        Ok(())
    }

    /// Lists show what there is.
    async fn lists(&mut self) -> Result<(), Fault> {
        let people = self.people;
        let staff = &people.staff;
        let all = |_: &Order| true;
        self.list(staff, "/api/orders/?page_size=100", &all).await?;
        self.list(staff, "/api/orders/?page_size=100&ordering=-total_amount", &all).await?;
        for status in [Status::Pending, Status::Confirmed, Status::Delivered, Status::Cancelled] {
            let path = format!("/api/orders/?page_size=100&status={status}");
            self.list(staff, &path, &|order| order.status == status).await?;
        }
        self.list(staff, "/api/orders/?page_size=100&payment_status=paid", &|order| {
            order.payment_status.to_string() == "paid"
        })
        .await?;
        for (customer, _) in &people.customers {
            self.list(customer, "/api/orders/my_orders/?page_size=100", &|order| {
                order.user.id.0 == customer.id
            })
            .await?;
        }
        let payments: BTreeSet<String> = self
            .orders
            .iter()
            .filter(|order| !order.is_deleted())
            .flat_map(|order| &order.payments)
            .map(|payment| payment.id.to_string())
            .collect();
        self.shows(staff, "/api/payments/?page_size=100", &payments).await?;
        let there = self.orders.iter().filter(|order| !order.is_deleted());
        let lines = there.flat_map(|order| &order.lines).map(|line| line.id.to_string()).collect();
        self.shows(staff, "/api/order-items/?page_size=100", &lines).await
    }

    async fn list(&mut self, who: &Person, path: &str, shows: &dyn Fn(&Order) -> bool) -> Result<(), Fault> {
        let expected = self.orders.iter().filter(|order| !order.is_deleted() && shows(order));
        let expected = expected.map(|order| order.id.to_string()).collect();
        self.shows(who, path, &expected).await
    }

    async fn shows(&mut self, who: &Person, path: &str, expected: &BTreeSet<String>) -> Result<(), Fault> {
        let answer = self.people.read(who, path).await?;
        let results = answer.body["results"].as_array().into_iter().flatten();
        let shown: Vec<String> = results.filter_map(|one| one["id"].as_str()).map(str::to_owned).collect();
        let set: BTreeSet<String> = shown.iter().cloned().collect();
        let is_whole = expected.len() > 100 || (set == *expected && shown.len() == set.len());
        if answer.status != 200 || answer.body["count"] != expected.len() || !is_whole {
            let (missing, extra): (Vec<_>, Vec<_>) =
                (expected.difference(&set).collect(), set.difference(expected).collect());
            self.wrong.push(format!(
                "{path} says {} of {}: lacks {missing:?}, has {extra:?}",
                answer.body["count"],
                expected.len()
            ));
        }
        Ok(())
    }

    /// Nobody waits, holds a lock or runs for ever.
    async fn rest(&mut self) -> Result<(), Fault> {
        if self.operator.table().state_of_counter_lock(self.operator.now()).await? != LockState::None {
            self.wrong.push("the counters are still locked".to_owned());
        }
        Ok(())
    }
}

/// Each change's events were published at least once, and nothing else was.
pub(crate) fn events(orders: &Checks<'_>, published: &[Value]) -> Vec<String> {
    let mut expected = BTreeMap::new();
    for order in &orders.orders {
        for change in &order.log {
            let Some(then) = order.as_of(change.version) else { continue };
            for notice in notices(&then, change) {
                expected.insert(notice.id.to_string(), format!("{} of {}", notice.event_type, order.id));
            }
        }
    }
    let ids = published.iter().filter_map(|event| event["event_id"].as_str());
    let told: BTreeSet<String> = ids.map(str::to_owned).collect();
    let untold = expected.iter().filter(|(id, _)| !told.contains(*id));
    let mut wrong: Vec<String> = untold.map(|(_, what)| format!("nobody heard of {what}")).collect();
    wrong.extend(
        told.iter().filter(|id| !expected.contains_key(*id)).map(|id| format!("{id} never happened")),
    );
    wrong
}

/// Whether an order's pieces are out of the shelf: until it is called off or deleted before it was
/// shipped, or paid back with its pieces.
fn holds_stock(order: &Order) -> bool {
    let before = ["pending", "confirmed", "processing"];
    let gave_back = order
        .log
        .iter()
        .filter_map(|change| change.of("status"))
        .any(|field| field.to == "cancelled" && before.iter().any(|status| field.from == *status));
    let came_back = order.payments.iter().flat_map(|payment| &payment.refunds).any(|refund| {
        refund.then == AfterRefund::CloseOrderAndRestock && refund.status == RefundState::Succeeded
    });
    !(gave_back || came_back || order.is_deleted() && order.status.is_before_shipping())
}

/// What the gateway has done.
struct Ledger {
    charges: BTreeSet<String>,
    refunds: BTreeSet<String>,
    /// How many refunds went through, by charge.
    of_charge: BTreeMap<String, usize>,
}

impl Ledger {
    fn of(items: &[Value]) -> Self {
        let mut ledger =
            Self { charges: BTreeSet::new(), refunds: BTreeSet::new(), of_charge: BTreeMap::new() };
        for item in items {
            let Some(key) = item["pk"]["S"].as_str().and_then(|pk| pk.strip_prefix("GATEWAY#SIMULATED#"))
            else {
                continue;
            };
            if item["status"]["S"] != "succeeded" {
                continue;
            }
            if item["sk"]["S"] == "CHARGE" {
                ledger.charges.insert(key.to_owned());
            } else {
                ledger.refunds.insert(key.to_owned());
                let charge = item["charge"]["S"].as_str().unwrap_or_default().to_owned();
                *ledger.of_charge.entry(charge).or_default() += 1;
            }
        }
        ledger
    }
}
