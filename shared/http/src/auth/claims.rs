//! What a token says about its bearer.

use oms_domain::{Caller, Role, User, UserId};
use serde::Deserialize;

/// The longest subject that is taken, in bytes: it becomes part of a table key.
const MAX_SUBJECT_BYTES: usize = 255;

/// The claims that are used. Issuer, `exp` and `nbf` are checked before.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    sub: String,
    /// Seconds since 1970.
    pub(super) exp: u64,
    /// Seconds since 1970.
    pub(super) iat: Option<u64>,
    aud: Option<Audience>,
    /// What Cognito made the token for: `id` or `access`.
    token_use: Option<String>,
    /// The application that Cognito gave an access token to; such a token's `aud` is no
    /// application.
    client_id: Option<String>,
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

/// Whom a token is for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
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
    /// Whether the token is for one of `audiences`: an access token of Cognito by its `client_id`,
    /// any other by its `aud`.
    ///
    /// # Errors
    /// Why it is not, in words for the log.
    pub(super) fn check_audience(&self, audiences: &[String]) -> Result<(), &'static str> {
        let named = match self.token_use.as_deref() {
            None | Some("id") => self.aud.as_ref().map(Audience::names),
            Some("access") => self.client_id.as_ref().map(std::slice::from_ref),
            Some(_) => return Err("made for another use"),
        };
        let named = named.ok_or("malformed or incomplete")?;
        let is_ours = |name| audiences.contains(name);
        if named.iter().any(is_ours) { Ok(()) } else { Err("wrong audience") }
    }

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
