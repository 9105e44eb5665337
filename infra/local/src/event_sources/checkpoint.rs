//! Up to where a mapping has delivered its stream, lane by lane.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use oms_workspace::error::Result;
use oms_workspace::places::replace;
use serde_json::{Value, json};

/// A sequence number; `None` comes before all of them.
pub(super) type Position = Option<u128>;

/// The places of a mapping's lanes in a stream, kept in a file where there is one.
pub(super) struct Checkpoints {
    file: Option<PathBuf>,
    stream: String,
    state: Mutex<State>,
}

struct State {
    /// The last record that has been read, and put into its lane unless it was dropped.
    read: Position,
    lanes: Vec<Lane>,
    kept: Vec<Position>,
}

#[derive(Clone, Copy)]
struct Lane {
    /// The last record that was put into it.
    last: Position,
    /// The last record that is done or given up.
    finished: Position,
}

impl State {
    /// Where each lane goes on after a restart. One that has nothing left to do goes on where the
    /// reader is.
    fn positions(&self) -> Vec<Position> {
        let position = |lane: &Lane| match lane.finished == lane.last {
            true => self.read.max(lane.finished),
            false => lane.finished,
        };
        self.lanes.iter().map(position).collect()
    }
}

impl Checkpoints {
    /// What the file holds, if it is of this stream and not of an earlier table's. Where it has
    /// another number of lanes, or one place for all, every lane goes on at the earliest place.
    pub(super) fn open(file: Option<PathBuf>, stream: &str, lanes: usize) -> Self {
        let text = file.as_ref().and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
        let kept: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        let after = Some(&kept["after"]).filter(|_| kept["stream"] == stream);
        let number = |text: &Value| -> Position { text.as_str().and_then(|text| text.parse().ok()) };
        let mut kept: Vec<Position> = match after {
            Some(Value::Array(lanes)) => lanes.iter().map(number).collect(),
            after => after.map(number).into_iter().collect(),
        };
        if kept.len() != lanes {
            kept = vec![kept.iter().min().copied().flatten(); lanes];
        }
        let lanes = kept.iter().map(|&position| Lane { last: position, finished: position }).collect();
        let read = kept.iter().min().copied().flatten();
        Self { file, stream: stream.to_owned(), state: Mutex::new(State { read, lanes, kept }) }
    }

    /// The last record that has been read.
    pub(super) fn read(&self) -> Position {
        self.state().read
    }

    /// Whether a record has been delivered to its lane in an earlier run.
    pub(super) fn has_passed(&self, lane: usize, number: u128) -> bool {
        self.state().lanes[lane].finished >= Some(number)
    }

    /// Notes the last record of those that are about to be put into a lane.
    pub(super) fn put(&self, lane: usize, last: u128) {
        self.state().lanes[lane].last = Some(last);
    }

    /// Moves to what has been read; all of it that passed the filter is in its lane.
    pub(super) fn move_to(&self, read: Position) -> Result<()> {
        let mut state = self.state();
        state.read = state.read.max(read);
        self.keep(state)
    }

    /// Moves a lane to the last record that it has finished.
    pub(super) fn finish(&self, lane: usize, number: u128) -> Result<()> {
        let mut state = self.state();
        state.lanes[lane].finished = Some(number);
        self.keep(state)
    }

    fn keep(&self, mut state: MutexGuard<'_, State>) -> Result<()> {
        let positions = state.positions();
        if positions == state.kept {
            return Ok(());
        }
        if let Some(file) = &self.file {
            let after: Vec<_> =
                positions.iter().map(|place| place.map(|number| number.to_string())).collect();
            replace(file, json!({ "stream": self.stream, "after": after }).to_string().as_bytes())?;
        }
        state.kept = positions;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;

    fn open(scratch: &Scratch, stream: &str, lanes: usize) -> Checkpoints {
        Checkpoints::open(Some(scratch.path().join("f.json")), stream, lanes)
    }

    fn positions(checkpoints: &Checkpoints) -> Vec<Position> {
        checkpoints.state().positions()
    }

    #[test]
    fn each_lane_is_taken_up_again_but_not_by_another_stream() {
        let scratch = Scratch::new().unwrap();
        let checkpoints = open(&scratch, "a", 2);
        assert_eq!((checkpoints.read(), positions(&checkpoints)), (None, vec![None, None]));
        checkpoints.put(0, 101);
        checkpoints.put(1, 102);
        checkpoints.move_to(Some(103)).unwrap();
        assert_eq!(positions(&checkpoints), [None, None]);
        checkpoints.finish(0, 101).unwrap();
        // Nothing is left in the first lane: what has been read since was dropped, or another's.
        let again = open(&scratch, "a", 2);
        assert_eq!((again.read(), positions(&again)), (None, vec![Some(103), None]));
        assert!(again.has_passed(0, 103) && !again.has_passed(1, 102));
        checkpoints.finish(1, 102).unwrap();
        assert_eq!(open(&scratch, "a", 2).read(), Some(103));
        assert_eq!(open(&scratch, "b", 2).read(), None);
    }

    #[test]
    fn lanes_of_another_number_go_on_at_the_earliest_place() {
        let scratch = Scratch::new().unwrap();
        let checkpoints = open(&scratch, "a", 2);
        checkpoints.put(0, 9);
        checkpoints.put(1, 100);
        checkpoints.finish(0, 9).unwrap();
        checkpoints.finish(1, 100).unwrap();
        assert_eq!(positions(&open(&scratch, "a", 3)), [Some(9), Some(9), Some(9)]);
    }

    #[test]
    fn a_file_with_one_place_for_all_lanes_is_understood() {
        let scratch = Scratch::new().unwrap();
        let old = json!({ "stream": "a", "after": "100" }).to_string();
        std::fs::write(scratch.path().join("f.json"), old).unwrap();
        let checkpoints = open(&scratch, "a", 2);
        assert_eq!((checkpoints.read(), positions(&checkpoints)), (Some(100), vec![Some(100); 2]));
    }
}
