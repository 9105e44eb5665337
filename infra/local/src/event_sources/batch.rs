//! What becomes of a batch of stream records whose invocation failed, as Lambda documents it.
//!
//! Pure: it is told what came of each invocation and says what comes next. Records are known by
//! their position in the batch; order is kept throughout, so nothing is tried before all that
//! precedes it has been done or given up.

use std::ops::Range;

use serde_json::Value;

/// What an answer says about a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All its records are done.
    Done,
    /// All before this position are done, this one and what follows is not.
    FailedFrom(usize),
    /// None is done.
    Failed,
}

/// What to do after an invocation.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on with what is left.
    GoOn,
    /// Try the same records again, after a pause that grows with the number of failures.
    Retry(u32),
    /// These records have been tried too often: tell the failure queue, and go on with what is
    /// left.
    GiveUp(Range<usize>),
}

/// The mapping's settings that decide.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether a failed batch is split in two; splitting is no retry.
    pub bisect: bool,
    /// How often the same records are tried again; `None` for ever.
    pub maximum_retries: Option<u32>,
}

/// A batch in work.
#[derive(Debug)]
pub struct Batch {
    policy: Policy,
    length: usize,
    /// What is left, the next piece last.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    records: Range<usize>,
    failures: u32,
}

impl Batch {
    /// A batch of so many records.
    pub fn new(length: usize, policy: Policy) -> Self {
        let pieces = if length == 0 { Vec::new() } else { vec![Piece { records: 0..length, failures: 0 }] };
        Self { policy, length, pieces }
    }

    /// The records to hand over now; `None` when the batch is finished.
    pub fn next(&self) -> Option<Range<usize>> {
        self.pieces.last().map(|piece| piece.records.clone())
    }

    /// Up to where all records have been done or given up: the checkpoint.
    pub fn finished_until(&self) -> usize {
        self.pieces.last().map_or(self.length, |piece| piece.records.start)
    }

    /// How often the records of [`next`](Self::next) have failed.
    pub fn failures(&self) -> u32 {
        self.pieces.last().map_or(0, |piece| piece.failures)
    }

    /// Gives up the first `count` records of [`next`](Self::next), because they are too old.
    pub fn skip(&mut self, count: usize) {
        if let Some(mut piece) = self.pieces.pop() {
            piece.records.start += count;
            self.push(piece);
        }
    }

    /// Takes note of what came of handing over [`next`](Self::next).
    pub fn note(&mut self, verdict: &Verdict) -> Next {
        let Some(mut piece) = self.pieces.pop() else {
            return Next::GoOn;
        };
        match *verdict {
            Verdict::Done => return Next::GoOn,
            // Some of it is done: the rest is another batch, with no failure of its own yet.
            Verdict::FailedFrom(position)
                if piece.records.start < position && position < piece.records.end =>
            {
                piece.records.start = position;
                self.push(piece);
                return Next::GoOn;
            }
            Verdict::FailedFrom(_) | Verdict::Failed => {}
        }
        if self.policy.bisect && piece.records.len() > 1 {
            let middle = piece.records.start + piece.records.len() / 2;
            self.push(Piece { records: middle..piece.records.end, failures: piece.failures });
            self.push(Piece { records: piece.records.start..middle, failures: piece.failures });
            return Next::GoOn;
        }
        if self.policy.maximum_retries.is_some_and(|maximum| piece.failures >= maximum) {
            return Next::GiveUp(piece.records);
        }
        piece.failures += 1;
        let failures = piece.failures;
        self.push(piece);
        Next::Retry(failures)
    }

    fn push(&mut self, piece: Piece) {
        if !piece.records.is_empty() {
            self.pieces.push(piece);
        }
    }
}

/// The identifiers that a partial batch response names as failed; `None` when it fails the whole
/// batch, which an empty or missing identifier does, and one that is not in the batch.
pub fn failed_identifiers(answer: &Value, known: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let failures = answer["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let identifier = |failure: &Value| failure["itemIdentifier"].as_str().map(str::to_owned);
    let identifiers: Option<Vec<String>> = failures.iter().map(identifier).collect();
    identifiers.filter(|all| all.iter().all(|identifier| known(identifier)))
}

/// What an answer says about the records `from..` with these sequence numbers.
pub fn verdict(
    answer: &Value,
    from: usize,
    sequence_numbers: &[&str],
    reports_item_failures: bool,
) -> Verdict {
    if !reports_item_failures {
        return Verdict::Done;
    }
    let position = |number: &str| sequence_numbers.iter().position(|known| *known == number);
    match failed_identifiers(answer, |number| position(number).is_some()) {
        None => Verdict::Failed,
        Some(failed) => match failed.iter().filter_map(|number| position(number)).min() {
            None => Verdict::Done,
            Some(lowest) => Verdict::FailedFrom(from + lowest),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const POLICY: Policy = Policy { bisect: true, maximum_retries: Some(2) };

    /// One range of records.
    fn only(records: Range<usize>) -> Vec<Range<usize>> {
        std::iter::once(records).collect()
    }

    /// Runs a batch against a function that fails whenever one of `poison` is in what it gets, and
    /// tells what it was handed and what was given up.
    fn run(length: usize, policy: Policy, poison: &[usize]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let mut batch = Batch::new(length, policy);
        let (mut handed, mut given_up) = (Vec::new(), Vec::new());
        while let Some(records) = batch.next() {
            assert!(handed.len() < 200, "no end in sight");
            assert_eq!(batch.finished_until(), records.start);
            handed.push(records.clone());
            let failed = poison.iter().any(|record| records.contains(record));
            match batch.note(if failed { &Verdict::Failed } else { &Verdict::Done }) {
                Next::GiveUp(records) => given_up.push(records),
                Next::GoOn | Next::Retry(_) => {}
            }
        }
        assert_eq!(batch.finished_until(), length);
        (handed, given_up)
    }

    #[test]
    fn a_good_batch_is_handed_over_once() {
        assert_eq!(run(8, POLICY, &[]), (only(0..8), Vec::new()));
    }

    #[test]
    fn bisecting_isolates_a_poison_record_and_keeps_the_order() {
        let (handed, given_up) = run(8, POLICY, &[5]);
        assert_eq!(handed, [0..8, 0..4, 4..8, 4..6, 4..5, 5..6, 5..6, 5..6, 6..8]);
        assert_eq!(given_up, only(5..6));
    }

    #[test]
    fn without_bisecting_the_whole_batch_is_given_up() {
        let policy = Policy { bisect: false, ..POLICY };
        assert_eq!(run(3, policy, &[1]), (vec![0..3, 0..3, 0..3], only(0..3)));
    }

    #[test]
    fn every_batch_ends_whatever_is_poisonous() {
        for length in 0..9_usize {
            for mask in 0..(1_usize << length) {
                let poison: Vec<usize> = (0..length).filter(|record| mask >> record & 1 == 1).collect();
                let (_, given_up) = run(length, POLICY, &poison);
                assert_eq!(given_up, poison.iter().map(|&record| record..record + 1).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_partial_failure_moves_the_checkpoint_to_the_lowest_failed_record() {
        let mut batch = Batch::new(4, POLICY);
        assert_eq!(batch.note(&Verdict::FailedFrom(2)), Next::GoOn);
        assert_eq!((batch.finished_until(), batch.next(), batch.failures()), (2, Some(2..4), 0));
        // No progress now: that is a failure of the piece, and splits it.
        assert_eq!(batch.note(&Verdict::FailedFrom(2)), Next::GoOn);
        assert_eq!(batch.next(), Some(2..3));
        assert_eq!(batch.note(&Verdict::Failed), Next::Retry(1));
        assert_eq!(batch.note(&Verdict::Failed), Next::Retry(2));
        assert_eq!(batch.note(&Verdict::Failed), Next::GiveUp(2..3));
        assert_eq!(batch.note(&Verdict::Done), Next::GoOn);
        assert_eq!((batch.next(), batch.finished_until()), (None, 4));
    }

    #[test]
    fn records_that_are_too_old_are_skipped() {
        let mut batch = Batch::new(3, POLICY);
        batch.skip(2);
        assert_eq!((batch.next(), batch.finished_until()), (Some(2..3), 2));
        batch.skip(1);
        assert_eq!((batch.next(), batch.finished_until()), (None, 3));
    }

    #[test]
    fn retries_without_a_maximum_never_give_up() {
        let mut batch = Batch::new(1, Policy { bisect: true, maximum_retries: None });
        for failures in 1..1000 {
            assert_eq!(batch.note(&Verdict::Failed), Next::Retry(failures));
        }
    }

    #[test]
    fn an_answer_is_read_as_lambda_reads_it() {
        let numbers = ["100", "101", "102"];
        let read = |answer: Value| verdict(&answer, 10, &numbers, true);
        let failing = |numbers: &[&str]| {
            let failures: Vec<Value> =
                numbers.iter().map(|number| json!({"itemIdentifier": number})).collect();
            json!({ "batchItemFailures": failures })
        };
        assert_eq!(read(Value::Null), Verdict::Done);
        assert_eq!(read(json!({})), Verdict::Done);
        assert_eq!(read(json!({"batchItemFailures": null})), Verdict::Done);
        assert_eq!(read(failing(&[])), Verdict::Done);
        assert_eq!(read(failing(&["102", "101"])), Verdict::FailedFrom(11));
        assert_eq!(read(failing(&[""])), Verdict::Failed);
        assert_eq!(read(failing(&["101", "7"])), Verdict::Failed);
        assert_eq!(read(json!({"batchItemFailures": [{"itemIdentifier": null}]})), Verdict::Failed);
        assert_eq!(read(json!({"batchItemFailures": [{"id": "101"}]})), Verdict::Failed);
        assert_eq!(verdict(&failing(&["101"]), 0, &numbers, false), Verdict::Done);
    }
}
