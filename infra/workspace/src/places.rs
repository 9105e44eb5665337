//! Where things are kept.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error, Result};

/// The directories of one stack.
#[derive(Debug, Clone)]
pub struct Places {
    /// The checkout.
    pub root: PathBuf,
    /// What all stacks of the checkout share: the tools and the key that signs tokens.
    pub shared: PathBuf,
    /// What belongs to one stack: its table, checkpoints, logs, and `dev.env`.
    pub state: PathBuf,
}

impl Places {
    /// Makes the directories that do not exist yet. Without `state`, it is the shared one.
    pub fn make(state: Option<PathBuf>) -> Result<Self> {
        let root = crate::root();
        let shared = root.join(".local");
        let state = state.unwrap_or_else(|| shared.clone());
        for directory in [&shared, &state] {
            std::fs::create_dir_all(directory).doing(format!("making {}", directory.display()))?;
        }
        let state = state.canonicalize().doing(format!("finding {}", state.display()))?;
        Ok(Self { root, shared, state })
    }

    /// Where the stack says how to reach it.
    pub fn dev_env(&self) -> PathBuf {
        self.state.join("dev.env")
    }

    /// Keeps other stacks out of the state directory for as long as the file lives.
    pub fn lock(&self) -> Result<File> {
        let path = self.state.join("lock");
        let file = File::create(&path).doing(format!("making {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Setup(format!(
                "another `cargo dev` runs on {}: stop it, or give this one its own with --state-dir DIR --port 0",
                self.state.display()
            ))),
            Err(TryLockError::Error(error)) => Err(error).doing(format!("locking {}", path.display())),
        }
    }
}

/// Replaces a file in one step, so that a reader sees the old content or the new, never half of it.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let half = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&half, content).doing(format!("writing {}", half.display()))?;
    std::fs::rename(&half, path).doing(format!("writing {}", path.display()))
}
