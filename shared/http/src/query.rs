//! The part of a URL after `?`, with repeated parameters kept.

use super::validation::{NO_CARD_NUMBERS, NO_UUID};
use super::{ApiError, search};
use axum::extract::FromRequestParts;
use http::request::Parts;
use oms_domain::{Error, Outcome, UserId, card};
use std::str::FromStr;

pub use oms_domain::ids::MAX_USER_CHARS;

/// The query parameters in the order in which they came, decoded. What is no valid UTF-8 is
/// replaced, never refused, as Django does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the part of a URL after `?`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// A parameter's value. Where it is repeated, the last one counts, as in Django.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter's value, where it is neither missing nor empty: an empty filter filters nothing.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// A parameter that is `true` or `false`; what is neither says nothing, as django-filter has
    /// it.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.filled(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// The user whom a filter names; nothing where it is missing or empty.
    ///
    /// # Errors
    /// 400 for what is longer than the id of any user.
    pub fn user(&self, name: &str) -> Outcome<Option<UserId>> {
        match self.filled(name) {
            Some(id) if id.chars().count() > MAX_USER_CHARS => {
                let most = format!("Ensure this value has at most {MAX_USER_CHARS} characters.");
                Err(Error::field(name, most))
            }
            id => Ok(id.map(|id| UserId(id.to_owned()))),
        }
    }

    /// All values of a repeated parameter, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may be repeated, be a comma-separated list, or both.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty())
    }

    /// Refuses what no list takes: card numbers, and a search for more words than people look for.
    fn check(&self) -> Outcome<()> {
        if let Some((name, _)) = self.iter().find(|(_, value)| card::is_in_text(value)) {
            return Err(Error::field(name, NO_CARD_NUMBERS));
        }
        if self.search_terms().len() > search::MAX_TERMS {
            let words = format!("Ensure this search has no more than {} words.", search::MAX_TERMS);
            return Err(Error::field("search", words));
        }
        Ok(())
    }

    /// The terms of `search` as Django REST Framework splits them, [`search::folded`].
    #[must_use]
    pub fn search_terms(&self) -> Vec<String> {
        search::terms(self.get("search").unwrap_or_default())
    }

    /// What `ordering` asks to sort by, most important first, each with whether it descends. Names
    /// that `known` does not know are dropped.
    pub fn sort_keys<K>(&self, known: impl Fn(&str) -> Option<K>) -> Vec<(K, bool)> {
        let keys = self.list("ordering").filter_map(|name| {
            let (name, descends) = name.strip_prefix('-').map_or((name, false), |name| (name, true));
            Some((known(name)?, descends))
        });
        keys.collect()
    }

    /// The value of a filter whose values are a closed set; nothing where it is missing or empty.
    ///
    /// # Errors
    /// 400 as django-filter words it, where the value is no choice.
    pub fn choice<T>(&self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Outcome<Option<T>> {
        let Some(value) = self.filled(name) else {
            return Ok(None);
        };
        let Some(choice) = parse(value) else {
            return Err(not_a_choice(name, value));
        };
        Ok(Some(choice))
    }

    /// The id that a filter names; nothing where it is missing or empty.
    ///
    /// # Errors
    /// 400 where the value is no id at all.
    pub fn id<T: FromStr>(&self, name: &str) -> Outcome<Option<T>> {
        let id = self.filled(name).map(|text| text.parse().map_err(|_| Error::field(name, NO_UUID)));
        id.transpose()
    }

    /// The values of a filter that takes a list of choices.
    ///
    /// # Errors
    /// 400 as django-filter words it, where a value is no choice.
    pub fn choices<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Outcome<Vec<T>> {
        self.list(name).map(|value| parse(value).ok_or_else(|| not_a_choice(name, value))).collect()
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn not_a_choice(name: &str, value: &str) -> Error {
    Error::field(name, format!("Select a valid choice. {value} is not one of the available choices."))
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = Self::parse(parts.uri.query().unwrap_or_default());
        query.check()?;
        Ok(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_commas_are_both_lists() {
        let query = Query::parse("ordering=-created_at&ordering=total_amount,,status&page=2&page=3&q=%20");
        assert_eq!(query.list("ordering").collect::<Vec<_>>(), ["-created_at", "total_amount", "status"]);
        assert_eq!(query.get("page"), Some("3"));
        assert_eq!((query.get("q"), query.filled("q"), query.get("none")), (Some(" "), None, None));
    }

    #[test]
    fn card_numbers_and_endless_searches_are_refused() {
        let refused = |query: &str| match Query::parse(query).check() {
            Err(Error::Invalid(details)) => details,
            other => panic!("{other:?}"),
        };
        let words = ["Card numbers are not accepted: send the gateway's token instead."];
        for query in [
            "search=4242424242424242",
            "search=4242+4242+4242+4242+123",
            "page=2&search=%20x.4242-4242-4242-4242",
        ] {
            assert_eq!(refused(query), serde_json::json!({"search": words}), "{query}");
        }
        assert_eq!(refused("user=4242424242424242&search=a"), serde_json::json!({"user": words}));
        let terms = |count: usize| format!("search={}", vec!["a"; count].join("+"));
        assert!(Query::parse(&terms(20)).check().is_ok());
        let words = ["Ensure this search has no more than 20 words."];
        assert_eq!(refused(&terms(21)), serde_json::json!({"search": words}));
    }

    #[test]
    fn broken_escapes_are_read_as_they_stand() {
        let query = Query::parse("a=%zz&b=%ff&c");
        assert_eq!(
            (query.get("a"), query.get("b"), query.get("c")),
            (Some("%zz"), Some("\u{fffd}"), Some(""))
        );
    }

    #[test]
    fn what_is_no_id_is_refused_and_what_is_empty_is_none() {
        let id = |query: &str| Query::parse(query).id::<uuid::Uuid>("store");
        let nil = uuid::Uuid::nil();
        assert_eq!(id(&format!("store={nil}")).unwrap(), Some(nil));
        assert_eq!((id("store=").unwrap(), id("order=1").unwrap()), (None, None));
        let Err(Error::Invalid(details)) = id("store=nope") else { panic!("it is no id") };
        assert_eq!(details, serde_json::json!({"store": ["Must be a valid UUID."]}));
    }

    #[test]
    fn a_value_that_is_no_choice_is_refused_in_django_filters_words() {
        let error = Query::parse("status=nope").choice("status", |_| None::<()>).unwrap_err();
        let Error::Invalid(details) = error else { panic!("{error}") };
        let words = "Select a valid choice. nope is not one of the available choices.";
        assert_eq!(details, serde_json::json!({"status": [words]}));
    }
}
