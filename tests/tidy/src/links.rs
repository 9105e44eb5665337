//! Links that lead somewhere, and documents that can be reached by them.

use crate::repository::{Fault, Repository, Source, none, repository};
use regex_lite::Regex;
use std::collections::BTreeSet;

/// Where readers begin.
const BEGINNINGS: [&str; 2] = ["README.md", "ARCHITECTURE.md"];

/// The targets of a document's links, each with its line: not those in code.
fn links(source: &Source) -> Vec<(usize, String)> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
    let code = Regex::new(r"`[^`]*`").expect("a pattern");
    let mut is_code = false;
    let mut links = Vec::new();
    for (number, line) in source.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        let line = code.replace_all(line, "");
        links.extend(link.captures_iter(&line).map(|found| (number, found[1].to_owned())));
    }
    links
}

/// What a path means that is written in a file: `..` goes up from its folder.
pub(crate) fn resolved(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// How a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn has_anchor(document: &Source, wanted: &str) -> bool {
    let headings = document.text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).any(|anchor| anchor == wanted)
}

/// The links of a document that lead nowhere.
fn broken_links(repository: &Repository, source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (line, link) in links(source).into_iter().filter(|(_, link)| !link.contains(':')) {
        let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
        let target = if path.is_empty() { source.path.clone() } else { resolved(&source.path, path) };
        if !repository.paths.contains(&target) {
            faults.push(
                source
                    .fault(line, format_args!("{link} leads to {target}, which is not there: mend the link")),
            );
        } else if !heading.is_empty() && !has_anchor(repository.file(&target), heading) {
            faults
                .push(source.fault(line, format_args!("{target} has no heading #{heading}: mend the link")));
        }
    }
    faults
}

/// The documents that links lead to from where readers begin.
fn reached(repository: &Repository) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<String> = BEGINNINGS.map(str::to_owned).to_vec();
    while let Some(path) = next.pop() {
        let Some(document) = repository.all("md").find(|source| source.path == path) else { continue };
        if reached.insert(path) {
            let targets = links(document).into_iter().filter(|(_, link)| !link.contains(':'));
            let targets = targets.map(|(_, link)| link.split('#').next().unwrap_or_default().to_owned());
            next.extend(targets.map(|link| resolved(&document.path, &link)));
        }
    }
    reached
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    none(repository().all("md").flat_map(|source| broken_links(repository(), source)));
}

#[test]
fn every_document_can_be_reached_from_the_readme_or_the_architecture() {
    let reached = reached(repository());
    let documents = repository().all("md").filter(|source| source.path.starts_with("docs/"));
    let lost = documents.filter(|source| !reached.contains(&source.path));
    none(lost.map(|source| source.fault(1, "no link leads here from README.md or ARCHITECTURE.md: add one")));
}

#[test]
fn a_broken_link_is_found() {
    let page = "# One thing\n[a](../b.md) [b](../c.md#one-thing) `[c](d.md)`\n[e](https://e.example) [f](#one-thing)\n";
    let here = Source::new("docs/a.md", page);
    let there = Source::new("c.md", "## Two\n");
    let paths = ["docs/a.md", "c.md"].map(str::to_owned).into();
    let repository = Repository { sources: vec![here.clone(), there], paths };
    let faults = broken_links(&repository, &here);
    let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
    assert_eq!(places, ["docs/a.md:2", "docs/a.md:2"], "{faults:?}");
    assert!(faults[0].what.contains("b.md") && faults[1].what.contains("#one-thing"), "{faults:?}");
}
