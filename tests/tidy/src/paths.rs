//! Files that are named, and are there.

use crate::links::resolved;
use crate::prose;
use crate::repository::{Fault, Repository, Source, none, repository};
use regex_lite::Regex;
use std::collections::BTreeSet;

/// What the file names of this repository end with.
const ENDINGS: &str = r"(?:rs|md|yaml|toml|py|sh|json|html|js|pem|lock)";
/// The folders that paths begin with.
const FOLDERS: &str = r"(?:shared|functions|infra|tests|docs|events)/";
/// Files that are made, or that others have.
const MADE: [&str; 11] = [
    "env.json",
    "event.json",
    "dev.env",
    "jwks.json",
    "package.json",
    "metadata.json",
    "stack.log",
    "mod.rs",
    "checkpoints.json",
    "oms.cdx.json",
    "RUST-LIBRARY-NOTICES.html",
];

/// The part of a line that people write for people.
fn prose_of<'a>(source: &Source, line: &'a str) -> Option<&'a str> {
    match source.path.rsplit_once('.')?.1 {
        "md" => Some(line),
        "rs" => prose::comment(line).or_else(|| line.split_once(" // ").map(|(_, comment)| comment)),
        "toml" | "yaml" | "py" | "sh" => line.trim_start().strip_prefix('#'),
        _ => None,
    }
}

/// The files and folders that a line of prose names.
fn named(text: &str, patterns: &[Regex]) -> BTreeSet<String> {
    let url = &patterns[0];
    let text = url.replace_all(text, " ");
    let found = patterns[1..].iter().flat_map(|pattern| pattern.captures_iter(&text).collect::<Vec<_>>());
    found.map(|found| found[1].trim_end_matches(['/', '.']).to_owned()).collect()
}

/// Whether it is worth looking: most lines name no file, and patterns are slow.
fn may_name(text: &str) -> bool {
    ["/", ".rs", ".md", ".yaml", ".toml", ".py", ".sh", ".json"].iter().any(|part| text.contains(part))
}

/// Addresses, then what is meant by a path: in back quotes with a folder or an ending, or anywhere
/// with a folder of ours or the ending of a file of ours.
fn patterns() -> Vec<Regex> {
    let texts = [
        r"[a-z]+://[^\s)>`]+|\]\([^)]*\)".to_owned(),
        format!(r"`([\w.*/-]+\.{ENDINGS})(?:#[\w-]+|:\d+)?`"),
        format!(r"`({FOLDERS}[\w.*/-]+)`"),
        format!(r"(?:^|[\s(])({FOLDERS}[\w.*/-]*\w)"),
        r"(?:^|[\s(])([\w./-]+\.(?:rs|md|yaml|toml|py))\b".to_owned(),
    ];
    texts.iter().map(|text| Regex::new(text).expect("a pattern")).collect()
}

/// Whether a path is there: from the root, from the file, or as the end of one, as `http/edge.rs`
/// is of `shared/core/src/http/edge.rs`; `*` stands for any name.
fn is_there(repository: &Repository, file: &str, path: &str) -> bool {
    let from_file = resolved(file, path);
    // An event goes by its name without the ending.
    let event = format!("events/{path}.json");
    if [path, &from_file, &event].iter().any(|path| repository.paths.contains(*path)) {
        return true;
    }
    let parts: Vec<&str> = path.split('/').collect();
    repository.paths.iter().any(|there| {
        let there: Vec<&str> = there.split('/').collect();
        there.len() >= parts.len()
            && there[there.len() - parts.len()..].iter().zip(&parts).all(|(name, part)| matches(name, part))
    })
}

fn matches(name: &str, part: &str) -> bool {
    match part.split_once('*') {
        Some((begin, end)) => name.starts_with(begin) && name.ends_with(end),
        None => name == part,
    }
}

fn lost_paths(repository: &Repository, source: &Source, patterns: &[Regex]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (number, line) in source.lines() {
        let Some(text) = prose_of(source, line).filter(|text| may_name(text)) else { continue };
        for path in named(text, patterns) {
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_made =
                MADE.contains(&name) || [".local/", "target/"].iter().any(|made| path.starts_with(made));
            if !is_made && !is_there(repository, &source.path, &path) {
                let what = format!("{path} is not in the repository: name what is there now");
                faults.push(source.fault(number, what));
            }
        }
    }
    faults
}

#[test]
fn no_document_and_no_comment_names_a_file_that_is_not_there() {
    let patterns = patterns();
    // What others have written tells of their files, and this crate makes some up.
    let others = ["functions/docs/page/", "functions/docs/console/vendor/", "tests/tidy/"];
    let ours =
        repository().sources.iter().filter(|source| !others.iter().any(|path| source.path.starts_with(path)));
    none(ours.flat_map(|source| lost_paths(repository(), source, &patterns)));
}

#[test]
fn a_file_that_is_not_there_is_found() {
    let text = "// See `shared/a.rs`, `b/c.rs`, docs/d.md, `shared/*/src`, https://docs.rs/x.rs and 1.5.\n\
                // Not `shared/x.rs`, `y.rs`, docs/z.md or `infra/w`.\ncall(\"docs/v.md\");\n";
    let source = Source::new("functions/b.rs", text);
    let paths = ["shared/a.rs", "shared/q/src", "shared/b/c.rs", "docs/d.md"].map(str::to_owned).into();
    let repository = Repository { sources: Vec::new(), paths };
    let faults = lost_paths(&repository, &source, &patterns());
    let faults: Vec<String> =
        faults.iter().map(|fault| fault.what.split(' ').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(faults, ["docs/z.md", "infra/w", "shared/x.rs", "y.rs"]);
}
