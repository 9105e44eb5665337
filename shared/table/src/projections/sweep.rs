//! Finds rows that no order has, and removes them: of codes that an order had once, of orders that
//! are gone. The consumer leaves none; a consumer that was wrong, or a row that was written anew
//! while it worked, may have.

use crate::projections::order_rows::ROWS;
use crate::projections::search_rows::{SEARCH_PREFIX, row_keys};
use crate::{Item, Table, TableError, keys, orders::item, projections::search_rows, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::{Order, OrderId};
use std::collections::{BTreeMap, BTreeSet};

/// How many rows one transaction removes.
const AT_ONCE: usize = 100;

/// Orders as they are, and the keys of the rows that searches find them by; none of one that cannot
/// be read, whose rows stay.
type WithRows = BTreeMap<OrderId, Option<(Order, BTreeSet<(String, String)>)>>;

/// A row, and whose it says it is.
struct Row {
    pk: String,
    sk: String,
    order: Option<OrderId>,
}

impl Row {
    fn read(item: &Item) -> Self {
        let (pk, sk) = (text(item, keys::PK).to_owned(), text(item, keys::SK).to_owned());
        let order =
            if pk.starts_with(SEARCH_PREFIX) { search_rows::order_of(item) } else { keys::order_of(&pk) };
        Self { pk, sk, order }
    }

    /// Whether an order has no such row. The rows of lists stay for deleted ones, where they keep
    /// older ones from coming back.
    fn is_stale(&self, orders: &WithRows) -> bool {
        let Some(order) = self.order.and_then(|id| orders.get(&id)) else { return true };
        let Some((_, rows)) = order else { return false };
        self.pk.starts_with(SEARCH_PREFIX) && !rows.contains(&(self.pk.clone(), self.sk.clone()))
    }
}

impl Table {
    /// Looks through a part of the table for rows that no order has and removes them; how many, and
    /// where to go on. For operators, since it reads the whole table, 1 MB at a time. No request
    /// may.
    ///
    /// The system may run meanwhile: rows are looked at before their orders are read, and an order
    /// that has got a code back by the time its row is removed gets the row again.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn remove_stale_rows(&self, after: Option<Item>) -> Result<(usize, Option<Item>), TableError> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .filter_expression("begins_with(#pk, :search) OR #sk IN (:all, :store)")
            .projection_expression("#pk, #sk")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":search", AttributeValue::S(SEARCH_PREFIX.to_owned()))
            .expression_attribute_values(":all", AttributeValue::S(ROWS[0].to_owned()))
            .expression_attribute_values(":store", AttributeValue::S(ROWS[1].to_owned()))
            .set_exclusive_start_key(after)
            .consistent_read(true)
            .send()
            .await?;
        let rows: Vec<Row> = page.items.unwrap_or_default().iter().map(Row::read).collect();
        let orders = self.with_rows(rows.iter().filter_map(|row| row.order)).await?;
        let stale: Vec<Row> = rows.into_iter().filter(|row| row.is_stale(&orders)).collect();
        for rows in stale.chunks(AT_ONCE) {
            let deletes = rows.iter().map(|row| self.delete_any(row.pk.clone(), row.sk.clone()));
            self.transact(deletes.collect::<Result<_, _>>()?, None).await?;
        }
        let orders = self.with_rows(stale.iter().filter_map(|row| row.order)).await?;
        let again = stale.iter().filter(|row| !row.is_stale(&orders));
        let again = again.filter_map(|row| orders.get(&row.order?)?.as_ref());
        self.write_search_rows(again.map(|(order, _)| (None, order))).await?;
        Ok((stale.len(), page.last_evaluated_key))
    }

    /// Some orders as they are now, deleted ones too.
    async fn with_rows(&self, ids: impl Iterator<Item = OrderId>) -> Result<WithRows, TableError> {
        let ids: BTreeSet<OrderId> = ids.collect();
        let wanted = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let orders = self.get_items(wanted.collect()).await?.into_iter().filter_map(|item| {
            let id = keys::order_of(text(&item, keys::PK))?;
            let with_rows = |order: Order| {
                let rows = row_keys(&order);
                (order, rows)
            };
            Some((id, item::from_item(item).ok().map(with_rows)))
        });
        Ok(orders.collect())
    }
}
