//! Who acts: customers, vendors and staff, on what they have seen so far; sensibly as a rule, with
//! a stale tag at times, again where no answer came.

mod cash;
mod limit;
mod lines;
mod opening;
mod requests;
mod rush;

use crate::functions::{Answer, Functions};
use crate::services::Outages;
use crate::world::Chance;
use cash::{ASKS, CARD, CASH};
use http::Method;
use oms_workspace::report::Fault;
use oms_workspace::tokens::Issuer;
use requests::Ask;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tokio::time::Duration;

/// What the simulated gateway may do about a charge, the usual ones more often.
const TOKENS: [&str; 10] = [
    "tok_approve",
    "tok_approve",
    "tok_approve",
    "tok_decline",
    "tok_timeout_before",
    "tok_timeout_after",
    "tok_slow",
    ASKS,
    "tok_refund_fails",
    "tok_refund_timeout_after",
];
/// How a store's work on an order goes on.
const STEPS: [&str; 5] =
    ["confirm_order", "process_order", "ship_order", "out_for_delivery_order", "deliver_order"];

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Who they are to the API.
    pub(crate) id: String,
    token: String,
}

/// What everybody knows: the goods, and the orders that were placed.
#[derive(Debug, Default)]
pub(crate) struct Shop {
    /// The store.
    pub(crate) store: Value,
    /// Products, each with its variant and how many pieces came in.
    pub(crate) goods: Vec<(Value, Value, i64)>,
    /// The orders that somebody was told of, with their tag when last seen.
    pub(crate) orders: RefCell<Vec<(String, String)>>,
    /// What has come in since of a variant; none where nobody can tell.
    pub(crate) came: RefCell<Vec<(String, Option<i64>)>>,
    /// Whose they are, by what their ids and those of all that is in them begin with.
    owners: RefCell<BTreeMap<String, String>>,
    /// Their payments.
    pub(crate) payments: RefCell<Vec<String>>,
    /// What the ids begin with of orders that an admin has wanted deleted, and of all that is in
    /// them.
    deleted: RefCell<BTreeSet<String>>,
    /// The same of orders whose first lines somebody has wanted to replace.
    replaced: RefCell<BTreeSet<String>>,
    /// The payments that somebody has wanted to take out.
    removed: RefCell<BTreeSet<String>>,
}

/// Everybody, and what went against the rules while they acted.
#[derive(Debug)]
pub(crate) struct People {
    functions: Rc<Functions>,
    issuer: &'static Issuer,
    chance: Chance,
    outages: Outages,
    is_told: bool,
    /// Staff.
    pub(crate) staff: Person,
    admin: Person,
    vendor: Person,
    /// Customers, each with their address.
    pub(crate) customers: Vec<(Person, Value)>,
    /// What they act on.
    pub(crate) shop: Shop,
    /// What no answer may say.
    pub(crate) wrong: RefCell<Vec<String>>,
    /// How often each thing was done to each order, at most, for all that was answered.
    pub(crate) believed: RefCell<BTreeMap<(String, String), usize>>,
    /// How often each request was answered how.
    pub(crate) answered: RefCell<BTreeMap<String, u64>>,
}

impl People {
    /// Reads something.
    ///
    /// # Errors
    /// Where the function cannot start.
    pub(crate) async fn read(&self, who: &Person, path: &str) -> Result<Answer, Fault> {
        self.ask(Ask::get(who, path)).await
    }

    /// One of the customers does `count` things, each some time after the one before.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(crate) async fn buy(&self, number: usize, count: u64) -> Result<(), Fault> {
        let Some((who, address)) = self.customers.get(number % self.customers.len()) else { return Ok(()) };
        for _ in 0..count {
            self.pause().await;
            match self.chance.below(15) {
                0..=3 => self.order(who, address, self.basket()).await?,
                4 => self.rush().await?,
                5 => self.cancel(who).await?,
                6 => self.edit(who).await?,
                7 => self.pay_again(who).await?,
                8 => self.look(who).await?,
                9 => self.change_line(who).await?,
                10 => self.change_payment(who).await?,
                11 => self.read_news(who).await?,
                12 => self.rate(who).await?,
                13 => self.pay_at_the_door(who, address).await?,
                _ => self.change_lines(who).await?,
            }
        }
        Ok(())
    }

    /// The vendor does `count` things.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(crate) async fn sell(&self, count: u64) -> Result<(), Fault> {
        for _ in 0..count {
            self.pause().await;
            match self.chance.below(10) {
                0..=5 => self.move_on(&self.vendor).await?,
                6 => self.refund(&self.vendor).await?,
                7 => self.collect(&self.vendor).await?,
                8 => self.change_product(&self.vendor).await?,
                _ => self.restock().await?,
            }
        }
        Ok(())
    }

    /// Staff do `count` things.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(crate) async fn oversee(&self, count: u64) -> Result<(), Fault> {
        for _ in 0..count {
            self.pause().await;
            match self.chance.below(7) {
                0 | 1 => self.move_on(&self.staff).await?,
                2 => self.refund(&self.staff).await?,
                3 => self.move_many().await?,
                4 => self.cancel(&self.staff).await?,
                5 => self.delete().await?,
                _ => self.look(&self.staff).await?,
            }
        }
        Ok(())
    }

    /// Mostly short, so that people meet; long at times, so that what waits gets its turn.
    async fn pause(&self) {
        let ms = if self.chance.below(8) == 0 { self.chance.below(120_000) } else { self.chance.below(60) };
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Some customers order a little of what there is most of, at the same moment.
    async fn rush(&self) -> Result<(), Fault> {
        let Some((product, variant, _)) = self.shop.goods.last() else { return Ok(()) };
        let buyers = (0..2 + self.chance.below(4)).filter_map(|_| self.chance.of(&self.customers));
        let orders = buyers.map(|(who, address)| {
            let quantity = 1 + self.chance.below(3);
            let items = vec![json!({ "product": product, "variant": variant, "quantity": quantity })];
            self.order(who, address, items)
        });
        futures::future::try_join_all(orders).await.map(|_| ())
    }

    /// Some of what there is.
    fn basket(&self) -> Vec<Value> {
        let mut items = Vec::new();
        for (product, variant, _) in &self.shop.goods {
            if items.is_empty() || self.chance.below(3) == 0 {
                let quantity = 1 + self.chance.below(2);
                items.push(json!({ "product": product, "variant": variant, "quantity": quantity }));
            }
        }
        items
    }

    async fn order(&self, who: &Person, address: &Value, items: Vec<Value>) -> Result<(), Fault> {
        let method = if self.chance.below(4) == 0 { CASH } else { CARD };
        let body = json!({
            "store": self.shop.store, "payment_method": method, "shipping_address": address, "items": items,
        });
        let answer = self.ask(self.perhaps_keyed(Ask::post(who, "/api/orders/", body))).await?;
        if answer.status != 201 {
            return Ok(());
        }
        self.note(&answer);
        let id = text(&answer.body["id"]);
        self.shop.owners.borrow_mut().insert(begin_of(&id).to_owned(), who.id.clone());
        self.shows(who, "/api/orders/my_orders/", &id).await?;
        self.shows(who, "/api/orders/", &id).await?;
        let line = text(&answer.body["items"][0]["id"]);
        self.shows(who, "/api/order-items/", &line).await?;
        if self.chance.below(4) > 0 {
            self.pay(who, &id).await?;
        }
        Ok(())
    }

    async fn pay(&self, who: &Person, order: &str) -> Result<(), Fault> {
        let token = self.chance.of(&TOKENS).copied().unwrap_or_default();
        let method = if self.chance.below(4) == 0 { CASH } else { CARD };
        self.pay_with(method, token, who, order).await
    }

    async fn pay_with(&self, method: &str, token: &str, who: &Person, order: &str) -> Result<(), Fault> {
        let body = json!({ "order": order, "payment_method": method, "payment_details": { "token": token } });
        let answer = self.ask(self.perhaps_keyed(Ask::post(who, "/api/payments/", body))).await?;
        if answer.status != 201 {
            return Ok(());
        }
        let id = text(&answer.body["id"]);
        self.shop.payments.borrow_mut().push(id.clone());
        self.shows(who, "/api/payments/", &id).await?;
        let path = format!("/api/payments/{id}/process_payment/");
        let body = json!({ "error_on_requires_action": token != ASKS });
        self.ask(self.perhaps_keyed(Ask::post(who, path, body))).await?;
        if method == CARD && token == ASKS {
            self.answer_bank(who, &id).await?;
        }
        Ok(())
    }

    async fn pay_again(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, _)) = self.one() else { return Ok(()) };
        self.pay(who, &order).await
    }

    async fn cancel(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        let who = if self.is_customer(who) { self.mostly_owner(&order, who) } else { who };
        let path = format!("/api/orders/{order}/cancel_order/");
        self.change(Ask::patch(who, path, json!({})), tag).await
    }

    async fn delete(&self) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        self.shop.deleted.borrow_mut().insert(begin_of(&order).to_owned());
        let ask = Ask::new(&self.admin, Method::DELETE, format!("/api/orders/{order}/"), None);
        let if_match = (self.chance.below(3) == 0).then_some(tag);
        self.ask(self.perhaps_keyed(Ask { if_match, ..ask })).await.map(|_| ())
    }

    async fn edit(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        let body = json!({ "notes": format!("note {}", self.chance.below(1_000)) });
        self.change(Ask::patch(who, format!("/api/orders/{order}/"), body), tag).await
    }

    async fn change_lines(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        let Some((product, variant, _)) = self.chance.of(&self.shop.goods) else { return Ok(()) };
        let body = json!({ "items": [{ "product": product, "variant": variant, "quantity": 1 + self.chance.below(3) }] });
        self.shop.replaced.borrow_mut().insert(begin_of(&order).to_owned());
        self.change(Ask::patch(who, format!("/api/orders/{order}/"), body), tag).await
    }

    async fn look(&self, who: &Person) -> Result<(), Fault> {
        let paths = ["/api/orders/", "/api/orders/order_stats/", "/api/payments/", "/api/products/"];
        let path = self.chance.of(&paths).copied().unwrap_or_default();
        self.ask(Ask::get(who, path)).await.map(|_| ())
    }

    async fn move_on(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        let path = format!("/api/orders/{order}/");
        let seen = self.ask(Ask::get(who, path)).await?;
        let at = ["pending", "confirmed", "processing", "shipped", "out_for_delivery"];
        let step = at.iter().position(|status| seen.body["status"] == *status);
        let Some(step) = step.and_then(|step| STEPS.get(step)) else { return Ok(()) };
        self.change(Ask::patch(who, format!("/api/orders/{order}/{step}/"), json!({})), tag).await
    }

    async fn move_many(&self) -> Result<(), Fault> {
        let orders: Vec<String> = (0..3).filter_map(|_| self.one()).map(|(order, _)| order).collect();
        if orders.is_empty() {
            return Ok(());
        }
        let status = self.chance.of(&["confirmed", "processing", "cancelled"]).copied().unwrap_or_default();
        let body = json!({ "order_ids": orders, "status": status });
        let ask = Ask::post(&self.staff, "/api/orders/bulk_update_status/", body);
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    async fn refund(&self, who: &Person) -> Result<(), Fault> {
        if self.chance.below(2) == 0 {
            let Some((order, tag)) = self.one() else { return Ok(()) };
            let body = json!({ "restock": self.chance.below(2) == 0 });
            return self
                .change(Ask::patch(who, format!("/api/orders/{order}/refund_order/"), body), tag)
                .await;
        }
        let payment = self.chance.of(&self.shop.payments.borrow()).cloned();
        let Some(payment) = payment else { return Ok(()) };
        let body = match self.chance.below(3) {
            0 => json!({ "reason": "damaged" }),
            cents => json!({ "amount": format!("{cents}.50"), "reason": "late" }),
        };
        let ask = Ask::post(who, format!("/api/payments/{payment}/refund_payment/"), body);
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Some pieces more, or broken; with a key, so that it is known how many in the end.
    async fn restock(&self) -> Result<(), Fault> {
        let Some((product, variant, _)) = self.chance.of(&self.shop.goods) else { return Ok(()) };
        let (more, fewer) = (1 + self.chance.below(3), 1 + self.chance.below(40));
        let pieces = if self.chance.below(4) > 0 { i64::try_from(more)? } else { -i64::try_from(fewer)? };
        let body = json!({ "variant": variant, "delta": pieces, "reason": "counted" });
        let path = format!("/api/products/{}/adjust_stock/", text(product));
        let answer = self.ask(Ask::post(&self.vendor, path, body).keyed()).await?;
        let came = match answer.status {
            200 => Some(pieces),
            // There are not so many.
            400 => Some(0),
            _ => None,
        };
        self.shop.came.borrow_mut().push((text(variant), came));
        Ok(())
    }

    /// Changes an order, at times only as it was when last seen.
    async fn change(&self, ask: Ask<'_>, tag: String) -> Result<(), Fault> {
        let if_match = (self.chance.below(3) == 0).then_some(tag);
        let answer = self.ask(self.perhaps_keyed(Ask { if_match, ..ask })).await?;
        if answer.status == 200 {
            self.note(&answer);
        }
        Ok(())
    }

    fn note(&self, answer: &Answer) {
        let (id, tag) = (text(&answer.body["id"]), answer.etag.clone().unwrap_or_default());
        let mut orders = self.shop.orders.borrow_mut();
        match orders.iter_mut().find(|(known, _)| *known == id) {
            Some(known) => known.1 = tag,
            None => orders.push((id, tag)),
        }
    }

    /// One of the orders, the last ones more often.
    fn one(&self) -> Option<(String, String)> {
        let orders = self.shop.orders.borrow();
        let latest = orders.len().saturating_sub(4);
        let among = if self.chance.below(4) > 0 { &orders[latest..] } else { &orders[..] };
        self.chance.of(among).cloned()
    }

    fn is_customer(&self, who: &Person) -> bool {
        self.customers.iter().any(|(customer, _)| customer.id == who.id)
    }

    /// As a rule whose order it is, or the order that it is in, instead of somebody else.
    fn mostly_owner<'a>(&'a self, id: &str, other: &'a Person) -> &'a Person {
        let owner = self.shop.owners.borrow().get(begin_of(id)).cloned();
        let owner = self.customers.iter().find(|(customer, _)| Some(&customer.id) == owner.as_ref());
        owner.filter(|_| self.chance.below(5) > 0).map_or(other, |(owner, _)| owner)
    }

    fn perhaps_keyed<'a>(&self, ask: Ask<'a>) -> Ask<'a> {
        if self.chance.below(2) == 0 { ask.keyed() } else { ask }
    }
}

/// What the ids of an order and of all that is in it have in common.
fn begin_of(id: &str) -> &str {
    id.get(..id.len().saturating_sub(4)).unwrap_or(id)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
