//! docs/settings.md: every setting and every parameter, and no other.

use crate::repository::{Source, repository};
use regex_lite::Regex;
use std::collections::BTreeSet;

/// The code that reads settings.
const READERS: [&str; 4] = [
    "shared/runtime/src/config.rs",
    "shared/runtime/src/config/gateway.rs",
    "shared/runtime/src/config/layout.rs",
    "shared/runtime/src/config/aws.rs",
];

/// The names that a document's tables have in back quotes in their first column.
fn told(document: &Source) -> BTreeSet<String> {
    let rows = document.text.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.flat_map(|row| row.split('|').next().unwrap_or_default().split('`').step_by(2));
    names.map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// The variables that a reader asks for. How AWS is reached, the SDKs have agreed on.
fn read(source: &Source) -> BTreeSet<String> {
    let name = Regex::new(r#""([A-Z][A-Z_]+)""#).expect("a pattern");
    let asked = Regex::new(r#"\b(?:env|lookup)\.\w+\("([A-Z_]+)""#).expect("a pattern");
    let lists = source.text.lines().filter(|line| line.contains("let names = ["));
    let lists =
        lists.flat_map(|line| name.captures_iter(line).map(|found| found[1].to_owned()).collect::<Vec<_>>());
    // A call may be broken behind its dot.
    let text: String = source.text.split_whitespace().collect();
    let asked = asked.captures_iter(&text).map(|found| found[1].to_owned()).collect::<Vec<_>>();
    lists.chain(asked).filter(|name| !name.starts_with("AWS_")).collect()
}

/// The parameters of the template.
fn parameters(template: &Source) -> BTreeSet<String> {
    let lines = template.text.lines().skip_while(|line| *line != "Parameters:").skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    names.filter(|name| name.chars().all(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// The setting that a parameter sets: `PAGE_SIZE` for `PageSize`.
fn setting(parameter: &str) -> String {
    let mut name = String::new();
    for letter in parameter.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}

#[test]
fn the_page_of_settings_names_what_is_read_and_what_the_template_takes() {
    let read: BTreeSet<String> = READERS.iter().flat_map(|path| read(repository().file(path))).collect();
    let parameters = parameters(repository().file("template.yaml"));
    assert!(read.len() > 20 && parameters.len() > 20, "{read:?} {parameters:?}");
    let own = parameters.into_iter().filter(|parameter| !read.contains(&setting(parameter)));
    let expected: BTreeSet<String> = read.iter().cloned().chain(own).collect();
    let told = told(repository().file("docs/settings.md"));
    let missing: Vec<_> = expected.difference(&told).collect();
    let gone: Vec<_> = told.difference(&expected).collect();
    assert!(
        missing.is_empty(),
        "docs/settings.md lacks rows of {missing:?}, which config.rs or template.yaml has"
    );
    assert!(gone.is_empty(), "docs/settings.md has rows of {gone:?}, which nothing reads: take them out");
}

#[test]
fn settings_are_read_from_code_template_and_page() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let code = "let names = [\"A_B\", \"C_D\"];\nlet x = env\n    .parsed(\"D_E\", 1);\nenv.text(\"AWS_REGION\");\nerror(\"F\");\n";
    assert_eq!(read(&Source::new("a.rs", code)), set(&["A_B", "C_D", "D_E"]));
    let template =
        "Parameters:\n  PageSize:\n    Type: Number\n  # Why.\n  Stage:\n    Type: String\n\nRules:\n  A:\n";
    assert_eq!(parameters(&Source::new("t.yaml", template)), set(&["PageSize", "Stage"]));
    assert_eq!(
        told(&Source::new("s.md", "| name |\n|---|\n| `A`, `B` or `C` | `D` |\n")),
        set(&["A", "B", "C"])
    );
    assert_eq!(setting("PageSize"), "PAGE_SIZE");
}
