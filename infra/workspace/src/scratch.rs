//! Files that nobody needs afterwards.

use std::path::{Path, PathBuf};

use crate::error::{Doing, Result};

/// A directory that goes with its value: outside the checkout, which `cargo lambda watch` watches
/// once for each process of a function. Every write there would wake all of them.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new directory among the system's temporary ones.
    pub fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("oms-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).doing(format!("making the directory {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The system clears its temporary directories by itself, sooner or later.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_directory_goes_with_what_is_in_it() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("data"), "1").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
