//! Prose that fits beside something else on a screen.

use crate::repository::{Fault, Source, none, repository};

/// The most columns of a comment and of a paragraph.
const COLUMNS: usize = 100;

/// The text of a line that is a comment of Rust, without its marker.
pub(crate) fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start();
    ["//!", "///", "//"].into_iter().find_map(|marker| text.strip_prefix(marker))
}

/// Whether a line cannot be broken: a row of a table, a heading, a link or one long word.
fn is_whole(text: &str) -> bool {
    let text = text.trim();
    let words = text.trim_start_matches(['-', '*', '>', ' ']);
    text.starts_with('|') || text.starts_with('#') || !words.contains(' ') || is_link(words)
}

/// A line that holds a link and nothing else.
fn is_link(words: &str) -> bool {
    let Some(rest) = words.strip_prefix('[') else { return false };
    rest.split_once("](").is_some_and(|(_, target)| {
        target.trim_end_matches('.').find(')') == Some(target.trim_end_matches('.').len() - 1)
    })
}

fn wide_lines(source: &Source) -> Vec<Fault> {
    let is_rust = source.is("rs");
    let mut is_code = false;
    let mut faults = Vec::new();
    for (number, line) in source.lines() {
        let text = if is_rust { comment(line) } else { Some(line) };
        let Some(text) = text else {
            is_code = false;
            continue;
        };
        if text.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        let columns = line.chars().count();
        if columns > COLUMNS && !is_code && !is_whole(text) {
            let what = format!("{columns} columns of prose, more than {COLUMNS}: break the line");
            faults.push(source.fault(number, what));
        }
    }
    faults
}

#[test]
fn comments_and_paragraphs_have_at_most_100_columns() {
    none(repository().all("rs").chain(repository().all("md")).flat_map(wide_lines));
}

#[test]
fn a_wide_comment_and_a_wide_paragraph_are_found() {
    let wide = "word ".repeat(25);
    let faults = |path: &str, text: &str| wide_lines(&Source::new(path, text)).len();
    assert_eq!(faults("a.rs", &format!("    /// {wide}\n    call(\"{wide}\");\n")), 1);
    assert_eq!(faults("a.rs", &format!("//! | {wide} |\n//! ```\n//! {wide}\n//! ```\n// {wide}\n")), 1);
    assert_eq!(faults("a.md", &format!("# {wide}\n| {wide} |\n- [{wide}](a.md)\n```sh\n{wide}\n```\n")), 0);
    assert_eq!(faults("a.md", &format!("- {wide}\n\nSee [a](b.md). {wide}\n")), 2);
}
