//! Functions and files that fit into a head.

use crate::repository::{Fault, Source, none, repository};

/// The most lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 70;
/// The most lines of a file.
const FILE_LINES: usize = 400;

/// What may stand before `fn`.
fn is_qualifier(word: &str) -> bool {
    word.starts_with("pub") || ["const", "async", "unsafe", "extern", "\"C\"", "default"].contains(&word)
}

/// The name of the function that a line begins.
fn function_of(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| is_qualifier(word));
    let name = words.next().filter(|word| *word == "fn").and(words.next())?;
    name.split(['(', '<']).next()
}

/// The functions of a file that are too long. In formatted code the brace that closes a function
/// stands below its first letter.
fn long_functions(source: &Source) -> Vec<Fault> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut faults = Vec::new();
    for (number, line) in source.lines() {
        let Some(name) = function_of(line) else { continue };
        let indentation = &line[..line.len() - line.trim_start().len()];
        let ends = |line: &str| {
            let rest = line.strip_prefix(indentation).unwrap_or_default();
            rest == "}" || (rest.starts_with(')') && rest.ends_with(';'))
        };
        let is_short = line.ends_with([';', '}']);
        let length =
            if is_short { 1 } else { 1 + lines[number..].iter().take_while(|l| !ends(l)).count() + 1 };
        if length > FUNCTION_LINES {
            faults.push(source.fault(
                number,
                format_args!(
                    "`{name}` has {length} lines, more than {FUNCTION_LINES}: take a part out that has a name"
                ),
            ));
        }
    }
    faults
}

fn long_file(source: &Source) -> Option<Fault> {
    let length = source.text.lines().count();
    (length > FILE_LINES).then(|| {
        let what = format!(
            "the file has {length} lines, more than {FILE_LINES}: split it by what its parts are about"
        );
        source.fault(length, what)
    })
}

#[test]
fn every_function_has_at_most_70_lines() {
    none(repository().all("rs").flat_map(long_functions));
}

#[test]
fn every_file_has_at_most_400_lines() {
    none(repository().all("rs").filter_map(long_file));
}

#[test]
fn a_long_function_and_a_long_file_are_found() {
    let body = "        step();\n".repeat(69);
    let text =
        format!("impl A {{\n    pub(crate) async fn run<T>(\n{body}    }}\n    fn short() {{\n    }}\n}}\n");
    let faults = long_functions(&Source::new("a.rs", &text));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].place, "a.rs:2");
    assert!(faults[0].what.starts_with("`run` has 71 lines"), "{}", faults[0]);
    let shorter = text.replacen("        step();\n", "", 1);
    assert_eq!(long_functions(&Source::new("a.rs", &shorter)), []);
    assert!(long_file(&Source::new("a.rs", &"//\n".repeat(401))).is_some());
    assert!(long_file(&Source::new("a.rs", &"//\n".repeat(400))).is_none());
}
