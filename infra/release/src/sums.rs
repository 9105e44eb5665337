//! SHA-256, in the form that `sha256sum --check` reads.

use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::report::Report;
use ring::digest::{SHA256, digest};
use std::fmt::Write;
use std::path::Path;

/// The file of checksums.
const SUMS: &str = "SHA256SUMS";

/// The checksum of some bytes, in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut digits, byte| {
        // A text takes everything.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Writes the checksums of the files of a directory, by their names.
///
/// # Errors
/// There is no file, or one cannot be read.
pub(crate) fn write(directory: &Path) -> Result<Report> {
    let about = || format!("reading {}", directory.display());
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(directory).doing(about())? {
        let entry = entry.doing(about())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != SUMS && entry.path().is_file() {
            let bytes = std::fs::read(entry.path()).doing(format!("reading {name}"))?;
            lines.push((name, sha256(&bytes)));
        }
    }
    if lines.is_empty() {
        return Err(Error::Setup(format!("{} is empty: make the functions first", directory.display())));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    std::fs::write(directory.join(SUMS), &text).doing(format!("writing {SUMS}"))?;
    Ok(Report::new(text.trim_end(), true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;

    #[test]
    fn every_file_has_its_sum_and_the_sums_have_none() {
        let scratch = Scratch::new().unwrap();
        let directory = scratch.path();
        assert!(write(directory).is_err());
        std::fs::write(directory.join("b"), "abc").unwrap();
        std::fs::write(directory.join("a"), "").unwrap();
        write(directory).unwrap();
        write(directory).unwrap();
        let text = std::fs::read_to_string(directory.join(SUMS)).unwrap();
        assert_eq!(
            text,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n\
             ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  b\n"
        );
    }
}
