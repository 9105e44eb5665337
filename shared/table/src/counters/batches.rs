//! Counting a batch of the stream, in one item of counters after the other.

use crate::counters::layout::FRONT;
use crate::counters::snapshot::STAMP;
use crate::counters::stream_position::{BatchRange, Lanes, Sequence, Shard};
use crate::counters::{Expression, HELD, JOURNAL, Place, Writes, stamp};
use crate::writes::while_held;
use crate::{Table, TableError, key, keys, text};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use oms_domain::tally::Scope;
use std::collections::{BTreeMap, HashMap};

/// How many shards one write forgets: an expression has 4 KB at most, and the next write of the
/// item forgets more.
const FORGOTTEN_AT_ONCE: usize = 100;

/// What the counters of all orders want of an operator's lock, which stands on them, to be written.
#[derive(Clone, Copy, Debug)]
pub enum Lock<'a> {
    /// That there is none.
    None,
    /// That it asks for this journal, which has been kept.
    Journal(&'a str),
}

impl Lock<'_> {
    /// An update with what the condition needs, and the condition.
    fn wanted(self, update: UpdateItemFluentBuilder) -> (UpdateItemFluentBuilder, &'static str) {
        match self {
            Lock::None => (update.expression_attribute_names("#held", HELD), "attribute_not_exists(#held)"),
            Lock::Journal(state) => {
                let update = update.expression_attribute_names("#journal", JOURNAL);
                let state = AttributeValue::S(state.to_owned());
                (update.expression_attribute_values(":journal", state), "#journal = :journal")
            }
        }
    }
}

/// Up to where an item has counted a batch that it has counted some of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The last record that is counted.
    pub last: Sequence,
    lane: String,
}

/// What came of counting a batch in an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is counted.
    Counted,
    /// The item has counted some of it before, or all.
    Reached(Reached),
    /// An operator's lock asks for something else.
    Locked,
}

impl Table {
    /// How far some items have got with the stream; what is not there is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn lanes_of(
        &self,
        places: impl IntoIterator<Item = Place>,
    ) -> Result<BTreeMap<Place, Lanes>, TableError> {
        let places: HashMap<(String, String), Place> = places
            .into_iter()
            .map(|(scope, sk)| ((keys::counters(&scope), sk.clone()), (scope, sk)))
            .collect();
        let items = self.get_items(places.keys().cloned().collect()).await?;
        let lanes = items.iter().filter_map(|item| {
            let at = (text(item, keys::PK).to_owned(), text(item, keys::SK).to_owned());
            Some((places.get(&at)?.clone(), Lanes::read(item)))
        });
        Ok(lanes.collect())
    }

    /// Counts a batch of the stream in one item, unless it is counted there already: one write,
    /// which also says up to which record of the shard the item has counted now. What it had
    /// `reached` is left out of `writes`.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn count(
        &self,
        batch: &BatchRange,
        (scope, sk): &Place,
        writes: Writes,
        reached: Option<&Reached>,
        lock: Lock<'_>,
    ) -> Result<Outcome, TableError> {
        let lane = batch.shard.attribute();
        let mut writes = writes;
        writes.set.insert(lane.clone(), AttributeValue::S(batch.lane()));
        if sk == FRONT {
            writes.set.insert(STAMP.to_owned(), stamp());
        }
        let Expression { text, names, values } = Expression::of(writes);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(scope), sk.clone())))
            .update_expression(text)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .expression_attribute_names("#lane", &lane)
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut condition = match reached {
            None => {
                let first = AttributeValue::S(batch.first.as_str().to_owned());
                update = update.expression_attribute_values(":first", first);
                "(attribute_not_exists(#lane) OR #lane < :first)".to_owned()
            }
            Some(reached) => {
                let reached = AttributeValue::S(reached.lane.clone());
                update = update.expression_attribute_values(":reached", reached);
                "#lane = :reached".to_owned()
            }
        };
        if *scope == Scope::All && sk == FRONT {
            let wanted;
            (update, wanted) = lock.wanted(update);
            condition = format!("{condition} AND {wanted}");
        }
        let update = update.condition_expression(condition);
        let error = match while_held(|| update.clone().send()).await {
            Ok(answer) => {
                crate::writes::meter_write(answer.consumed_capacity());
                let before = answer.attributes.unwrap_or_default();
                self.forget_ended_shards(scope, sk, &Lanes::read(&before)).await?;
                return Ok(Outcome::Counted);
            }
            Err(error) => error,
        };
        oms_runtime::meter::record_trip();
        let there = match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => failed.item(),
            _ => return Err(error.into()),
        };
        // It may be our own write, whose answer got lost.
        let there = there.map(|item| (crate::text(item, &lane).to_owned(), Lanes::read(item)));
        let last = there.as_ref().and_then(|(_, lanes)| lanes.of(&batch.shard));
        Ok(match (last, &there) {
            (Some(last), Some((lane, _))) if *last >= batch.first => {
                Outcome::Reached(Reached { last: last.clone(), lane: lane.clone() })
            }
            _ => Outcome::Locked,
        })
    }

    /// Takes out of an item up to where it had counted shards that bring nothing more.
    async fn forget_ended_shards(&self, scope: &Scope, sk: &str, lanes: &Lanes) -> Result<(), TableError> {
        let names: Vec<String> = lanes.ended().take(FORGOTTEN_AT_ONCE).map(Shard::attribute).collect();
        if names.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = (0..names.len()).map(|number| format!("#a{number}")).collect();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(scope), sk.to_owned())))
            .update_expression(format!("REMOVE {}", all.join(", ")))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        for (place, name) in all.into_iter().zip(names) {
            update = update.expression_attribute_names(place, name);
        }
        let answer = while_held(|| update.clone().send()).await?;
        crate::writes::meter_write(answer.consumed_capacity());
        Ok(())
    }
}
