//! What was measured: the files that `bench life --json` and `bench runtime --json` wrote.

use oms_domain::Decimal;
use oms_workspace::report::Fault;
use serde_json::Value;
use std::path::Path;

/// The measured figures.
pub(super) struct Inputs {
    life: Value,
    runtime: Value,
}

/// What a request takes of a function, and answers.
pub(super) struct Compute {
    /// Of the processor, in ms.
    pub(super) cpu_ms: Decimal,
    pub(super) answer_bytes: Decimal,
    pub(super) log_bytes: Decimal,
}

/// What a request takes of the table.
pub(super) struct Taken {
    pub(super) write_units: Decimal,
    pub(super) read_units: Decimal,
    pub(super) trips: Decimal,
}

impl Inputs {
    /// Reads both files.
    pub(super) fn read(life: &Path, runtime: &Path) -> Result<Self, Fault> {
        let read = |file: &Path| -> Result<Value, Fault> {
            let text =
                std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            Ok(serde_json::from_str(&text)?)
        };
        Ok(Self { life: read(life)?, runtime: read(runtime)? })
    }

    /// What the function takes for a request that `bench runtime` measures.
    pub(super) fn compute(&self, request: &str) -> Result<Compute, Fault> {
        let row = row(&self.runtime, "request", request)?;
        Ok(Compute {
            cpu_ms: figure(row, "/warm/cpu_us")? / Decimal::from(1_000),
            answer_bytes: figure(row, "/answer_bytes")?,
            log_bytes: figure(row, "/log_bytes")?,
        })
    }

    /// What a request that only reads takes of the table.
    pub(super) fn query(&self, request: &str) -> Result<Taken, Fault> {
        taken(row(&self.runtime, "request", request)?)
    }

    /// What a command of a life takes of the table.
    pub(super) fn command(&self, command: &str) -> Result<Taken, Fault> {
        taken(row(&self.life["commands"], "command", command)?)
    }

    /// A figure of a life, by where it stands.
    pub(super) fn life(&self, pointer: &str) -> Result<Decimal, Fault> {
        figure(&self.life, pointer)
    }
}

fn row<'a>(rows: &'a Value, key: &str, name: &str) -> Result<&'a Value, Fault> {
    let found = rows.as_array().and_then(|rows| rows.iter().find(|row| row[key] == name));
    found.ok_or_else(|| format!("the inputs have no {name}").into())
}

fn taken(row: &Value) -> Result<Taken, Fault> {
    let write_units = figure(row, "/wcu")?;
    Ok(Taken { write_units, read_units: figure(row, "/rcu")?, trips: figure(row, "/trips")? })
}

fn figure(value: &Value, pointer: &str) -> Result<Decimal, Fault> {
    let figure = value.pointer(pointer).ok_or_else(|| format!("the inputs have no {pointer}"))?;
    Ok(figure.to_string().parse()?)
}
