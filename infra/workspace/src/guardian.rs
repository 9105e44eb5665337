//! A small process that outlives this one, and then ends everything that it started.
//!
//! There is one way down for Ctrl-C, a failed start, a panic and `kill -9`: the pipe to the
//! guardian closes. It needs no cooperation from the dying process, which is why it is a process of
//! its own (in Python, which the stack needs anyway).

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Doing, Result};

/// The variable in the environment of every process of a stack, by which the guardian knows them.
pub const MARK: &str = "OMS_LOCAL_STACK";

/// How long everything may take to stop; the guardian itself gives up sooner.
const PATIENCE: Duration = Duration::from_secs(8);

/// The guardian of one stack.
pub struct Guardian {
    mark: String,
    pipe: Mutex<Option<ChildStdin>>,
    process: Mutex<Child>,
}

impl Guardian {
    /// Starts the guardian of the stack called `mark`; it removes `leftovers`, files and
    /// directories, when all has ended.
    pub fn start(python: &Path, mark: &str, leftovers: &[PathBuf]) -> Result<Self> {
        let mut process = Command::new(python)
            .args(["-c", include_str!("guardian.py")])
            .arg(format!("{MARK}={mark}"))
            .args(leftovers)
            // Out of the terminal's foreground group: Ctrl-C is for us, not for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .doing("starting the guardian process")?;
        let pipe = process.stdin.take();
        Ok(Self { mark: mark.to_owned(), pipe: Mutex::new(pipe), process: Mutex::new(process) })
    }

    /// What processes of the stack carry in [`MARK`].
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Entrusts a process to the guardian.
    pub fn watch(&self, pid: u32) {
        self.tell("watch", pid);
    }

    /// Says that a process has ended, so that its number may belong to another one.
    pub fn forget(&self, pid: u32) {
        self.tell("forget", pid);
    }

    fn tell(&self, verb: &str, pid: u32) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pipe) = pipe.as_mut() {
            // A dead guardian must not take the stack with it.
            let _ = writeln!(pipe, "{verb} {pid}").and_then(|()| pipe.flush());
        }
    }

    /// Ends everything and waits until it has ended.
    pub fn end_all(&self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !matches!(process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_its_marked_orphan_and_the_leftovers_end_with_the_guardian() {
        let directory = std::env::temp_dir().join(format!("guardian-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&directory).unwrap();
        let (file, full) = (directory.join("file"), directory.join("full"));
        std::fs::create_dir(&full).unwrap();
        std::fs::write(full.join("data"), "1").unwrap();
        std::fs::write(&file, "1").unwrap();
        let leftovers = [file, PathBuf::from("/nonexistent"), full];
        let guardian = Guardian::start(Path::new("python3"), "guardian-test", &leftovers).unwrap();
        let mut watched = Command::new("sleep").arg("600").spawn().unwrap();
        let mut marked = Command::new("sleep").arg("600").env(MARK, "guardian-test").spawn().unwrap();
        guardian.watch(watched.id());
        let reaper =
            std::thread::spawn(move || (watched.wait(), cfg!(target_os = "linux").then(|| marked.wait())));
        guardian.end_all();
        assert!(!reaper.join().unwrap().0.unwrap().success());
        assert!(!leftovers.iter().any(|path| path.exists()));
        std::fs::remove_dir(directory).unwrap();
    }
}
