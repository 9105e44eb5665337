//! What a mapping has read of its stream and not handed over yet.

use std::collections::VecDeque;

use serde_json::Value;

/// The most that one invocation takes, in bytes.
const PAYLOAD: usize = 6 * 1024 * 1024;

/// A record that passed the filter.
pub(super) struct Record {
    /// The record as the function sees it.
    pub event: Value,
    /// Its sequence number.
    pub number: String,
    /// When it was made, in seconds since 1970.
    pub at_s: i64,
    /// About how large it is, in bytes.
    pub bytes: usize,
}

/// Records for one invocation.
#[derive(Default)]
pub(super) struct Taken {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// The number of the last record read before the first one that was left.
    pub until: Option<String>,
}

/// Records in the order of the stream; of those that the filter dropped only the number is kept.
#[derive(Default)]
pub(super) struct Prefetch {
    read: VecDeque<Result<Record, String>>,
    wanted: usize,
    last: Option<String>,
}

impl Prefetch {
    /// Adds what comes next in the stream: a record, or the number of one that was dropped.
    pub(super) fn push(&mut self, next: Result<Record, String>) {
        let number = next.as_ref().map_or_else(String::clone, |record| record.number.clone());
        self.wanted += usize::from(next.is_ok());
        self.last = Some(number);
        self.read.push_back(next);
    }

    /// How many records wait.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// The number up to which the stream has been read.
    pub(super) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Takes at most so many records, and no more than an invocation may carry, but always one.
    pub(super) fn take(&mut self, most: usize) -> Taken {
        let mut taken = Taken::default();
        let mut bytes = 0;
        while let Some(next) = self.read.pop_front() {
            match next {
                Ok(record) => {
                    let too_large = bytes + record.bytes > PAYLOAD && bytes > 0;
                    if taken.records.len() == most || too_large {
                        self.read.push_front(Ok(record));
                        break;
                    }
                    bytes += record.bytes;
                    self.wanted -= 1;
                    taken.until = Some(record.number.clone());
                    taken.records.push(record);
                }
                Err(number) => taken.until = Some(number),
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefetch(stream: &[(&str, Option<usize>)]) -> Prefetch {
        let mut prefetch = Prefetch::default();
        for &(number, bytes) in stream {
            let number = number.to_owned();
            prefetch.push(match bytes {
                Some(bytes) => Ok(Record { event: Value::Null, number, at_s: 0, bytes }),
                None => Err(number),
            });
        }
        prefetch
    }

    fn numbers(taken: &Taken) -> (Vec<&str>, Option<&str>) {
        (taken.records.iter().map(|record| record.number.as_str()).collect(), taken.until.as_deref())
    }

    #[test]
    fn what_the_filter_dropped_is_passed_with_the_batch_before_it() {
        let mut prefetch = prefetch(&[("1", None), ("2", Some(1)), ("3", None), ("4", Some(1)), ("5", None)]);
        assert_eq!((prefetch.wanted(), prefetch.last()), (2, Some("5")));
        assert_eq!(numbers(&prefetch.take(1)), (vec!["2"], Some("3")));
        assert_eq!(numbers(&prefetch.take(1)), (vec!["4"], Some("5")));
        assert_eq!(numbers(&prefetch.take(1)), (vec![], None));
        assert_eq!((prefetch.wanted(), prefetch.last()), (0, Some("5")));
    }

    #[test]
    fn an_invocation_carries_six_megabytes_but_always_one_record() {
        let mut prefetch =
            prefetch(&[("1", Some(PAYLOAD + 1)), ("2", Some(PAYLOAD)), ("3", Some(1)), ("4", Some(1))]);
        assert_eq!(numbers(&prefetch.take(10)), (vec!["1"], Some("1")));
        assert_eq!(numbers(&prefetch.take(10)), (vec!["2"], Some("2")));
        assert_eq!(numbers(&prefetch.take(10)), (vec!["3", "4"], Some("4")));
    }
}
