//! Whether every function of the template was built, for the right architecture, from the sources
//! as they are.

use super::{Architecture, Finding};
use oms_workspace::report::Fault;
use oms_workspace::template::{kind, section};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How much of a file tells what it is: the beginning of an ELF header.
const HEADER_BYTES: u64 = 20;

/// Looks at each function's bootstrap, and at what would be deployed instead of it.
///
/// # Errors
/// The sources cannot be looked through.
pub(super) fn check(root: &Path, template: &Value, wanted: Architecture) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let shared = newest_of(&[root.join("shared"), root.join("Cargo.lock")])?;
    for (id, resource) in section(template, "Resources") {
        if kind(&resource) != "AWS::Serverless::Function" {
            continue;
        }
        let Some(code) = resource["Properties"]["CodeUri"].as_str() else {
            findings.push(Finding::NotChecked(id, "its CodeUri is no path".to_owned()));
            continue;
        };
        let name = code.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let own = root.join("functions").join(name);
        let own = if own.is_dir() { own } else { root.join("functions") };
        let sources = newest_of(&[own])?.max(shared.clone());
        let bootstrap = Path::new(code).join("bootstrap");
        findings.push(match fault_of(&root.join(&bootstrap), wanted, sources.as_ref(), root) {
            None => Finding::Ok(format!("{}", bootstrap.display())),
            Some(fault) => {
                Finding::Missing(format!("{} {fault}", bootstrap.display()), wanted.build().to_owned())
            }
        });
    }
    if root.join(".aws-sam").join("build").join("template.yaml").exists() {
        findings.push(Finding::Missing(
            "template.yaml: sam deploy takes the older one in .aws-sam/build instead".to_owned(),
            "rm -r .aws-sam/build".to_owned(),
        ));
    }
    Ok(findings)
}

/// When a source was changed, and which.
type Change = (SystemTime, PathBuf);

/// What is wrong with a bootstrap, as the end of a sentence.
fn fault_of(path: &Path, wanted: Architecture, sources: Option<&Change>, root: &Path) -> Option<String> {
    let Ok(mut file) = File::open(path) else { return Some("is not there".to_owned()) };
    let mut header = Vec::new();
    if file.by_ref().take(HEADER_BYTES).read_to_end(&mut header).is_err() {
        return Some("cannot be read".to_owned());
    }
    match machine(&header) {
        Some(found) if found == wanted => {}
        Some(found) => return Some(format!("is for {}, not for {}", found.name(), wanted.name())),
        None => return Some("is no program for Lambda's Linux".to_owned()),
    }
    let Ok(data) = file.metadata() else { return Some("cannot be read".to_owned()) };
    if data.permissions().mode() & 0o111 == 0 {
        return Some("is not executable".to_owned());
    }
    let (changed, source) = sources?;
    let is_old = data.modified().is_ok_and(|built| built < *changed);
    is_old.then(|| format!("is older than {}", source.strip_prefix(root).unwrap_or(source).display()))
}

/// What an ELF executable runs on, from its header; nothing for other files.
fn machine(header: &[u8]) -> Option<Architecture> {
    let is_elf_of_64_bits_little_endian = header.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]);
    let half = |at: usize| Some(u16::from_le_bytes([*header.get(at)?, *header.get(at + 1)?]));
    // An executable, or one that may lie anywhere in memory.
    let is_program = matches!(half(16)?, 2 | 3);
    if !(is_elf_of_64_bits_little_endian && is_program) {
        return None;
    }
    match half(18)? {
        0xb7 => Some(Architecture::Arm64),
        0x3e => Some(Architecture::X86),
        _ => None,
    }
}

/// The file that was changed last. Those of tests alone are in no function.
fn newest_of(paths: &[PathBuf]) -> Result<Option<Change>, Fault> {
    let mut newest: Option<Change> = None;
    let mut left = paths.to_vec();
    while let Some(path) = left.pop() {
        let about = |error| format!("{}: {error}", path.display());
        let data = fs::metadata(&path).map_err(about)?;
        if data.is_dir() {
            for entry in fs::read_dir(&path).map_err(about)? {
                let entry = entry.map_err(about)?;
                if !["tests", "tests.rs"].iter().any(|tests| entry.file_name() == *tests) {
                    left.push(entry.path());
                }
            }
        } else {
            newest = newest.max(Some((data.modified().map_err(about)?, path)));
        }
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;
    use serde_json::json;
    use std::time::Duration;

    /// The beginning of an ELF file.
    fn elf(class: u8, endian: u8, kind: u16, machine: u16) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', class, endian, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend(kind.to_le_bytes());
        header.extend(machine.to_le_bytes());
        header
    }

    #[test]
    fn a_program_is_known_by_its_header() {
        for (header, known) in [
            (elf(2, 1, 3, 0xb7), Some(Architecture::Arm64)),
            (elf(2, 1, 2, 0xb7), Some(Architecture::Arm64)),
            (elf(2, 1, 3, 0x3e), Some(Architecture::X86)),
            // 32 bits, big endian, an object file, RISC-V, cut off, a script, nothing.
            (elf(1, 1, 3, 0xb7), None),
            (elf(2, 2, 3, 0xb7), None),
            (elf(2, 1, 1, 0xb7), None),
            (elf(2, 1, 3, 0xf3), None),
            (elf(2, 1, 3, 0xb7)[..19].to_vec(), None),
            (b"#!/bin/sh\nexec something".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(machine(&header), known, "{header:x?}");
        }
    }

    #[test]
    fn this_test_is_a_program_for_what_it_runs_on() {
        if cfg!(target_os = "linux") {
            let program = fs::read(std::env::current_exe().unwrap()).unwrap();
            let here = if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86 };
            assert_eq!(machine(&program), Some(here));
        }
    }

    /// A checkout with one function, whose bootstrap holds `content`.
    fn checkout(root: &Path, content: &[u8], mode: u32) -> Value {
        for directory in ["shared/core", "functions/orders/src", "target/lambda/orders"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let long_ago = SystemTime::now() - Duration::from_secs(3_600);
        for source in ["shared/core/lib.rs", "functions/orders/src/main.rs", "Cargo.lock"] {
            fs::write(root.join(source), "").unwrap();
            File::options().write(true).open(root.join(source)).unwrap().set_modified(long_ago).unwrap();
        }
        let bootstrap = root.join("target/lambda/orders/bootstrap");
        fs::write(&bootstrap, content).unwrap();
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(mode)).unwrap();
        json!({
            "Resources": {
                "Orders": {
                    "Type": "AWS::Serverless::Function", "Properties": { "CodeUri": "target/lambda/orders" },
                },
                "Table": { "Type": "AWS::DynamoDB::Table" },
            },
        })
    }

    #[test]
    fn a_bootstrap_must_be_there_run_there_and_be_new() {
        let scratch = Scratch::new().unwrap();
        let root = scratch.path();
        let said = |content: &[u8], mode: u32, wanted| {
            let template = checkout(root, content, mode);
            check(root, &template, wanted).unwrap().remove(0)
        };
        let good = elf(2, 1, 3, 0xb7);
        let path = "target/lambda/orders/bootstrap";
        let missing =
            |fault: &str| Finding::Missing(format!("{path} {fault}"), "cargo functions --arm64".to_owned());
        assert_eq!(said(&good, 0o755, Architecture::Arm64), Finding::Ok(path.to_owned()));
        assert_eq!(said(&good, 0o644, Architecture::Arm64), missing("is not executable"));
        let foreign = elf(2, 1, 3, 0x3e);
        assert_eq!(said(&foreign, 0o755, Architecture::Arm64), missing("is for x86_64, not for arm64"));
        assert_eq!(said(b"\n", 0o755, Architecture::Arm64), missing("is no program for Lambda's Linux"));
        let Finding::Missing(what, mends) = said(&good, 0o755, Architecture::X86) else { panic!() };
        assert_eq!(
            (what, &*mends),
            (format!("{path} is for arm64, not for x86_64"), "cargo functions --x86-64")
        );

        let template = checkout(root, &good, 0o755);
        let now = || check(root, &template, Architecture::Arm64).unwrap();
        let later = SystemTime::now() + Duration::from_secs(60);
        let touch = |source: &str| {
            let file = File::options().create(true).append(true).open(root.join(source)).unwrap();
            file.set_modified(later).unwrap();
        };
        fs::create_dir_all(root.join("functions/catalog")).unwrap();
        touch("shared/core/tests.rs");
        touch("functions/catalog/lib.rs");
        assert_eq!(now(), [Finding::Ok(path.to_owned())], "what is in other programs alone does not matter");
        touch("functions/orders/src/main.rs");
        assert_eq!(now(), [missing("is older than functions/orders/src/main.rs")]);
        fs::remove_file(root.join(path)).unwrap();
        assert_eq!(now(), [missing("is not there")]);
    }
}
