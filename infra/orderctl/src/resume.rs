//! How far a long work has got, in a file, so that it goes on there after it was interrupted.

use oms_table::{Item, key, keys, text};
use oms_workspace::report::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A step of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// The rows of orders are written.
    Rows,
    /// Rows that no order has are removed.
    StaleRows,
    /// Items get another shape.
    Shapes,
}

/// How far a step has got.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    done: usize,
    /// The last key that was read; none at the beginning and at the end.
    after: Option<(String, String)>,
    is_over: bool,
}

/// How far each step has got.
pub(crate) struct Resume {
    file: Option<PathBuf>,
    steps: BTreeMap<Step, Position>,
}

impl Resume {
    /// Begins where a file says, or at the beginning where there is none yet.
    pub(crate) fn open(file: Option<PathBuf>) -> Result<Self, Fault> {
        let steps = match file.as_ref().filter(|file| file.exists()) {
            Some(file) => {
                let text = std::fs::read_to_string(file)?;
                serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?
            }
            None => BTreeMap::new(),
        };
        Ok(Self { file, steps })
    }

    /// Where a step goes on; none where it is over.
    pub(crate) fn after(&self, step: Step) -> Option<Option<Item>> {
        let position = self.steps.get(&step).cloned().unwrap_or_default();
        (!position.is_over).then(|| position.after.map(|(pk, sk)| key(pk, sk)))
    }

    /// How much of it is done.
    pub(crate) fn done(&self, step: Step) -> usize {
        self.steps.get(&step).map_or(0, |position| position.done)
    }

    /// Writes down that so much more of a step is done, and where it goes on.
    pub(crate) fn advance(&mut self, step: Step, more: usize, next: Option<Item>) -> Result<(), Fault> {
        let position = self.steps.entry(step).or_default();
        position.done += more;
        position.is_over = next.is_none();
        let of = |item: &Item, name| text(item, name).to_owned();
        position.after = next.map(|next| (of(&next, keys::PK), of(&next, keys::SK)));
        let Some(file) = &self.file else { return Ok(()) };
        // Whole or not at all.
        let new = file.with_extension("new");
        std::fs::write(&new, serde_json::to_string(&self.steps)?)?;
        Ok(std::fs::rename(&new, file)?)
    }

    /// Removes the file: all is done.
    pub(crate) fn end(self) -> Result<(), Fault> {
        match self.file.filter(|file| file.exists()) {
            Some(file) => Ok(std::fs::remove_file(file)?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;

    #[test]
    fn it_goes_on_where_it_was_interrupted() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("rebuild.json");
        let mut first = Resume::open(Some(file.clone())).unwrap();
        assert_eq!(first.after(Step::Rows), Some(None));
        let next = key("ORDER#1".into(), "ORDER".into());
        first.advance(Step::Rows, 7, Some(next.clone())).unwrap();
        drop(first);
        let mut second = Resume::open(Some(file.clone())).unwrap();
        assert_eq!((second.after(Step::Rows), second.done(Step::Rows)), (Some(Some(next)), 7));
        second.advance(Step::Rows, 2, None).unwrap();
        let third = Resume::open(Some(file.clone())).unwrap();
        assert_eq!((third.after(Step::Rows), third.done(Step::Rows)), (None, 9));
        assert_eq!(third.after(Step::StaleRows), Some(None));
        third.end().unwrap();
        assert!(!file.exists());
        std::fs::write(&file, "{").unwrap();
        assert!(Resume::open(Some(file)).is_err(), "what cannot be read is not overlooked");
    }
}
