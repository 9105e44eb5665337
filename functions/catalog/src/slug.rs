//! Names in links.

use icu_normalizer::DecomposingNormalizer;
use oms_http::validation::{FieldValue, Problem, Text};
use serde_json::Value;

/// The longest slug, in characters.
pub(crate) const MAX_SLUG_CHARS: usize = 255;

/// A slug that a client wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slug(pub(crate) String);

impl FieldValue for Slug {
    fn read(value: &Value) -> Result<Self, Problem> {
        let Text(text) = Text::<MAX_SLUG_CHARS>::read(value)?;
        if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            Ok(Self(text))
        } else {
            Err(Problem::message(
                "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.",
            ))
        }
    }
}

/// The slug of a name, as Django's `slugify` makes it: accents off, lower case, hyphens for white
/// space, everything else out. A name that has no letter of that alphabet has the slug `fallback`.
pub(crate) fn of_name(name: &str, fallback: impl std::fmt::Display) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in DecomposingNormalizer::new_nfkd().normalize_iter(name.chars()) {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c.to_ascii_lowercase());
        } else if (c == '-' || c.is_whitespace()) && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '_']);
    if slug.is_empty() {
        return fallback.to_string();
    }
    slug.chars().take(MAX_SLUG_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_become_slugs_as_djangos_do() {
        for (name, slug) in [
            ("Mugs & More", "mugs-more"),
            ("  Café -- Crème_1 ", "cafe-creme_1"),
            ("ﬁne ½", "fine-12"),
            ("_-Hello-_", "hello"),
            ("Straße", "strae"),
            ("茶碗", "7"),
            ("!?", "7"),
        ] {
            assert_eq!(of_name(name, 7), slug, "{name}");
        }
    }

    #[test]
    fn a_slug_is_letters_numbers_underscores_and_hyphens() {
        assert_eq!(Slug::read(&json!(" A-1_b ")), Ok(Slug("A-1_b".into())));
        let words = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
        for bad in ["a b", "é", "a/b", "a."] {
            assert_eq!(Slug::read(&json!(bad)), Err(Problem::message(words)), "{bad}");
        }
        assert_eq!(Slug::read(&json!("")), Err(Problem::message("This field may not be blank.")));
    }
}
