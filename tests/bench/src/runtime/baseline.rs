//! Holds the functions to what they were: sizes and instructions do not depend on how busy the
//! machine is.

use super::requests::Request;
use super::{counted, names, packed};
use oms_harness::Harness;
use oms_workspace::report::{Fault, Report};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

/// How much more a figure may be, in thousandths.
const TOLERANCE: u64 = 20;

/// Counts, and compares with a file or writes it.
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
    for request in requests {
        writeln!(progress, "{}", request.name)?;
        request.check(harness).await?;
        let [init, warm] = counted(harness, request, functions).await?;
        figures.insert(format!("instructions to start {}", request.function), init);
        figures.insert(format!("instructions of {}", request.name), warm);
    }
    if writes {
        std::fs::write(file, serde_json::to_string_pretty(&figures)? + "\n")?;
    }
    let expected: BTreeMap<String, u64> = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let (mut text, mut is_well) = (format!("{:44} {:>12} {:>12}\n", "", "now", "baseline"), true);
    for (name, now) in &figures {
        let before = expected.get(name).copied().unwrap_or_default();
        let is_over = now.saturating_mul(1_000) > before.saturating_mul(1_000 + TOLERANCE);
        is_well &= !is_over;
        writeln!(text, "{name:44} {now:>12} {before:>12}{}", if is_over { " OVER" } else { "" })?;
    }
    Ok(Report::new(text.trim_end(), is_well))
}
