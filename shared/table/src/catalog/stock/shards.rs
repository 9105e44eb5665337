//! A shelf in several shards, for a variant that many orders take at the same time.
//!
//! | sk | attributes |
//! |---|---|
//! | `STOCK#<variant>` | `available`; `shards`, how many items the shelf is in, where it is in several; `dealt`, how often pieces were moved between them |
//! | `STOCK#<variant>#<n>` | `available` |
//!
//! An order takes its pieces in its own transaction, and an item can be in one transaction at a
//! time. So a shelf begins as one item and stays so until transactions meet there: whoever was
//! held up then deals its pieces evenly among as many shards as `STOCK_SHARDS` allows. What lies on
//! the shelf is the sum of them, wherever it lies: each order takes from one shard, which has
//! enough; where none has, pieces are moved together first. Moves between shards exclude each
//! other by `dealt`, which the shelf's first item has and each of them counts up; the sum is the
//! same before and after. Pieces that come back, and new ones, come to the first item.
//!
//! An instance remembers which shards had pieces when it last looked. That is a hint: who finds too
//! few there looks again, and only what was looked at twice, with no move in between, refuses an
//! order.

use crate::catalog::stock::{HAVING, Shelf, available, having};
use crate::writes::{Patience, update_part};
use crate::{Item, Table, TableError, keys, number, text};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use oms_runtime::{ids, retry};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The fewest pieces that are worth a shard: with fewer, most orders would have to look for more.
const MIN_PIECES: u64 = 4;
/// How many shelves an instance remembers.
const MAX_REMEMBERED: usize = 1_000;

const SHARDS: &str = "shards";
const DEALT: &str = "dealt";

/// Where pieces of shelves lay when they were last looked at, of those in several shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Remembered(Arc<Mutex<HashMap<Shelf, Vec<u16>>>>);

impl Remembered {
    /// A shard to take from: any of those that had pieces.
    pub(crate) fn shard_of(&self, shelf: Shelf) -> Option<u16> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        any_of(remembered.get(&shelf)?)
    }

    fn learn(&self, shelf: Shelf, shards: Vec<u16>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        match shards.as_slice() {
            [] | [0] => remembered.remove(&shelf),
            _ => remembered.insert(shelf, shards),
        };
    }
}

fn any_of(shards: &[u16]) -> Option<u16> {
    let random = usize::try_from(ids::random_token()).unwrap_or_default();
    shards.get(random.checked_rem(shards.len())?).copied()
}

/// How many items the shelf of this first item is in.
pub(crate) fn shards_of(item: &Item) -> u16 {
    number(item, SHARDS).and_then(|shards| u16::try_from(shards).ok()).unwrap_or(1)
}

/// What lay where, all looked at together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The shards that there are, with their pieces.
    levels: Vec<(u16, u64)>,
    /// How many items the shelf is in.
    pub(crate) shards: u16,
    /// How often pieces were moved between them, up to when it was looked.
    dealt: u64,
}

/// Pieces that are moved between shards, each with how many it gets, or gives where it is negative.
type Moves = Vec<(u16, i64)>;

impl Looked {
    fn of(items: &[Item], shelf: Shelf) -> Self {
        let mut looked = Self { shards: 1, ..Self::default() };
        for item in items {
            let Some((variant, shard)) = keys::stock_level_of(text(item, keys::SK)) else { continue };
            if variant != shelf.variant {
                continue;
            }
            looked.levels.push((shard, available(item)));
            if shard == 0 {
                looked.shards = shards_of(item);
                looked.dealt = number(item, DEALT).unwrap_or(0);
            }
        }
        looked
    }

    /// The update of the shelf's first item, on the condition that no pieces were moved since.
    pub(crate) fn undealt(&self, update: UpdateBuilder, and: &str) -> UpdateBuilder {
        let update = update.expression_attribute_names("#dealt", DEALT);
        if self.dealt == 0 {
            return update.condition_expression(format!("{and}attribute_not_exists(#dealt)"));
        }
        update
            .condition_expression(format!("{and}#dealt = :dealt"))
            .expression_attribute_values(":dealt", AttributeValue::N(self.dealt.to_string()))
    }

    /// What counts the next move between shards, as `:next` in an update.
    fn next_dealt(&self) -> AttributeValue {
        AttributeValue::N((self.dealt + 1).to_string())
    }

    /// The update of the shelf's first item that says how many pieces there are, all of them in it.
    pub(crate) fn counted(&self, update: UpdateBuilder, and: &str) -> UpdateBuilder {
        let update = self.undealt(update, and);
        if self.shards < 2 && self.dealt == 0 {
            return update.update_expression("SET #available = :pieces");
        }
        update
            .update_expression("SET #available = :pieces, #dealt = :next REMOVE #shards")
            .expression_attribute_names("#shards", SHARDS)
            .expression_attribute_values(":next", self.next_dealt())
    }

    pub(crate) fn total(&self) -> u64 {
        self.levels.iter().map(|(_, pieces)| pieces).sum()
    }

    /// How many pieces lie outside the shelf's first item.
    pub(crate) fn elsewhere(&self) -> u64 {
        self.total() - self.at(0)
    }

    pub(crate) fn at(&self, shard: u16) -> u64 {
        self.levels.iter().find(|(number, _)| *number == shard).map_or(0, |(_, pieces)| *pieces)
    }

    /// The shards that have so many pieces.
    fn with(&self, pieces: u64) -> Vec<u16> {
        self.levels.iter().filter(|(_, there)| *there >= pieces).map(|(shard, _)| *shard).collect()
    }

    /// Any of these, another than one that is busy if there is another.
    fn any_with(&self, pieces: u64, busy: Option<u16>) -> Option<u16> {
        let shards = self.with(pieces);
        let others: Vec<u16> = shards.iter().copied().filter(|shard| Some(*shard) != busy).collect();
        any_of(&others).or_else(|| any_of(&shards))
    }

    /// Those worth trying: with at least a quarter of what the fullest has.
    fn well_filled(&self) -> Vec<u16> {
        let fullest = self.levels.iter().map(|(_, pieces)| *pieces).max().unwrap_or(0);
        self.with((fullest / 4).max(1))
    }

    /// How the pieces of a shard, at which orders met, come to lie evenly in at most so many; none
    /// where there are too few, or it has not much more than its share.
    fn evened(&self, from: u16, most: u16) -> Option<Moves> {
        let shards = self.total().checked_div(MIN_PIECES)?.min(most.into());
        let share = self.total().checked_div(shards)?;
        if shards < 2 || self.at(from) < 2 * share {
            return None;
        }
        let mut left = self.at(from) - share;
        let mut moves = Moves::new();
        for shard in (0..u16::try_from(shards).ok()?).filter(|shard| *shard != from) {
            let pieces = share.saturating_sub(self.at(shard)).min(left);
            if pieces > 0 {
                left -= pieces;
                moves.push((shard, signed(pieces)));
            }
        }
        closed(moves, from)
    }

    /// How so many pieces, of more than any shard has, come to lie in the fullest one; and which.
    fn gathered(&self, wanted: u64) -> Option<(u16, Moves)> {
        let mut fullest_first = self.levels.clone();
        fullest_first.sort_by_key(|(_, pieces)| std::cmp::Reverse(*pieces));
        let ((to, has), others) = fullest_first.split_first()?;
        let mut missing = wanted.saturating_sub(*has);
        let mut moves = Moves::new();
        for (shard, there) in others {
            let pieces = missing.min(*there);
            if pieces > 0 {
                missing -= pieces;
                moves.push((*shard, -signed(pieces)));
            }
        }
        (missing == 0).then(|| closed(moves, *to)).flatten().map(|moves| (*to, moves))
    }
}

/// The moves, and what the last shard gets or gives by them.
fn closed(mut moves: Moves, last: u16) -> Option<Moves> {
    let sum: i64 = moves.iter().map(|(_, pieces)| pieces).sum();
    moves.push((last, -sum));
    (sum != 0).then_some(moves)
}

fn signed(pieces: u64) -> i64 {
    i64::try_from(pieces).unwrap_or(i64::MAX)
}

impl Table {
    /// What lies where on a shelf, by a consistent read of all its shards.
    pub(crate) async fn look_at(&self, shelf: Shelf) -> Result<Looked, TableError> {
        // The first one comes first: no move is seen that it does not tell of.
        let items =
            self.collection(keys::product(shelf.product), &keys::stock_level(shelf.variant, 0)).await?;
        let looked = Looked::of(&items, shelf);
        self.remembered.learn(shelf, if looked.shards > 1 { looked.well_filled() } else { Vec::new() });
        Ok(looked)
    }

    /// A shard of a shelf that has so many pieces, after too few were found in one, or another
    /// transaction was met there: then the pieces are dealt among more shards, if they can be.
    ///
    /// # Errors
    /// [`TableError::InsufficientStock`] where there are not so many in all of them.
    pub(crate) async fn shard_with(
        &self,
        shelf: Shelf,
        wanted: u64,
        mut met: Option<u16>,
    ) -> Result<u16, TableError> {
        let mut refused = None;
        let mut tries = 0;
        for _ in 0..retry::BUSY {
            let looked = self.look_at(shelf).await?;
            if let Some(moves) = met.and_then(|met| looked.evened(met, self.layout.stock_shards)) {
                met = None;
                if self.deal(shelf, &looked, &moves).await? {
                    tracing::info!(product = %shelf.product, shards = moves.len(), "dealt a shelf");
                    continue;
                }
            }
            if let Some(shard) = looked.any_with(wanted, met) {
                return Ok(shard);
            }
            let Some((to, moves)) = looked.gathered(wanted) else {
                // With several it is told only once nothing was moved while a look lasted.
                match refused.replace((looked.dealt, looked.total())) {
                    Some((dealt, available)) if dealt == looked.dealt => {
                        return Err(TableError::InsufficientStock { available });
                    }
                    None if looked.shards < 2 => {
                        return Err(TableError::InsufficientStock { available: looked.total() });
                    }
                    _ => continue,
                }
            };
            if self.deal(shelf, &looked, &moves).await? {
                return Ok(to);
            }
            if !retry::while_busy(&mut tries).await {
                break;
            }
        }
        Err(TableError::Throttled)
    }

    /// Moves pieces between the shards of a shelf that was seen so. Whether it was done: not where
    /// it has changed meanwhile, or others are at work there.
    async fn deal(&self, shelf: Shelf, seen: &Looked, moves: &[(u16, i64)]) -> Result<bool, TableError> {
        let shards = moves.iter().map(|(shard, _)| shard + 1).fold(seen.shards, u16::max);
        let own = moves.iter().find(|(shard, _)| *shard == 0).map_or(0, |(_, pieces)| *pieces);
        let first = having(self.pieces(shelf, 0, own), own)
            .update_expression("ADD #available :pieces SET #shards = :shards, #dealt = :next")
            .expression_attribute_names("#shards", SHARDS)
            .expression_attribute_values(":shards", AttributeValue::N(shards.to_string()))
            .expression_attribute_values(":next", seen.next_dealt());
        let mut items = vec![seen.undealt(first, &format!("{HAVING} AND "))];
        for (shard, pieces) in moves.iter().filter(|(shard, _)| *shard != 0) {
            let update = self.pieces(shelf, *shard, *pieces);
            // Nothing is asked of a shard that gets some: it may not be there yet.
            items.push(if *pieces < 0 { having(update, *pieces) } else { update });
        }
        let items = items.into_iter().map(update_part).collect::<Result<Vec<_>, _>>()?;
        match self.transact_with(items, None, Patience::None).await {
            Ok(()) => Ok(true),
            Err(TableError::Held(_) | TableError::Cancelled(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
