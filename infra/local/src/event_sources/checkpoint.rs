//! Up to where a mapping has read its stream.

use std::path::PathBuf;

use oms_workspace::error::Result;
use oms_workspace::places::replace;
use serde_json::{Value, json};

/// A place in a stream, kept in a file where there is one.
pub(super) struct Checkpoint {
    file: Option<PathBuf>,
    stream: String,
    /// The last sequence number that is finished; `None` for none yet.
    after: Option<String>,
}

impl Checkpoint {
    /// What the file holds, if it is of this stream and not of an earlier table's.
    pub(super) fn open(file: Option<PathBuf>, stream: &str) -> Self {
        let text = file.as_ref().and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        let kept: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        let after = kept["after"].as_str().filter(|_| kept["stream"] == stream).map(str::to_owned);
        Self { file, stream: stream.to_owned(), after }
    }

    /// The last sequence number that is finished.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Moves to a sequence number; `None` is no move.
    pub(super) fn move_to(&mut self, number: Option<String>) -> Result<()> {
        if number.is_none() || number == self.after {
            return Ok(());
        }
        self.after = number;
        let Some(file) = &self.file else {
            return Ok(());
        };
        let content = json!({ "stream": self.stream, "after": self.after });
        replace(file, content.to_string().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_taken_up_again_but_not_by_another_stream() {
        let file = std::env::temp_dir().join(format!("oms-checkpoint-{}.json", std::process::id()));
        Checkpoint::open(Some(file.clone()), "a").move_to(Some("100".to_owned())).unwrap();
        let same = Checkpoint::open(Some(file.clone()), "a");
        let other = Checkpoint::open(Some(file.clone()), "b");
        std::fs::remove_file(&file).unwrap();
        assert_eq!((same.after(), other.after()), (Some("100"), None));
    }
}
