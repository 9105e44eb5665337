//! From keys back to paths of the API.

use super::{ADDRESS_PREFIX, NOTIFICATION_PREFIX, SUBSCRIPTION_PREFIX};

/// Where the API shows an item that is a resource of its own.
pub fn path_of(pk: &str, sk: &str) -> Option<String> {
    let child = |prefix: &str| sk.strip_prefix(prefix).map(str::to_owned);
    let (group, id) = match pk.split_once('#')? {
        ("STORE", id) => ("stores", id.to_owned()),
        ("PRODUCT", id) => ("products", id.to_owned()),
        ("TOPIC", _) => ("notifications/subscriptions", child(SUBSCRIPTION_PREFIX)?),
        ("USER", _) => match child(ADDRESS_PREFIX) {
            Some(id) => ("addresses", id),
            None => ("notifications", child(NOTIFICATION_PREFIX)?),
        },
        _ => return None,
    };
    Some(format!("/api/{group}/{id}/"))
}
