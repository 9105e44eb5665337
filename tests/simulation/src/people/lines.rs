//! Single lines of an order, and what its customer thinks of it.

use super::requests::Ask;
use super::{People, Person, begin_of, text};
use http::Method;
use oms_workspace::report::Fault;
use serde_json::json;

impl People {
    /// Adds a line to one of the orders, or changes or takes out one that it has.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn change_line(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, _)) = self.one() else { return Ok(()) };
        let Some((product, variant, _)) = self.chance.of(&self.shop.goods) else { return Ok(()) };
        let who = self.mostly_owner(&order, who);
        let seen = self.ask(Ask::get(who, format!("/api/orders/{order}/"))).await?;
        let lines = seen.body["items"].as_array().cloned().unwrap_or_default();
        let Some(line) = self.chance.of(&lines) else { return Ok(()) };
        self.shop.replaced.borrow_mut().insert(begin_of(&order).to_owned());
        let path = format!("/api/order-items/{}/", text(&line["id"]));
        let quantity = 1 + self.chance.below(3);
        let ask = match self.chance.below(3) {
            0 => {
                let line = json!({
                    "order": order, "product": product, "variant": variant, "quantity": quantity,
                });
                Ask::post(who, "/api/order-items/", line)
            }
            1 => Ask::patch(who, path, json!({ "quantity": quantity })),
            _ => Ask::new(who, Method::DELETE, path, None),
        };
        self.ask(self.perhaps_keyed(ask)).await.map(|_| ())
    }

    /// Says how good an order was.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(super) async fn rate(&self, who: &Person) -> Result<(), Fault> {
        let Some((order, tag)) = self.one() else { return Ok(()) };
        let who = self.mostly_owner(&order, who);
        let body = json!({ "rating": 1 + self.chance.below(5), "comment": "so so" });
        self.change(Ask::post(who, format!("/api/orders/{order}/rate_order/"), body), tag).await
    }
}
