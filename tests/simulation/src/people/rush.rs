//! Many who want the same thing at the same moment.

use super::People;
use super::requests::Ask;
use futures::future::try_join_all;
use oms_workspace::report::Fault;
use serde_json::json;
use std::collections::BTreeMap;

impl People {
    /// So many new customers buy a piece each of something of which there are as many; how many
    /// were answered with which status.
    ///
    /// # Errors
    /// Where a function cannot start.
    pub(crate) async fn buy_all_at_once(&mut self, buyers: u32) -> Result<BTreeMap<u16, usize>, Fault> {
        let first = self.customers.len();
        for number in 0..buyers {
            self.meet(&format!("buyer{number}")).await?;
        }
        self.offer("Bowl", buyers.into()).await?;
        let Some((product, variant, _)) = self.shop.goods.last() else { return Ok(BTreeMap::new()) };
        let orders = self.customers.iter().skip(first).map(|(who, address)| {
            let body = json!({
                "store": self.shop.store, "payment_method": "credit_card", "shipping_address": address,
                "items": [{ "product": product, "variant": variant, "quantity": 1 }],
            });
            self.ask(Ask::post(who, "/api/orders/", body))
        });
        let mut answered = BTreeMap::new();
        for answer in try_join_all(orders).await? {
            *answered.entry(answer.status).or_default() += 1;
        }
        Ok(answered)
    }
}
