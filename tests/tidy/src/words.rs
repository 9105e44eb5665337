//! What is finished, and called by its name.

use crate::repository::{Fault, Source, none, repository};

/// What promises something for later, and what nobody can look up. Broken up, so that this file has
/// none of them.
const WORDS: [(&str, &str); 6] = [
    (concat!("TO", "DO"), "do it, or write down in a sentence what is not there"),
    (concat!("FIX", "ME"), "mend it"),
    (concat!("X", "XX"), "say what it is"),
    (concat!("unimple", "mented!"), "write it, or leave it out"),
    (concat!("to", "do!"), "write it, or leave it out"),
    (concat!("API ", "contract"), "name the document: docs/api.md or functions/docs/openapi.json"),
];

/// The one module that must be called `mod.rs`: cargo takes each file beside it for a test.
const SHARED_BY_TESTS: [&str; 1] = ["shared/domain/tests/fixtures/mod.rs"];

/// A word of letters, by itself: not as a part of another.
fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        !is_letter(line[..at].chars().next_back()) && !is_letter(line[at + word.len()..].chars().next())
    })
}

fn unfinished(source: &Source) -> Vec<Fault> {
    let found = source.lines().flat_map(|(number, line)| {
        let words = WORDS.into_iter().filter(move |(word, _)| has_word(line, word));
        words.map(move |(word, advice)| source.fault(number, format_args!("{word}: {advice}")))
    });
    found.collect()
}

#[test]
fn nothing_is_left_for_later_and_no_document_is_named_that_nobody_has() {
    none(repository().sources.iter().filter(|source| !source.is("json")).flat_map(unfinished));
}

#[test]
fn no_module_is_called_mod() {
    let modules: Vec<&str> = repository()
        .all("rs")
        .map(|source| source.path.as_str())
        .filter(|path| path.ends_with("/mod.rs"))
        .collect();
    for path in &modules {
        assert!(
            SHARED_BY_TESTS.contains(path),
            "{path}: call the file by its module's name, beside the folder"
        );
    }
    for path in SHARED_BY_TESTS {
        assert!(
            modules.contains(&path),
            "{path} is gone: strike it from SHARED_BY_TESTS in tests/tidy/src/words.rs"
        );
    }
}

#[test]
fn a_word_is_found_by_itself_only() {
    let (word, _) = WORDS[0];
    assert_eq!(unfinished(&Source::new("a.rs", &format!("// {word}: this\n// {word}S\n"))).len(), 1);
    let (words, _) = WORDS[5];
    assert_eq!(unfinished(&Source::new("a.md", &format!("See the {words}, 4.2.\n"))).len(), 1);
}
