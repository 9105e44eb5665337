//! A zip with one program, which is the same for the same program: fixed time, owner and
//! permissions, and a compressor that the lock file names.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use oms_workspace::error::{Doing, Result};
use std::io::Write;

/// What extracts it must know: to inflate.
const VERSION: u16 = 20;
/// Made on Unix, so that permissions count.
const MADE_BY: u16 = (3 << 8) | VERSION;
const DEFLATED: u16 = 8;
/// The first day that a zip can name, at midnight: 1 January 1980.
const TIME: u16 = 0;
const DATE: u16 = (1 << 5) | 1;
/// A file that everybody may read and run.
const PERMISSIONS: u32 = 0o100_755 << 16;

/// The zip of one program under this name.
///
/// # Errors
/// A zip of this kind holds at most 4 GB.
pub(crate) fn of_program(name: &str, program: &[u8]) -> Result<Vec<u8>> {
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::best());
    deflater.write_all(program).doing("compressing")?;
    let packed = deflater.finish().doing("compressing")?;
    let mut crc = Crc::new();
    crc.update(program);
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).doing("packing more than 4 GB");

    // What the local and the central header have in common: from the version that extracts to the
    // lengths of the name and of what is extra.
    let mut common = Vec::new();
    for half in [VERSION, 0, DEFLATED, TIME, DATE] {
        common.extend(half.to_le_bytes());
    }
    for word in [crc.sum(), size(&packed)?, size(program)?] {
        common.extend(word.to_le_bytes());
    }
    let length = u16::try_from(name.len()).doing("naming a file in a zip")?;
    common.extend([length.to_le_bytes(), [0; 2]].concat());

    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend([&common, name.as_bytes(), &packed].concat());
    let directory = size(&zip)?;
    zip.extend(b"PK\x01\x02");
    zip.extend(MADE_BY.to_le_bytes());
    zip.extend(&common);
    // No comment, the first disk, not a text.
    zip.extend([0; 6]);
    zip.extend(PERMISSIONS.to_le_bytes());
    // Where the local header is.
    zip.extend([0; 4]);
    zip.extend(name.as_bytes());
    let directory_size = size(&zip)? - directory;

    zip.extend(b"PK\x05\x06");
    // One disk, with the only entry.
    for half in [0_u16, 0, 1, 1] {
        zip.extend(half.to_le_bytes());
    }
    zip.extend([directory_size.to_le_bytes(), directory.to_le_bytes()].concat());
    // No comment.
    zip.extend([0; 2]);
    Ok(zip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    #[test]
    fn the_same_program_gives_the_same_zip() {
        let program = b"program ".repeat(10_000);
        let zip = of_program("bootstrap", &program).unwrap();
        assert_eq!(zip, of_program("bootstrap", &program).unwrap());
        assert_ne!(zip, of_program("bootstrap", &program[1..]).unwrap());
        assert!(zip.len() < program.len() / 10, "{}", zip.len());
    }

    #[test]
    fn another_program_reads_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().join("one.zip");
        let program: Vec<u8> = (0_u32..100_000).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, of_program("bootstrap", &program).unwrap()).unwrap();
        let script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n\
            [i] = z.infolist(); print(i.filename, i.date_time, oct(i.external_attr >> 16), i.file_size)\n\
            z.extractall(sys.argv[2])";
        let mut python = Command::new("python3");
        let told = python.args(["-c", script]).arg(&path).arg(scratch.path()).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told, "bootstrap (1980, 1, 1, 0, 0, 0) 0o100755 400000\n");
        let file = scratch.path().join("bootstrap");
        assert_eq!(std::fs::read(&file).unwrap(), program);
        assert_ne!(std::fs::metadata(&file).unwrap().permissions().mode(), 0);
    }
}
