//! The shapes that items have had, and how versions of this code that know different ones share a
//! table: while a new version is rolled out, and after it was rolled back.
//!
//! | shape | what changed | may be read since | may be written since |
//! |---|---|---|---|
//! | 1 | | 1 | 1 |
//! | 2 | the names within a log are short (`v` for `version`); a deleted order stands in a list of its user's; an erased one has `erased_at` | 1 | 1 |
//! | 3 | the tokens of an order's last saves stand in `saves` instead of in its log | 1 | 3 |
//!
//! An item says in `schema` which shape it has, and in `writer`, where that is an older one, which
//! shape a version must know to write it.
//!
//! - What is older than this code is brought up to date as it is read ([`Kind::upgrade`]).
//! - What a newer version has added goes back with every save ([`UnknownFields`]).
//! - What a newer version has reshaped is read and not written: [`TableError::Newer`].
//! - What a version could not even read, it must not meet: the table says which shape a version
//!   must know to use it ([`Table::minimum_reader`]), and those that do not refuse to start.
//!
//! A new shape is a line above, a [`Migration`], and golden items of it (`schema/golden`).

mod deleted_orders;
mod log_names;
pub mod migrating;
mod save_tokens;
mod unknown_fields;

pub use oms_runtime::config::SCHEMA;
pub(crate) use save_tokens::{SAVES, SaveTokens};
pub use unknown_fields::UnknownFields;

use crate::{Item, Table, TableError, keys, number, text};
use aws_sdk_dynamodb::types::AttributeValue;

/// Where an item says which shape it has.
pub const SCHEMA_ATTRIBUTE: &str = "schema";
/// Where it says which shape a version must know to write it, if not its own.
pub const WRITER: &str = "writer";
const MINIMUM_READER: &str = "minimum_reader";

/// What shapes are told apart of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An order.
    Order,
    /// The older half of an order's log.
    OlderLog,
    /// All else.
    Other,
}

/// A change of the shape of items. Both ways work on items as they are stored, so that nothing is
/// lost that this code does not know.
struct Migration {
    /// The shape that it makes.
    to: u32,
    /// What it changes.
    kinds: &'static [Kind],
    /// Whether versions that do not know it would do harm by writing: it did more than add.
    reshapes: bool,
    /// The oldest shape that a version may know and still read it rightly.
    readable_since: u32,
    /// Of an item of the shape before, makes one of it.
    up: fn(&mut Item),
    /// Of an item of it, makes one of the shape before; what it has added stays.
    down: fn(&mut Item),
}

/// All of them, in their order.
const MIGRATIONS: [Migration; 2] = [
    Migration {
        to: 2,
        kinds: &[Kind::Order, Kind::OlderLog],
        reshapes: false,
        readable_since: 1,
        up: |item| {
            log_names::shorten(item);
            deleted_orders::list(item);
        },
        down: |_| {},
    },
    Migration {
        to: 3,
        kinds: &[Kind::Order],
        reshapes: true,
        readable_since: 1,
        up: save_tokens::out_of_the_log,
        down: save_tokens::into_the_log,
    },
];

/// The oldest shape that a version may know and still read everything in this one rightly.
#[must_use]
pub fn readable_since(schema: u32) -> u32 {
    let made = MIGRATIONS.iter().filter(|migration| migration.to <= schema);
    made.map(|migration| migration.readable_since).max().unwrap_or(1)
}

/// What [`migrating::Shapes`] counts, and the least that each has where all has been migrated to a
/// shape.
#[must_use]
pub fn written(wanted: u32) -> [(&'static str, u32); 2] {
    [Kind::Order, Kind::OlderLog].map(|kind| (kind.what(), kind.written(wanted).schema))
}

/// What an item says of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Which it has.
    pub schema: u32,
    /// Which a version must know to write it.
    pub writer: u32,
}

impl Shape {
    /// The shape of an item; what says nothing has the first.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        let told = |name| number(item, name).and_then(|number| u32::try_from(number).ok());
        let schema = told(SCHEMA_ATTRIBUTE).unwrap_or(1);
        Self { schema, writer: told(WRITER).unwrap_or(schema) }
    }

    /// Says so in an item.
    fn stamp(self, item: &mut Item) {
        item.insert(SCHEMA_ATTRIBUTE.to_owned(), AttributeValue::N(self.schema.to_string()));
        if self.writer == self.schema {
            item.remove(WRITER);
        } else {
            item.insert(WRITER.to_owned(), AttributeValue::N(self.writer.to_string()));
        }
    }
}

impl Kind {
    /// What an item is, by its keys.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        match text(item, keys::SK) {
            keys::ORDER => Self::Order,
            sk if sk.starts_with(keys::LOG_PREFIX) => Self::OlderLog,
            _ => Self::Other,
        }
    }

    /// What it is, for people, many of them.
    const fn what(self) -> &'static str {
        match self {
            Self::Order => "orders",
            Self::OlderLog => "older halves of logs",
            Self::Other => "others",
        }
    }

    fn migrations(self) -> impl DoubleEndedIterator<Item = &'static Migration> {
        MIGRATIONS.iter().filter(move |migration| migration.kinds.contains(&self))
    }

    /// The shape of what is written where one is wanted: additions come without asking, and what
    /// has never changed keeps its first.
    #[must_use]
    pub fn written(self, wanted: u32) -> Shape {
        let mut shape = Shape { schema: 1, writer: 1 };
        for migration in self.migrations().take_while(|one| one.to <= wanted || !one.reshapes) {
            shape.schema = migration.to;
            if migration.reshapes {
                shape.writer = migration.to;
            }
        }
        shape
    }

    /// Brings an item up to the newest shape that this code knows; one that is newer stays.
    pub fn upgrade(self, item: &mut Item) {
        let is = Shape::of(item).schema;
        self.migrations().filter(|migration| migration.to > is).for_each(|migration| (migration.up)(item));
    }

    /// Makes an item of the newest shape one of the shape that is wanted, and says so in it.
    pub fn write_as(self, item: &mut Item, wanted: u32) {
        let later = self.migrations().rev().filter(|one| one.reshapes && one.to > wanted);
        later.for_each(|migration| (migration.down)(item));
        self.written(wanted).stamp(item);
    }

    /// Makes an item of any shape one of the shape that is wanted; whether it was another. It says
    /// nothing of versions, and may be done while the item is being changed.
    ///
    /// # Errors
    /// [`TableError::Newer`] where a newer version wrote it, which alone can.
    pub fn migrate(self, item: &mut Item, wanted: u32) -> Result<bool, TableError> {
        let is = Shape::of(item);
        if is.schema > SCHEMA {
            return Err(TableError::Newer { schema: is.schema });
        }
        if is == self.written(wanted) {
            return Ok(false);
        }
        self.upgrade(item);
        self.write_as(item, wanted);
        Ok(true)
    }
}

impl Table {
    /// The oldest shape that a version must know to use this table at all: 1 unless an operator
    /// has said more. Read while a function starts, which opens its connection, too.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn minimum_reader(&self) -> Result<u32, TableError> {
        let item = self.about_table().await?;
        let minimum = item.and_then(|item| number(&item, MINIMUM_READER));
        Ok(minimum.and_then(|minimum| u32::try_from(minimum).ok()).unwrap_or(1))
    }

    /// Says which shape a version must know to use this table.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn set_minimum_reader(&self, minimum: u32) -> Result<(), TableError> {
        self.note_about_table(MINIMUM_READER, minimum.into()).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
