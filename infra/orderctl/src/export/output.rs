//! Where an export goes.

use oms_workspace::report::Fault;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Stdout, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// A file that is there once it is whole, or standard output.
pub(super) enum Output {
    /// The file, and the one beside it that becomes it.
    File { to: PathBuf, half: PathBuf, writer: BufWriter<File> },
    /// Standard output.
    Standard(BufWriter<Stdout>),
}

impl Output {
    /// Begins to write. The file can be read by its owner alone: orders hold names and addresses.
    pub(super) fn open(file: Option<PathBuf>) -> Result<Self, Fault> {
        let Some(to) = file else { return Ok(Self::Standard(BufWriter::new(io::stdout()))) };
        let mut half = to.clone().into_os_string();
        half.push(format!(".{}.new", std::process::id()));
        let half = PathBuf::from(half);
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half);
        let file = opened.map_err(|error| format!("{}: {error}", half.display()))?;
        Ok(Self::File { to, half, writer: BufWriter::new(file) })
    }

    /// Puts the whole in its place.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        self.flush()?;
        if let Self::File { to, half, writer } = &mut self {
            writer.get_ref().sync_all()?;
            std::fs::rename(&*half, &*to).map_err(|error| format!("{}: {error}", to.display()))?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { writer, .. } => writer.write(bytes),
            Self::Standard(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File { writer, .. } => writer.flush(),
            Self::Standard(writer) => writer.flush(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Self::File { half, .. } = self {
            // Of one that is whole there is none any more.
            let _ = std::fs::remove_file(half);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_there_once_it_is_whole_and_for_its_owner() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("orders.csv");
        std::fs::write(&file, "before").unwrap();
        let mut broken = Output::open(Some(file.clone())).unwrap();
        broken.write_all(b"half").unwrap();
        drop(broken);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "before");
        let mut output = Output::open(Some(file.clone())).unwrap();
        output.write_all(b"whole").unwrap();
        output.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "whole");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
