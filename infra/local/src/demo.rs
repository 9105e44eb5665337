//! Demo data for a new table, made by [`orderctl::seed`].

use std::path::PathBuf;

use oms_workspace::console::{Step, say};
use oms_workspace::error::{Doing, Result};
use oms_workspace::places::{Places, replace};
use oms_workspace::tokens::{Issuer, User};
use orderctl::seed;
use serde_json::json;

use crate::functions;

/// How long a token of its users lives, in seconds.
const LIFETIME_S: i64 = 3_600;

/// Makes the demo data unless it has been made for this table. `table` tells one table from the
/// next; `None` is one that nothing remembers.
///
/// That it could not be made is said, and does not keep the stack from running.
pub async fn make_once(places: &Places, api: &str, issuer: &Issuer, table: Option<&str>) -> Result<()> {
    let marker = table.map(|table| Marker { file: places.state.join("demo"), table: table.to_owned() });
    match marker.as_ref().and_then(Marker::read) {
        Some(State::Finished) => return Ok(()),
        Some(State::Begun) => {
            say(format!(
                "! the demo data was interrupted at an earlier start and is incomplete: for all of it, stop, \
                 remove {}/dynamodb.db*, and start again",
                places.state.display()
            ));
            return Ok(());
        }
        None => {}
    }
    let step = Step::begin("making the demo data");
    write(marker.as_ref(), State::Begun)?;
    functions::expect_warnings(true);
    let made = seed::make(api, &|user: &User| issuer.token(user, LIFETIME_S)).await;
    functions::expect_warnings(false);
    match made {
        Ok(()) => {
            write(marker.as_ref(), State::Finished)?;
            step.done(seed::MADE);
        }
        Err(error) => say(format!("! the demo data is incomplete: {error}")),
    }
    Ok(())
}

/// How far the demo data of a table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Begun,
    Finished,
}

/// Remembers the demo data of one table.
struct Marker {
    file: PathBuf,
    table: String,
}

impl Marker {
    fn read(&self) -> Option<State> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let kept: serde_json::Value = serde_json::from_str(&text).ok()?;
        let state = if kept["finished"] == true { State::Finished } else { State::Begun };
        (kept["table"] == self.table.as_str()).then_some(state)
    }
}

fn write(marker: Option<&Marker>, state: State) -> Result<()> {
    let Some(marker) = marker else { return Ok(()) };
    let content = json!({ "table": marker.table, "finished": state == State::Finished });
    replace(&marker.file, content.to_string().as_bytes()).doing("remembering the demo data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_data_is_remembered_for_its_table_only() {
        let file = std::env::temp_dir().join(format!("oms-demo-{}", std::process::id()));
        let marker = Marker { file: file.clone(), table: "one".to_owned() };
        assert_eq!(marker.read(), None);
        write(Some(&marker), State::Begun).unwrap();
        assert_eq!(marker.read(), Some(State::Begun));
        write(Some(&marker), State::Finished).unwrap();
        let other = Marker { file: file.clone(), table: "two".to_owned() };
        let read = (marker.read(), other.read());
        std::fs::remove_file(&file).unwrap();
        assert_eq!(read, (Some(State::Finished), None));
    }
}
