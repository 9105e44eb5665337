//! What people take and hand back by hand, and payments that are changed before they are made.

use super::requests::Ask;
use super::{People, Person, text};
use http::Method;
use oms_workspace::report::Fault;
use serde_json::{Value, json};

/// How what a gateway takes is called.
pub(super) const CARD: &str = "credit_card";
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
    pub(super) async fn hand_back(&self, who: &Person) -> Result<(), Fault> {
        let Some(payment) = self.some_payment() else { return Ok(()) };
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
