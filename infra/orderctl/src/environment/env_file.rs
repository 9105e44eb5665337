//! Files of settings: `NAME=VALUE` lines, as shells read them with `set -a; . FILE`.

use oms_workspace::report::Fault;
use std::collections::HashMap;
use std::path::Path;

/// The settings that a file holds.
///
/// # Errors
/// It cannot be read, or a line is none.
pub(super) fn read(file: &Path) -> Result<HashMap<String, String>, Fault> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// An empty line and one that begins with `#` are left out, `export` before a name too. A value may
/// stand in quotes, single ones as the shell writes them.
fn parse(text: &str) -> Result<HashMap<String, String>, String> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let wrong = || format!("line {} is no NAME=VALUE", number + 1);
            let (name, value) = line.split_once('=').ok_or_else(wrong)?;
            let is_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name { Ok((name.to_owned(), unquoted(value))) } else { Err(wrong()) }
        })
        .collect()
}

fn unquoted(value: &str) -> String {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    match (within('\''), within('"')) {
        (Some(value), _) => value.replace(r"'\''", "'"),
        (None, Some(value)) => value.to_owned(),
        (None, None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_shells_read_it() {
        let text =
            "# settings\n\nTABLE_NAME=oms-Table\nexport AUTH_JWKS='{\"it'\\''s\": 1}'\nA=\"b c\"\nEMPTY=\n";
        let read = parse(text).unwrap();
        let of = |name: &str| read.get(name).map(String::as_str);
        assert_eq!(of("TABLE_NAME"), Some("oms-Table"));
        assert_eq!(of("AUTH_JWKS"), Some(r#"{"it's": 1}"#));
        assert_eq!((of("A"), of("EMPTY"), read.len()), (Some("b c"), Some(""), 4));
    }

    #[test]
    fn what_is_no_setting_is_named_by_its_line_and_not_shown() {
        for text in ["A=1\nsecret", "A=1\n=x", "A=1\nb c=x"] {
            assert_eq!(parse(text), Err("line 2 is no NAME=VALUE".to_owned()));
        }
    }
}
