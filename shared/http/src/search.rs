//! `search` as Django REST Framework has it: every term must be contained in one of the fields,
//! whatever its case.

use oms_domain::text::folded;

/// How many terms a search may have: beyond, it is none that a person makes.
pub(crate) const MAX_TERMS: usize = 20;

/// The terms of a search, [`folded`]. White space and commas part them, except within quotes: a
/// term that begins and ends with the same quote stands for what is between, where `\` takes the
/// next character as it is. A quote without its pair is a character like any other.
#[must_use]
pub fn terms(search: &str) -> Vec<String> {
    let chars: Vec<char> = search.chars().filter(|c| *c != '\0').collect();
    let mut terms = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let end = end_of_word(&chars, at);
        let word: String = chars[at..end].iter().collect();
        terms.extend(terms_of_word(word.trim_matches(',')));
        at = end;
    }
    terms
}

/// Where the word that begins at `start` ends: at white space outside of quotes that have a pair.
fn end_of_word(chars: &[char], start: usize) -> usize {
    let until = |from: usize, ends: &dyn Fn(char) -> bool| {
        chars[from..].iter().position(|c| ends(*c)).map_or(chars.len(), |length| from + length)
    };
    let plain = |from| until(from, &|c| c.is_whitespace() || is_quote(c));
    let mut end = None;
    let mut at = plain(start);
    while let Some(closed) = chars.get(at).filter(|c| is_quote(**c)).and_then(|c| end_of_quote(chars, at, *c))
    {
        at = plain(closed);
        end = Some(at);
    }
    end.unwrap_or_else(|| until(start, &char::is_whitespace))
}

/// Where a quotation that begins at `open` is over; nothing where it never is.
fn end_of_quote(chars: &[char], open: usize, quote: char) -> Option<usize> {
    let mut at = open + 1;
    while let Some(c) = chars.get(at) {
        match c {
            '\\' => at += 2,
            c if *c == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

fn terms_of_word(word: &str) -> Vec<String> {
    let quoted = word.chars().next().filter(|c| is_quote(*c) && word.len() > 1 && word.ends_with(*c));
    let Some(quote) = quoted else {
        let parts = word.split(',').map(str::trim).filter(|part| !part.is_empty());
        return parts.map(folded).collect();
    };
    let within = &word[1..word.len() - 1];
    let term = within.replace(&format!("\\{quote}"), &quote.to_string()).replace(r"\\", r"\");
    if term.is_empty() { Vec::new() } else { vec![folded(&term)] }
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

/// Whether each of the terms is contained in one of the fields.
pub fn contains_all<'a>(fields: impl IntoIterator<Item = &'a str>, terms: &[String]) -> bool {
    if terms.is_empty() {
        return true;
    }
    let fields: Vec<String> = fields.into_iter().map(folded).collect();
    terms.iter().all(|term| fields.iter().any(|field| field.contains(term)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_split_as_django_rest_framework_does() {
        let none: [&str; 0] = [];
        assert_eq!(terms(" \0 , "), none);
        assert_eq!(terms("ORD-2026 1z"), ["ord-2026", "1z"]);
        assert_eq!(terms("a,b ,c,, d"), ["a", "b", "c", "d"]);
        assert_eq!(terms(r#""tree fig" 'g t'"#), ["tree fig", "g t"]);
        assert_eq!(terms(r#""a, b""#), ["a, b"]);
        assert_eq!(terms(r#""say \"hi\"""#), ["say \"hi\""]);
        assert_eq!(terms(r#"ab"c d"e"#), [r#"ab"c d"e"#]);
        assert_eq!(terms("O'Brien \"open"), ["o'brien", "\"open"]);
        assert_eq!(terms("\"\" '' \\"), ["\\"]);
        assert_eq!(terms(&"x ".repeat(50)).len(), 50);
    }

    #[test]
    fn every_term_must_be_contained_somewhere() {
        let fields = ["ORD-1", "Ref é"];
        assert!(contains_all(fields, &terms("É ord")));
        assert!(!contains_all(fields, &terms("ord 2")));
        assert!(contains_all([], &terms("")));
        for (text, search) in [
            ("ΣΥΜΒΑΣ", "συμβας"),
            ("συμβας", "ΣΥΜΒΑΣ"),
            ("Straße", "STRASSE"),
            ("STRASSE", "straße"),
            ("ﬁne", "FINE"),
        ] {
            assert!(contains_all([text], &terms(search)), "{text} {search}");
        }
    }
}
