//! Holds a list to what a model of it says: any page, the one after it, and back again.

use oms_domain::text::folded;
use oms_domain::{StoreId, UserId};
use oms_harness::SeededRng;
use oms_harness::{Answer, Harness};
use oms_workspace::tokens::User;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt::Display;

/// Somebody who lists, and whose they may see.
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) id: UserId,
    pub(crate) is_staff: bool,
    pub(crate) owned: Vec<StoreId>,
}

impl Person {
    pub(crate) fn new(harness: &Harness, name: &str, group: Option<&str>, owned: &[StoreId]) -> Self {
        let user = User::new(name, group);
        Self {
            token: harness.token(&user).unwrap(),
            id: UserId(user.id().to_string()),
            is_staff: group == Some("staff"),
            owned: owned.to_vec(),
        }
    }
}

/// A list that a request asks for, and the ids of all that it should show, in their order.
pub(crate) struct Case {
    pub(crate) path: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) expected: Vec<String>,
}

impl Case {
    /// Asks for a page of it, follows the links of that, and asks for one that there is not.
    pub(crate) async fn hold(&self, harness: &Harness, token: &str, rng: &mut SeededRng, name: impl Display) {
        let expected = &self.expected;
        let size = 1 + rng.below(30) as usize;
        let pages = expected.len().div_ceil(size).max(1);
        let page = 1 + rng.below(pages as u64) as usize;
        let named = if page == pages && rng.below(2) == 0 { "last".to_owned() } else { page.to_string() };
        let at = self.url(size, &named);
        let answer = harness.get(token, &at).await.unwrap();
        assert_eq!(answer.status, 200, "{name}: {at}: {}", answer.body);
        let here = expected.chunks(size).nth(page - 1).unwrap_or_default();
        assert_eq!(answer.body["count"], expected.len(), "{name}: {at}");
        assert_eq!(ids(&answer), here, "{name}: {at}");

        let next = path_of(&answer.body["next"]);
        assert_eq!(next.is_some(), page < pages, "{name}: {at}");
        if let Some(next) = next {
            assert!(next.contains("cursor="), "{name}: {at} → {next}");
            let answer = harness.get(token, &next).await.unwrap();
            assert_eq!(ids(&answer), expected.chunks(size).nth(page).unwrap(), "{name}: {at} → {next}");
            assert_eq!(answer.body["count"], expected.len(), "{name}: {at} → {next}");
            let back = path_of(&answer.body["previous"]).unwrap();
            assert!(page == 1 || back.contains("cursor="), "{name}: {at} → {next} → {back}");
            let answer = harness.get(token, &back).await.unwrap();
            assert_eq!(ids(&answer), here, "{name}: {at} → {next} → {back}");
        }
        let beyond = harness.get(token, &self.url(size, &(pages + 1).to_string())).await.unwrap();
        assert_eq!((beyond.status, &beyond.body["error"]), (404, &Value::from("Invalid page.")), "{name}");
    }

    fn url(&self, size: usize, page: &str) -> String {
        let query = self.parameters.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let query = query.chain([format!("page_size={size}"), format!("page={page}")]);
        format!("{}?{}", self.path, query.collect::<Vec<_>>().join("&"))
    }
}

/// Terms of parts of some texts, as `search` takes them; and each of them in lower case.
pub(crate) fn terms(rng: &mut SeededRng, texts: &[&str]) -> (String, Vec<String>) {
    let mut terms = Vec::new();
    for _ in 0..=rng.below(2) {
        let text: Vec<char> = rng.of(texts).unwrap().chars().collect();
        let from = rng.below(text.len() as u64) as usize;
        let longest = if rng.below(2) == 0 { 4 } else { 18 };
        let length = 1 + rng.below(longest) as usize;
        let term: String = text.iter().skip(from).take(length).collect();
        let term = term.replace(['"', ','], "").trim().to_owned();
        if !term.is_empty() {
            terms.push(term);
        }
    }
    let shown = terms.iter().map(|term| {
        let term = if rng.below(2) == 0 { term.to_uppercase() } else { term.clone() };
        if term.contains(char::is_whitespace) { format!("\"{term}\"") } else { term }
    });
    let shown = shown.collect::<Vec<_>>().join(" ");
    (shown, terms.into_iter().map(|term| folded(&term)).collect())
}

/// Keys to sort by, as parameters; and those that mean something, each with whether it descends.
pub(crate) fn keys<'a>(
    rng: &mut SeededRng,
    names: &[&'a str],
    parameters: &mut Vec<(String, String)>,
) -> Vec<(&'a str, bool)> {
    let mut asked = Vec::new();
    let mut keys = Vec::new();
    for _ in 0..rng.below(4) {
        let (name, descends) = (*rng.of(names).unwrap(), rng.below(2) == 0);
        asked.push(format!("{}{name}", if descends { "-" } else { "" }));
        if name != "nonsense" {
            keys.push((name, descends));
        }
    }
    if rng.below(2) == 0 && !asked.is_empty() {
        parameters.push(("ordering".to_owned(), asked.join(",")));
    } else {
        parameters.extend(asked.into_iter().map(|name| ("ordering".to_owned(), name)));
    }
    keys
}

/// How two entries stand to each other by some keys, and by what decides ties: the time of making,
/// then the id, in the direction of the first key.
pub(crate) fn compared<I: Ord>(
    keys: &[(&str, bool)],
    by: impl Fn(&str) -> Ordering,
    (a, b): (&I, &I),
) -> Ordering {
    let descends = keys.first().is_none_or(|(_, descends)| *descends);
    let directed = |compared: Ordering, descends| if descends { compared.reverse() } else { compared };
    let by_keys = keys.iter().map(|(name, descends)| directed(by(name), *descends));
    by_keys
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| directed(by("created_at"), descends))
        .then_with(|| directed(a.cmp(b), descends))
}

fn ids(answer: &Answer) -> Vec<String> {
    let results = answer.body["results"].as_array().into_iter().flatten();
    results.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn path_of(link: &Value) -> Option<String> {
    let link = link.as_str()?;
    Some(link[link.find("/api/")?..].to_owned())
}

fn escaped(value: &str) -> String {
    let shown = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    value.bytes().map(shown).collect()
}
