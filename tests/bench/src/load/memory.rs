//! What the functions of this checkout hold in memory.

use std::fs;
use std::path::PathBuf;

/// Linux's pages on the processors that it is measured on, in KiB.
const PAGE_KIB: u64 = 4;

/// What all processes together hold whose programs were built in this checkout as functions, in MB.
pub(super) fn of_functions() -> u64 {
    let target = oms_workspace::root().join("target");
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let held = processes.filter_map(|process| {
        let program: PathBuf = fs::read_link(process.path().join("exe")).ok()?;
        let is_function = program.starts_with(&target)
            && oms_workspace::root().join("functions").join(program.file_name()?).is_dir();
        let pages = fs::read_to_string(process.path().join("statm")).ok().filter(|_| is_function)?;
        pages.split(' ').nth(1)?.parse::<u64>().ok()
    });
    held.sum::<u64>() * PAGE_KIB / 1_024
}
