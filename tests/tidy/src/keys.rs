//! The keys of the table: written in one file, whose head tells of all of them.

use crate::prose;
use crate::repository::{Fault, Source, none, repository};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Where keys are written.
const KEYS: &str = "shared/table/src/keys.rs";

/// A prefix of a key: capitals and `#`.
fn prefix() -> Regex {
    Regex::new(r"[A-Z][A-Z_]+#").expect("a pattern")
}

/// The lines of a file that functions run: no comment, and nothing that is only there for a test.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.lines().take_while(|(_, line)| line.trim() != "#[cfg(test)]");
    lines.filter(|(_, line)| prose::comment(line).is_none())
}

/// The texts between quotes of a line.
fn texts(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// Whether a file is there for tests.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn scattered(source: &Source, prefix: &Regex) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in code(source) {
        for found in texts(line).flat_map(|text| prefix.find_iter(text)) {
            let what = format!("the key prefix {} stands outside {KEYS}: name it there", found.as_str());
            faults.push(source.fault(number, what));
        }
    }
    faults
}

/// The prefixes of keys that the code uses, and its head does not name.
fn untold(source: &Source, prefix: &Regex) -> Vec<Fault> {
    let head: String = source.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let told: BTreeSet<&str> = prefix.find_iter(&head).map(|found| found.as_str()).collect();
    let mut faults = Vec::new();
    for (number, line) in code(source) {
        let used = texts(line).flat_map(|text| prefix.find_iter(text));
        for prefix in used.map(|found| found.as_str()).filter(|prefix| !told.contains(prefix)) {
            faults.push(
                source.fault(number, format_args!("the tables at the head lack {prefix}: add its row")),
            );
        }
    }
    faults
}

/// Each index with the attributes of its hash key and its range key.
type Indexes = BTreeMap<String, (String, String)>;

/// The indexes of the head: rows of a table that begins `| index | hash key | range key |`.
fn told_indexes(source: &Source) -> Indexes {
    let rows =
        source.text.lines().skip_while(|line| !line.starts_with("//! | index | hash key | range key |"));
    let rows = rows.skip(2).map_while(|line| line.strip_prefix("//! |"));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()));
    cells.filter_map(|mut cells| Some((cells.next()?, (cells.next()?, cells.next()?)))).collect()
}

/// The indexes of the template.
fn deployed_indexes(template: &Source) -> Indexes {
    let index = Regex::new(concat!(
        r"- IndexName: (\S+)\s+KeySchema:\s+",
        r"- \{AttributeName: (\w+), KeyType: HASH\}\s+- \{AttributeName: (\w+), KeyType: RANGE\}"
    ))
    .expect("a pattern");
    let found = index.captures_iter(&template.text);
    found.map(|found| (found[1].to_owned(), (found[2].to_owned(), found[3].to_owned()))).collect()
}

#[test]
fn key_prefixes_stand_in_one_file() {
    let prefix = prefix();
    let shared = repository().all("rs").filter(|source| !is_test(&source.path) && source.path != KEYS);
    none(shared.flat_map(|source| scattered(source, &prefix)));
}

#[test]
fn the_head_of_the_keys_names_every_prefix() {
    none(untold(repository().file(KEYS), &prefix()));
}

#[test]
fn the_head_of_the_keys_has_the_indexes_of_the_template() {
    let deployed = deployed_indexes(repository().file("template.yaml"));
    let count = repository().file("template.yaml").text.matches("IndexName: ").count();
    assert_eq!(deployed.len(), count, "an index of template.yaml is written in another form: {deployed:?}");
    let told = told_indexes(repository().file(KEYS));
    assert_eq!(told, deployed, "{KEYS}, the table of indexes (left), is not what template.yaml has (right)");
}

#[test]
fn a_prefix_outside_the_keys_and_one_that_is_not_told_are_found() {
    let text = "//! | order | `ORDER#<id>` |\n// USER#\nlet a = \"ORDER#\";\nlet b = \"A#USER#{id}\";\n#[cfg(test)]\n\"JOB#\"\n";
    let source = Source::new("shared/a.rs", text);
    let places = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.place).collect::<Vec<_>>();
    assert_eq!(places(scattered(&source, &prefix())), ["shared/a.rs:3", "shared/a.rs:4"]);
    assert_eq!(places(untold(&source, &prefix())), ["shared/a.rs:4"]);
}
