//! The limit of unpaid orders, as one customer meets it.

use super::cash::CARD;
use super::requests::{Ask, has_too_many_unpaid};
use super::{People, text};
use crate::MAX_UNPAID_ORDERS;
use oms_workspace::report::Fault;
use serde_json::json;

/// The place among the customers of whoever orders up to the limit.
const ORDERING_MUCH: usize = 2;
/// The place among the goods of what there is enough of.
const PLENTY: usize = 3;

impl People {
    /// A customer of their own orders as much as may be unpaid, and again after each that they pay
    /// or call off: there is room for one more at once, however late the counters are.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(crate) async fn order_up_to_the_limit(&self) -> Result<(), Fault> {
        let Some((who, address)) = self.customers.get(ORDERING_MUCH) else { return Ok(()) };
        let Some((product, variant, _)) = self.shop.goods.get(PLENTY) else { return Ok(()) };
        let body = json!({
            "store": self.shop.store, "payment_method": "credit_card", "shipping_address": address,
            "items": [{ "product": product, "variant": variant, "quantity": 1 }],
        });
        let order = || self.ask(Ask::post(who, "/api/orders/", body.clone()));
        let mut unpaid: Vec<String> = Vec::new();
        for room_is_made_by in [None, Some("pays"), Some("cancels"), Some("cancels")] {
            self.pause().await;
            match room_is_made_by {
                Some("pays") => self.pay_with(CARD, "tok_approve", who, &unpaid.remove(0)).await?,
                Some(_) => {
                    let path = format!("/api/orders/{}/cancel_order/", unpaid.remove(0));
                    self.ask(Ask::patch(who, path, json!({}))).await?;
                }
                None => {}
            }
            while unpaid.len() < MAX_UNPAID_ORDERS {
                let answer = order().await?;
                if answer.status != 201 {
                    let count = unpaid.len();
                    let wrong = format!("no other order beside {count} unpaid ones: {}", answer.body);
                    self.wrong.borrow_mut().push(wrong);
                    return Ok(());
                }
                unpaid.push(text(&answer.body["id"]));
            }
            let answer = order().await?;
            if !has_too_many_unpaid(&answer) {
                self.wrong.borrow_mut().push(format!("one order too many: {}", answer.body));
            }
        }
        Ok(())
    }
}
