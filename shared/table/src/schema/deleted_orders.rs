//! Shape 2: a deleted order stands in a list of its user's, where it is found when they are erased.

use crate::keys::{self, Index};
use crate::orders::item::{DELETED_AT, owners_ever_of};
use crate::orders::summary;
use crate::{Item, text};
use aws_sdk_dynamodb::types::AttributeValue;

/// Puts an order that has been deleted into that list.
pub(super) fn list(item: &mut Item) {
    let list = Index::User.hash_key();
    if !item.contains_key(DELETED_AT) || item.contains_key(list) {
        return;
    }
    let fields = item.get(keys::SUMMARY).and_then(|summary| summary.as_m().ok()).cloned();
    let fields = fields.map(summary::fields_of).unwrap_or_default();
    let made = text(&fields, "created_at").parse().ok();
    if let (Some(owners), Some(made)) = (owners_ever_of(item), made) {
        item.insert(list.to_owned(), AttributeValue::S(keys::list_of_deleted(&owners.user)));
        item.insert(keys::LIST_AT.to_owned(), AttributeValue::S(keys::list_at(made, owners.id)));
    }
}
