//! What people take and hand back by hand, and payments that are changed before they are made.

use super::requests::Ask;
use super::{People, Person, text};
use http::Method;
use oms_workspace::report::Fault;
use serde_json::{Value, json};

/// How what a gateway takes is called.
pub(super) const CARD: &str = "credit_card";
/// What is charged once whoever pays has done what their bank asks.
pub(super) const ASKS: &str = "tok_authenticate";
/// How what is paid at the door is.
pub(super) const CASH: &str = "cash_on_delivery";

impl People {
    /// Has the money of a payment, or asks its gateway for it.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn collect(&self, who: &Person) -> Result<(), Fault> {
        let Some(payment) = self.some_payment() else { return Ok(()) };
        let path = format!("/api/payments/{payment}/process_payment/");
        let body = json!({ "reference": format!("R-{}", self.chance.below(1_000)) });
        self.ask(self.perhaps_keyed(Ask::post(who, path, body))).await.map(|_| ())
    }

    /// Has handed over what waits for a person.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn hand_back(&self, who: &Person, payment: &str) -> Result<(), Fault> {
        let path = format!("/api/payments/{payment}/");
        let seen = self.ask(Ask::get(who, path.as_str())).await?;
        let refunds = seen.body["refunds"].as_array().cloned().unwrap_or_default();
        let Some(refund) = self.chance.of(&refunds).map(|refund| text(&refund["id"])) else { return Ok(()) };
        let ask = Ask::post(who, format!("{path}refunds/{refund}/confirm/"), json!({}));
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Wants to pay otherwise, or not at all.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn change_payment(&self, who: &Person) -> Result<(), Fault> {
        let Some(payment) = self.some_payment() else { return Ok(()) };
        let path = format!("/api/payments/{payment}/");
        let who = self.mostly_owner(&payment, who);
        let ask = if self.chance.below(2) == 0 {
            self.shop.removed.borrow_mut().insert(payment);
            Ask::new(who, Method::DELETE, path, None)
        } else {
            let methods = [CARD, "debit_card", CASH];
            let method = self.chance.of(&methods).copied().unwrap_or_default();
            Ask::patch(who, path, json!({ "payment_method": method }))
        };
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Does what a bank asks of whoever pays, or fails to, or forgets it.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn answer_bank(&self, who: &Person, payment: &str) -> Result<(), Fault> {
        self.pause().await;
        let outcome = match self.chance.below(4) {
            0 => return Ok(()),
            1 => "fail",
            _ => "succeed",
        };
        let path = format!("/api/payments/{payment}/simulate_action/");
        let ask = Ask::post(who, path, json!({ "outcome": outcome }));
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Orders something that is paid by hand, and often changes their mind when it is.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn pay_at_the_door(&self, who: &Person, address: &Value) -> Result<(), Fault> {
        let items = self.basket();
        let body = json!({
            "store": self.shop.store, "payment_method": CASH, "shipping_address": address, "items": items,
        });
        let placed = self.ask(self.perhaps_keyed(Ask::post(who, "/api/orders/", body))).await?;
        if placed.status != 201 {
            return Ok(());
        }
        self.note(&placed);
        let order = text(&placed.body["id"]);
        let body = json!({ "order": order, "payment_method": CASH });
        let payment = self.ask(self.perhaps_keyed(Ask::post(who, "/api/payments/", body))).await?;
        let payment = text(&payment.body["id"]);
        let path = format!("/api/payments/{payment}/");
        self.pause().await;
        let collected = Ask::post(&self.vendor, format!("{path}process_payment/"), json!({}));
        self.ask(self.perhaps_keyed(collected)).await?;
        if self.chance.below(3) == 0 {
            return Ok(());
        }
        let cancelled = Ask::patch(who, format!("/api/orders/{order}/cancel_order/"), json!({}));
        self.ask(self.perhaps_keyed(cancelled)).await?;
        self.shop.payments.borrow_mut().push(payment.clone());
        self.pause().await;
        self.hand_back(&self.vendor, &payment).await
    }

    /// Sells something dearer, or not at all for a while.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn change_product(&self, who: &Person) -> Result<(), Fault> {
        let Some((product, _, _)) = self.chance.of(&self.shop.goods) else { return Ok(()) };
        let body = match self.chance.below(4) {
            0 => json!({ "status": "archived" }),
            1 => json!({ "name": format!("Mug {}", self.chance.below(9)) }),
            _ => json!({ "status": "active", "base_price": format!("{}.50", 20 + self.chance.below(9)) }),
        };
        let ask = Ask::patch(who, format!("/api/products/{}/", text(product)), body);
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Reads the news, and marks one, or all, as read.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn read_news(&self, who: &Person) -> Result<(), Fault> {
        let news = self.ask(Ask::get(who, "/api/notifications/?page_size=5")).await?;
        let news = news.body["results"].as_array().cloned().unwrap_or_default();
        let ask = match self.chance.of(&news) {
            Some(one) if self.chance.below(3) > 0 => {
                let path = format!("/api/notifications/{}/", text(&one["id"]));
                Ask::patch(who, path, json!({ "is_read": self.chance.below(3) > 0 }))
            }
            _ => Ask::post(who, "/api/notifications/mark_all_read/", Value::Null),
        };
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    fn some_payment(&self) -> Option<String> {
        self.chance.of(&self.shop.payments.borrow()).cloned()
    }
}
