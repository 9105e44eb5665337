//! The file of an export, of which each line is looked at before the first is written.

use crate::record;
use oms_domain::{Order, OrderId};
use oms_workspace::report::Fault;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How many lines that are wrong are named.
const NAMED: usize = 20;

/// A file, and what its lines are about.
pub(super) struct OrderFile {
    path: PathBuf,
    /// The order of each number.
    pub(super) numbers: HashMap<String, OrderId>,
    /// The lines that are wrong, and why: the first of them, and how many more there are.
    pub(super) wrong: Vec<String>,
}

/// The lines of a file, each with its number, the empty ones left out.
struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl OrderFile {
    /// Looks at each line.
    ///
    /// # Errors
    /// The file cannot be read, or is one of CSV.
    pub(super) fn check(path: &Path) -> Result<Self, Fault> {
        let mut checked = Self { path: path.to_owned(), numbers: HashMap::new(), wrong: Vec::new() };
        let (mut ids, mut more) = (HashMap::new(), 0_u64);
        for line in Lines::open(path)? {
            let (number, line) = line?;
            if number == 1 && !line.trim_start().starts_with('{') {
                return Err(format!(
                    "{}: it is no JSON Lines. CSV holds what lists show, no whole order: export as jsonl",
                    path.display()
                )
                .into());
            }
            let found = record::read(&line).and_then(|order| {
                let twice = ids.insert(order.id, number).or_else(|| {
                    let other = checked.numbers.insert(order.order_number.clone(), order.id);
                    other.and_then(|other| ids.get(&other).copied())
                });
                twice.map_or(Ok(()), |line| Err(format!("its id or its number is that of line {line}")))
            });
            match found {
                Ok(()) => {}
                Err(why) if checked.wrong.len() < NAMED => {
                    checked.wrong.push(format!("line {number}: {why}"))
                }
                Err(_) => more += 1,
            }
        }
        if more > 0 {
            checked.wrong.push(format!("and {more} more lines"));
        }
        Ok(checked)
    }

    /// The orders, one after the other.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(super) fn orders(&self) -> Result<impl Iterator<Item = Result<Order, Fault>> + use<>, Fault> {
        Ok(Lines::open(&self.path)?.map(|line| {
            let (number, line) = line?;
            record::read(&line).map_err(|why| format!("line {number}: {why}").into())
        }))
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { reader: BufReader::new(file), number: 0 })
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, String), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            self.number += 1;
            let read = self.reader.by_ref().take(record::MAX_LINE_BYTES).read_until(b'\n', &mut line);
            match read {
                Ok(0) => return None,
                Ok(read) if read as u64 == record::MAX_LINE_BYTES => {
                    return Some(Err(format!("line {} is longer than any order", self.number).into()));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            match String::from_utf8(line) {
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => return Some(Ok((self.number, line))),
                Err(_) => return Some(Err(format!("line {} is no UTF-8", self.number).into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;

    #[test]
    fn lines_that_are_wrong_are_named_and_csv_is_told_what_it_lacks() {
        let scratch = Scratch::new().unwrap();
        let file = scratch.path().join("orders.jsonl");
        std::fs::write(&file, format!("{{}}\n\n{}", "{]\n".repeat(30))).unwrap();
        let checked = OrderFile::check(&file).unwrap();
        assert_eq!(checked.wrong.len(), NAMED + 1);
        assert!(checked.wrong[0].starts_with("line 1: it is no order of an export"), "{:?}", checked.wrong);
        assert!(checked.wrong[1].starts_with("line 3: "), "{:?}", checked.wrong);
        assert_eq!(checked.wrong.last().map(String::as_str), Some("and 11 more lines"));
        std::fs::write(&file, "id,order_number\r\n").unwrap();
        let error = OrderFile::check(&file).err().unwrap().to_string();
        assert!(error.contains("CSV holds what lists show"), "{error}");
        std::fs::write(&file, "").unwrap();
        assert!(OrderFile::check(&file).unwrap().numbers.is_empty());
    }
}
