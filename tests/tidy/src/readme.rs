//! The README's lines for a shell: each is run by a test, or known to be what one is about.

use crate::repository::{Repository, Source, none, repository};

/// What runs a line, or comes closest to it where that takes an account of AWS.
enum Known {
    /// By name excepted: this is how the tests themselves begin.
    Excepted,
    /// A file, and what in it shows that it does what the line says.
    By(&'static str, &'static str),
}
use Known::{By, Excepted};

/// The test that runs whole snippets with bash.
const RUNS: &str = "tests/api/readme.rs";
/// How a snippet begins that it runs.
const RUN: &str = "source .local/dev.env";

/// The first words of every other line, and who knows it.
const KNOWN: [(&str, Known); 8] = [
    ("cargo dev", Excepted),
    ("cargo test", Excepted),
    ("python3 -m venv .local/deploy", By("infra/workspace/src/tools.rs", "\"-m\", \"venv\"")),
    (
        "pip install --no-deps --require-hashes -r infra/python/deploy.txt",
        By("infra/workspace/src/tools.rs", "infra/python/deploy.txt"),
    ),
    (
        "rustup target add aarch64-unknown-linux-gnu",
        By("infra/orderctl/src/deploy_check/tools.rs", "aarch64-unknown-linux-gnu"),
    ),
    ("cargo functions --arm64", By("infra/workspace/src/cargo.rs", "functions = [")),
    ("cargo run --bin orderctl -- deploy-check", By(RUNS, "deploy-check")),
    (
        "sam deploy --parameter-overrides PaymentGateway=simulated",
        By("tests/api/deployed.rs", "PaymentGateway=simulated"),
    ),
];

/// The snippets of a document that a shell reads, each with its first line.
fn snippets(document: &Source) -> Vec<Vec<(usize, &str)>> {
    let mut snippets = Vec::new();
    let mut lines = document.lines();
    while let Some((_, line)) = lines.next() {
        if line == "```sh" {
            snippets.push(lines.by_ref().take_while(|(_, line)| *line != "```").collect());
        }
    }
    snippets
}

/// The lines that no test runs and nobody knows.
fn unknown(document: &Source) -> impl Iterator<Item = (usize, &str)> {
    let others = snippets(document)
        .into_iter()
        .filter(|snippet| !snippet.first().is_some_and(|(_, line)| line.starts_with(RUN)));
    let lines = others.flatten().filter(|(_, line)| !line.trim().is_empty());
    lines.filter(|(_, line)| !KNOWN.iter().any(|(words, _)| line.starts_with(words)))
}

/// The knowers that are gone.
fn strangers(repository: &Repository) -> Vec<String> {
    let known = KNOWN.iter().filter_map(|(line, known)| match known {
        By(path, words) => Some((line, path, words)),
        Excepted => None,
    });
    let lost = known.filter(|(_, path, words)| {
        !repository.sources.iter().any(|source| source.path == **path && source.text.contains(**words))
    });
    lost.map(|(line, path, words)| format!("{path} no longer has {words}: who runs README's `{line}`?"))
        .collect()
}

#[test]
fn every_line_of_the_readme_is_run_by_a_test_or_known() {
    let readme = repository().file("README.md");
    let advice = "no test runs this line: begin its snippet with the README's `source`, or add who runs it to tests/tidy/src/readme.rs";
    none(unknown(readme).map(|(line, _)| readme.fault(line, advice)));
    let run = snippets(readme).into_iter().filter(|snippet| snippet[0].1.starts_with(RUN)).count();
    assert!(run > 0 && repository().file(RUNS).text.contains(RUN), "{RUNS} runs no snippet of README.md");
    for (words, _) in KNOWN {
        let is_there = snippets(readme).iter().flatten().any(|(_, line)| line.starts_with(words));
        assert!(is_there, "README.md has no `{words}` any more: strike it from tests/tidy/src/readme.rs");
    }
    assert_eq!(strangers(repository()), Vec::<String>::new());
}

#[test]
fn a_line_that_nobody_runs_is_found() {
    let page = "```sh\nsource .local/dev.env\nls\n```\n```sh\ncargo dev  # all\nls\n```\n```rust\nls\n```\n";
    let page = Source::new("README.md", page);
    assert_eq!(unknown(&page).collect::<Vec<_>>(), [(7, "ls")]);
}
