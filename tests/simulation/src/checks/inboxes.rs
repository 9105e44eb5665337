//! What customers were told.

use super::Checks;
use oms_core::events::publishing::news;
use oms_domain::order_events::notices;
use oms_workspace::report::Fault;
use std::collections::{BTreeMap, BTreeSet};

impl Checks<'_> {
    /// Customers find each thing that was to be told them once, either read or not, and as many as
    /// the counts say.
    pub(super) async fn inboxes(&mut self) -> Result<(), Fault> {
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for order in &self.orders {
            for change in &order.log {
                let Some(then) = order.as_of(change.version) else { continue };
                for news in notices(&then, change).iter().filter_map(|notice| news(&then, change, notice)) {
                    told.entry(news.user.0).or_default().insert(news.id.to_string());
                }
            }
        }
        let people = self.people;
        for (customer, _) in &people.customers {
            let told = told.remove(&customer.id).unwrap_or_default();
            self.shows(customer, "/api/notifications/?page_size=100", &told).await?;
            let mut seen = 0;
            for is_read in [true, false] {
                let path = format!("/api/notifications/?page_size=100&is_read={is_read}");
                let page = people.read(customer, &path).await?;
                let shown = page.body["results"].as_array().map_or(0, Vec::len);
                if page.body["count"] != shown && shown < 100 {
                    self.wrong.push(format!("{path} says {} of {shown}", page.body["count"]));
                }
                seen += shown;
            }
            if seen != told.len() && told.len() <= 100 {
                self.wrong.push(format!(
                    "{} was told {} things, of which {seen} are either",
                    customer.id,
                    told.len()
                ));
            }
        }
        Ok(())
    }
}
