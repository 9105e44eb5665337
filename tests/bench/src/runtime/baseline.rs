//! Holds the functions to what they were: sizes, instructions and what an order's life writes do
//! not depend on how busy the machine is. Sizes and instructions do depend on the compiler, so the
//! file says which it was, and those of another are shown and not held.

use super::requests::Request;
use super::{counted, names, packed};
use crate::life;
use oms_harness::Harness;
use oms_workspace::report::{Fault, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// How much more a figure may be, in thousandths.
const TOLERANCE: u64 = 20;

/// How the figures begin that no compiler changes.
const WRITES: &str = "write units of a life, ";

/// What the functions took, and who compiled them.
#[derive(Serialize, Deserialize)]
struct Baseline {
    compiler: String,
    figures: BTreeMap<String, u64>,
}

/// What a command prints; nothing where it is not there.
fn said(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|_| output.status.success())
}

/// Counts, and compares with a file or writes it. Without valgrind no instructions are counted.
///
/// # Errors
/// Where a function is not there or does not answer.
pub(super) async fn run(
    harness: &Harness,
    requests: &[Request],
    functions: &Path,
    file: &Path,
    writes: bool,
    progress: &mut impl Write,
) -> Result<Report, Fault> {
    let mut figures: BTreeMap<String, u64> = BTreeMap::new();
    for name in names()? {
        figures.insert(format!("bytes of {name}, packed"), packed(&functions.join(&name))?);
    }
    for (way, units) in life::write_units().await? {
        figures.insert(format!("{WRITES}{way}"), u64::try_from(units.ceil())?);
    }
    if said("valgrind").is_none() {
        writeln!(progress, "There is no valgrind, so instructions are not counted.")?;
    } else {
        for request in requests {
            writeln!(progress, "{}", request.name)?;
            request.check(harness).await?;
            let [init, warm] = counted(harness, request, functions).await?;
            figures.insert(format!("instructions to start {}", request.function), init);
            figures.insert(format!("instructions of {}", request.name), warm);
        }
    }
    let now = Baseline { compiler: said("rustc").unwrap_or_default(), figures };
    if writes {
        std::fs::write(file, serde_json::to_string_pretty(&now)? + "\n")?;
    }
    Ok(compared(&now, &serde_json::from_str(&std::fs::read_to_string(file)?)?)?)
}

/// The figures side by side. What is over, or not in the file at all, is not well.
fn compared(now: &Baseline, before: &Baseline) -> Result<Report, std::fmt::Error> {
    let is_same_compiler = now.compiler == before.compiler;
    let (mut text, mut is_well) = (format!("{:44} {:>12} {:>12}\n", "", "now", "baseline"), true);
    for (name, now) in &now.figures {
        let before = before.figures.get(name).copied().unwrap_or_default();
        let is_over = now.saturating_mul(1_000) > before.saturating_mul(1_000 + TOLERANCE);
        is_well &= !is_over || !(is_same_compiler || name.starts_with(WRITES));
        writeln!(text, "{name:44} {now:>12} {before:>12}{}", if is_over { " OVER" } else { "" })?;
    }
    if !is_same_compiler {
        let (now, before) = (&now.compiler, &before.compiler);
        write!(text, "Of these only write units are held: {now} compiled them, and {before} the baseline.")?;
    }
    Ok(Report::new(text.trim_end(), is_well))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_two_percent_over_fails_and_of_another_compiler_only_what_is_written() {
        let of = |compiler: &str, size, writes| {
            let figures = [("bytes of orders, packed".to_owned(), size), (format!("{WRITES}full"), writes)];
            Baseline { compiler: compiler.to_owned(), figures: figures.into() }
        };
        let before = of("rustc 1", 1_000, 100);
        for (now, is_well) in [
            (of("rustc 1", 1_020, 102), true),
            (of("rustc 1", 1_021, 100), false),
            (of("rustc 1", 900, 103), false),
            (of("rustc 2", 2_000, 100), true),
            (of("rustc 2", 1_000, 103), false),
        ] {
            let report = compared(&now, &before).unwrap();
            assert_eq!(report.is_well, is_well, "{}", report.text);
        }
        let nothing = Baseline { compiler: "rustc 1".to_owned(), figures: BTreeMap::new() };
        assert!(!compared(&before, &nothing).unwrap().is_well, "what the file does not have is no baseline");
    }
}
