//! Shape 3: what tells a save whose answer got lost that it was done stands in `saves`, by the
//! version that it made, instead of as `k` in the entries of the log, which so stay as they were
//! written.

use crate::{Item, number};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;

/// The attribute that they stand in.
pub(crate) const SAVES: &str = "saves";
const LOG: &str = "log";
const TOKEN: &str = "k";
const VERSION: &str = "v";
/// Of how many saves an order keeps the tokens: more than others can make between two tries of one.
const TOKENS: usize = 8;

/// The tokens of an order's last saves, by the version that each made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SaveTokens(BTreeMap<u64, u32>);

impl FromIterator<(u64, u32)> for SaveTokens {
    fn from_iter<T: IntoIterator<Item = (u64, u32)>>(tokens: T) -> Self {
        Self(tokens.into_iter().collect())
    }
}

impl SaveTokens {
    /// Those of an item.
    pub(crate) fn of(item: &Item) -> Self {
        let Some(AttributeValue::M(saves)) = item.get(SAVES) else { return Self::default() };
        let token = |(version, token): (&String, &AttributeValue)| {
            Some((version.parse().ok()?, token.as_n().ok()?.parse().ok()?))
        };
        Self(saves.iter().filter_map(token).collect())
    }

    /// With one more. The earlier ones go once so many others came after them that nobody waits
    /// for their answer any more: each weighs on every write.
    pub(crate) fn with(&self, version: u64, token: u32) -> Self {
        let earlier = self.0.range(version.saturating_sub(TOKENS as u64 - 1)..version);
        Self(earlier.map(|(version, token)| (*version, *token)).chain([(version, token)]).collect())
    }

    /// Whether a save with this token made this version.
    pub(crate) fn has(&self, version: u64, token: u32) -> bool {
        self.0.get(&version) == Some(&token)
    }

    /// Puts them into an item, where there are any.
    pub(crate) fn put_into(&self, item: &mut Item) {
        let saves = self.0.iter();
        let saves = saves.map(|(version, token)| (version.to_string(), AttributeValue::N(token.to_string())));
        let saves: Item = saves.collect();
        if !saves.is_empty() {
            item.insert(SAVES.to_owned(), AttributeValue::M(saves));
        }
    }
}

pub(super) fn out_of_the_log(item: &mut Item) {
    let Some(AttributeValue::L(log)) = item.get_mut(LOG) else { return };
    let taken = log.iter_mut().filter_map(|change| {
        let AttributeValue::M(change) = change else { return None };
        let token = change.remove(TOKEN)?;
        Some((number(change, VERSION)?, token.as_n().ok()?.parse().ok()?))
    });
    let tokens = SaveTokens(taken.collect());
    tokens.put_into(item);
}

pub(super) fn into_the_log(item: &mut Item) {
    let SaveTokens(tokens) = SaveTokens::of(item);
    item.remove(SAVES);
    let Some(AttributeValue::L(log)) = item.get_mut(LOG) else { return };
    for change in log {
        let AttributeValue::M(change) = change else { continue };
        if let Some(token) = number(change, VERSION).and_then(|version| tokens.get(&version)) {
            change.insert(TOKEN.to_owned(), AttributeValue::N(token.to_string()));
        }
    }
}
