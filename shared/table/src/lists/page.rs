//! What a query has found, read from DynamoDB's answer.

use super::{Entry, Found, RangeKeys};
use crate::TableError;
use crate::answer::{Answer, Consumed, FromAnswer, One};
use crate::keys::Index;
use serde::Deserialize;
use serde::de::Deserializer;

/// A query's answer as DynamoDB writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Entry")]
struct Page<T> {
    items: Vec<One<(RangeKeys, T)>>,
    last_evaluated_key: Option<serde_dynamo::Item>,
    consumed_capacity: Option<Consumed>,
}

/// An entry and its range keys.
impl<T: Entry> FromAnswer for (RangeKeys, T) {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        T::from_answer(json)
    }
}

impl Answer {
    /// What was answered to a query of an index, and what it cost in read units.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is no such answer.
    pub(super) fn page<T: Entry>(&self, index: Index) -> Result<(Found<T>, f64), TableError> {
        let page: Page<T> = self.read("a page of a query")?;
        let entries = page.items.into_iter().map(|One((keys, entry))| (keys.in_index(index), entry));
        let found = Found { entries: entries.collect(), rest: page.last_evaluated_key.map(Into::into) };
        Ok((found, page.consumed_capacity.map_or(0.0, |consumed| consumed.capacity_units)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Item;
    use crate::answer::Asked;
    use crate::answer::tests::answered;

    #[test]
    fn a_page_is_read_with_its_places_its_price_and_where_it_goes_on() {
        let body = r#"{
            "ConsumedCapacity": {"CapacityUnits": 0.5, "TableName": "oms"}, "Count": 1, "ScannedCount": 1,
            "Items": [{"pk": {"S": "ORDER#7"}, "list_at": {"S": "at"}, "list_total": {"S": "total"}}],
            "LastEvaluatedKey": {"pk": {"S": "ORDER#7"}, "sk": {"S": "ORDER"}}
        }"#;
        for (index, place) in [(Index::All, "at"), (Index::Total, "total")] {
            let (found, units) = answered(Asked::Query, 200, body).0.page::<Item>(index).unwrap();
            assert_eq!((found.entries[0].0.as_str(), found.entries[0].1.len(), units), (place, 3, 0.5));
            assert_eq!(found.rest.unwrap().len(), 2);
        }
        for cut_off in ["", "{", r#"{"Items": [{"pk": "7"}]}"#] {
            assert!(answered(Asked::Query, 200, cut_off).0.page::<Item>(Index::All).is_err(), "{cut_off}");
        }
    }
}
