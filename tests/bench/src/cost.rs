//! What a million orders' lives cost on AWS, from what was measured and what AWS asks; and what
//! they would cost in two other designs. Writes a section of docs/cost.md.

mod inputs;
mod lives;
mod others;
mod prices;
mod text;

use self::inputs::Inputs;
use oms_workspace::report::{Fault, Report};
use std::path::PathBuf;

/// Between these the section stands.
const BEGIN: &str = "<!-- From here, `bench cost` writes. -->\n";
const END: &str = "<!-- To here. -->\n";

/// What is read, and whether anything is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What `bench life --json` wrote
    #[arg(long, default_value = "tests/bench/inputs/life.json")]
    life: PathBuf,
    /// What `bench runtime --json` wrote
    #[arg(long, default_value = "tests/bench/inputs/runtime.json")]
    runtime: PathBuf,
    /// Writes nothing, and ends with 1 where docs/cost.md says something else
    #[arg(long)]
    check: bool,
}

/// Writes the section, or compares it.
///
/// # Errors
/// Where an input or the section's place is not there.
pub(crate) fn run(options: &Options) -> Result<Report, Fault> {
    let root = oms_workspace::root();
    let inputs = Inputs::read(&root.join(&options.life), &root.join(&options.runtime))?;
    let section = text::section(&inputs)?;
    let file = root.join("docs/cost.md");
    let before = std::fs::read_to_string(&file)?;
    let (above, rest) = before.split_once(BEGIN).ok_or("docs/cost.md has no place for it")?;
    let (_, below) = rest.split_once(END).ok_or("docs/cost.md has no end of its place")?;
    let after = format!("{above}{BEGIN}\n{section}\n{END}{below}");
    if options.check {
        let is_well = after == before;
        let says = if is_well { "what it should" } else { "something else than `bench cost` writes" };
        return Ok(Report::new(format!("docs/cost.md says {says}"), is_well));
    }
    std::fs::write(&file, after)?;
    Ok(Report::new(section.trim_end(), true))
}
