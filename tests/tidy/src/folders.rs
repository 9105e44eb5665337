//! The map of folders in ARCHITECTURE.md.

use crate::repository::{Fault, Repository, Source, none, repository};
use std::collections::BTreeMap;

/// The folders whose own folders stand in the map, too.
const OPENED: [&str; 4] = ["functions", "infra", "shared", "tests"];
/// How the map's head begins.
const HEAD: &str = "| folder |";

/// The folders that the map names, each with its line.
fn mapped(document: &Source) -> BTreeMap<String, usize> {
    let rows = document.lines().skip_while(|(_, line)| !line.starts_with(HEAD));
    let rows = rows.skip(2).take_while(|(_, line)| line.starts_with('|'));
    let names = rows.flat_map(|(number, line)| {
        let cell = line.split('|').nth(1).unwrap_or_default();
        cell.split('`').skip(1).step_by(2).map(move |name| (name.to_owned(), number))
    });
    names.collect()
}

/// The folders that there are; of hidden ones those that the map names, for editors make their own.
fn there(repository: &Repository) -> Vec<&str> {
    let files = repository.paths.iter().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
    let wanted = files.flat_map(|folder| {
        let top = folder.split('/').next().unwrap_or_default();
        let second = folder.split('/').nth(1).filter(|_| OPENED.contains(&top));
        [Some(top), second.map(|name| &folder[..top.len() + 1 + name.len()])]
    });
    let mut folders: Vec<&str> = wanted.flatten().collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn faults(repository: &Repository, document: &Source) -> Vec<Fault> {
    let (mapped, there) = (mapped(document), there(repository));
    let head = document.lines().find(|(_, line)| line.starts_with(HEAD)).map_or(1, |(number, _)| number);
    let missing = there.iter().filter(|path| !mapped.contains_key(**path) && !path.starts_with('.'));
    let missing = missing
        .map(|path| document.fault(head, format_args!("the map lacks the folder {path}: add its row")));
    let gone = mapped.iter().filter(|(path, _)| !there.contains(&path.as_str()));
    let gone = gone.map(|(path, line)| {
        document.fault(*line, format_args!("there is no folder {path}: take its row out"))
    });
    missing.chain(gone).collect()
}

#[test]
fn the_map_of_folders_is_the_folders_that_there_are() {
    none(faults(repository(), repository().file("ARCHITECTURE.md")));
}

#[test]
fn a_folder_that_the_map_lacks_or_has_too_many_is_found() {
    let map =
        "| folder | what |\n|---|---|\n| `docs` | a |\n| `shared/a`, `shared/b` | b |\n| `shared` | c |\n";
    let document = Source::new("ARCHITECTURE.md", map);
    let paths =
        ["docs/x.md", "shared/a/src/lib.rs", "shared/c/Cargo.toml", ".idea/a.xml"].map(str::to_owned).into();
    let repository = Repository { sources: Vec::new(), paths };
    let faults: Vec<String> = faults(&repository, &document).iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "ARCHITECTURE.md:1: the map lacks the folder shared/c: add its row",
            "ARCHITECTURE.md:4: there is no folder shared/b: take its row out"
        ]
    );
}
