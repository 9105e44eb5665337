//! What a token says about its bearer.

use super::{Caller, Role};
use oms_domain::{User, UserId};
use serde::Deserialize;

/// The longest subject that is taken, in bytes: it becomes part of a table key.
const MAX_SUBJECT_BYTES: usize = 255;

/// The claims that are used. Issuer, audience, `exp` and `nbf` are checked before.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: String,
    /// Seconds since 1970.
    pub(super) exp: u64,
    /// Seconds since 1970.
    pub(super) iat: Option<u64>,
    #[serde(rename = "cognito:username")]
    cognito_username: Option<String>,
    preferred_username: Option<String>,
    email: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    #[serde(rename = "cognito:groups")]
    cognito_groups: Option<Groups>,
    groups: Option<Groups>,
}

/// Issuers write groups as a list, and API gateways flatten it into a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Groups {
    List(Vec<String>),
    Text(String),
}

impl Groups {
    fn contains(&self, group: &str) -> bool {
        match self {
            Self::List(names) => names.iter().any(|name| name == group),
            Self::Text(names) => names
                .trim_matches(['[', ']'])
                .split(|separator: char| separator == ',' || separator.is_whitespace())
                .any(|name| name == group),
        }
    }
}

impl Claims {
    /// The caller; none where the subject cannot be a user's id.
    pub(super) fn into_caller(self) -> Option<Caller> {
        if self.sub.is_empty() || self.sub.len() > MAX_SUBJECT_BYTES {
            return None;
        }
        let role = self.role();
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let username = filled(self.cognito_username).or_else(|| filled(self.preferred_username));
        let user = User {
            username: username.unwrap_or_else(|| self.sub.clone()),
            id: UserId(self.sub),
            email: self.email.unwrap_or_default(),
            first_name: self.given_name.unwrap_or_default(),
            last_name: self.family_name.unwrap_or_default(),
        };
        Some(Caller { user, role })
    }

    fn role(&self) -> Role {
        let is_in = |group| {
            [&self.cognito_groups, &self.groups].into_iter().flatten().any(|groups| groups.contains(group))
        };
        if is_in("admin") {
            Role::Admin
        } else if is_in("staff") {
            Role::Staff
        } else if is_in("vendor") {
            Role::Vendor
        } else {
            Role::Customer
        }
    }
}
