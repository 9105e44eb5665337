//! A million orders' lives in this design: which operations a life is of, and what each costs.

use super::inputs::{Inputs, Taken};
use super::prices::{CALLS, GB_SECONDS, INVOCATIONS, LOGS, OUT, PUBLISHES, Price, QUEUE, READS, WRITES};
use super::prices::{RECOVERY, STORAGE};
use crate::runtime::slower;
use oms_domain::Decimal;
use oms_workspace::report::Fault;

/// The memory that template.yaml gives each function, in MB.
pub(super) const MEMORY_MB: u64 = 256;
/// How long a call of the table takes, and a command's last one, a transaction (docs/scale.md).
pub(super) const CALL_MS: u64 = 8;
pub(super) const TRANSACTION_MS: u64 = 25;
/// How long an invocation of what follows the stream is taken to last, in ms.
pub(super) const CONSUMER_MS: u64 = 100;
/// What Lambda logs of an invocation, and the gateway of a request, is taken to have, in bytes.
pub(super) const PLATFORM_LOG_BYTES: u64 = 700;
pub(super) const ACCESS_LOG_BYTES: u64 = 400;
/// How many messages a life's orders and payments are looked after by, each sent, received and
/// deleted.
pub(super) const MESSAGES: u64 = 2;
const A_MESSAGE: u64 = 3;

/// Something that a life is of.
struct Operation {
    name: &'static str,
    /// How often it happens in a life.
    times: u64,
    /// The commands that it is, each once; none where it only reads, `times` times.
    commands: &'static [&'static str],
    /// The request of `bench runtime` whose processor's time, answer and log it is taken to have.
    measured_as: &'static str,
}

/// The requests of a life. How often somebody looks is assumed.
const REQUESTS: [Operation; 9] = [
    Operation { name: "place", times: 1, commands: &["create"], measured_as: "create, 3 lines" },
    Operation { name: "make a payment", times: 1, commands: &["payment"], measured_as: "create, 3 lines" },
    Operation { name: "pay", times: 1, commands: &["process"], measured_as: "create, 3 lines" },
    Operation {
        name: "confirm, ship, deliver",
        times: 3,
        commands: &["confirm", "ship", "deliver"],
        measured_as: "edit",
    },
    Operation { name: "look at the order", times: 4, commands: &[], measured_as: "read an order" },
    Operation { name: "the customer's orders", times: 2, commands: &[], measured_as: "my_orders, 20" },
    Operation {
        name: "a list of staff's, by three fields",
        times: 3,
        commands: &[],
        measured_as: "list by three fields, 20",
    },
    Operation { name: "a search", times: 1, commands: &[], measured_as: "search for a number" },
    Operation { name: "statistics", times: 1, commands: &[], measured_as: "order_stats" },
];

/// What an operation takes in a life, and costs in a million.
#[derive(Clone, Default)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) calls: Decimal,
    pub(super) invocations: Decimal,
    pub(super) billed_ms: Decimal,
    pub(super) write_units: Decimal,
    pub(super) read_units: Decimal,
    /// In KB of a thousand bytes, as all that is charged by the GB.
    pub(super) log_kb: Decimal,
    pub(super) out_kb: Decimal,
    publishes: Decimal,
    messages: Decimal,
}

impl Line {
    /// What a million of it cost by service.
    pub(super) fn services(&self) -> [(&'static str, Decimal); 8] {
        let million = Decimal::from(1_000_000);
        let of = |price: &Price, number: Decimal| price.of(number * million);
        let gb_seconds = self.billed_ms * Decimal::from(MEMORY_MB) / Decimal::from(1_024 * 1_000);
        // A million times a KB is a GB.
        [
            ("DynamoDB, writes", of(&WRITES, self.write_units)),
            ("DynamoDB, reads", of(&READS, self.read_units)),
            ("API Gateway", of(&CALLS, self.calls)),
            ("Lambda, requests", of(&INVOCATIONS, self.invocations)),
            ("Lambda, time", of(&GB_SECONDS, gb_seconds)),
            ("SNS and SQS", of(&PUBLISHES, self.publishes) + of(&QUEUE, self.messages)),
            ("logs", LOGS.usd() * self.log_kb),
            ("data out", OUT.usd() * self.out_kb),
        ]
    }

    /// What a million of it cost together.
    pub(super) fn usd(&self) -> Decimal {
        self.services().iter().map(|(_, usd)| *usd).sum()
    }
}

/// What a life takes, operation by operation.
pub(super) fn lines(inputs: &Inputs) -> Result<Vec<Line>, Fault> {
    let mut lines: Vec<Line> =
        REQUESTS.iter().map(|operation| request(inputs, operation)).collect::<Result<_, _>>()?;
    let projections = ["counters", "rows of lists", "rows of payments", "rows of lines", "rows of searches"];
    let mut written = Decimal::ZERO;
    for part in projections {
        written += inputs.life(&format!("/wcu/{part}"))?;
    }
    // One batch for what a customer does within a second, and one for each of staff's three moves.
    lines.push(Line {
        read_units: inputs.life("/consumers/rcu")?,
        ..consumer("counters, rows of lists and searches", 4, written)
    });
    lines.push(Line {
        publishes: inputs.life("/consumers/events")?,
        ..consumer("notifications and events", 7, inputs.life("/wcu/publisher")?)
    });
    lines.push(Line {
        messages: Decimal::from(MESSAGES * A_MESSAGE),
        ..consumer("what looks after payments and unpaid orders", MESSAGES, Decimal::ZERO)
    });
    Ok(lines)
}

fn request(inputs: &Inputs, operation: &Operation) -> Result<Line, Fault> {
    let Operation { name, times, commands, measured_as } = operation;
    let compute = inputs.compute(measured_as)?;
    let taken: Vec<Taken> = if commands.is_empty() {
        (0..*times).map(|_| inputs.query(measured_as)).collect::<Result<_, _>>()?
    } else {
        commands.iter().map(|command| inputs.command(command)).collect::<Result<_, _>>()?
    };
    let last = if commands.is_empty() { CALL_MS } else { TRANSACTION_MS };
    let times = Decimal::from(*times);
    let computing = (compute.cpu_ms * slower(MEMORY_MB)).ceil();
    let waiting: Decimal = taken
        .iter()
        .map(|taken| (taken.trips - Decimal::ONE) * Decimal::from(CALL_MS) + Decimal::from(last))
        .sum();
    let kb = |bytes: Decimal| times * bytes / Decimal::from(1_000);
    Ok(Line {
        name,
        calls: times,
        invocations: times,
        billed_ms: times * computing + waiting,
        write_units: taken.iter().map(|taken| taken.write_units).sum(),
        read_units: taken.iter().map(|taken| taken.read_units).sum(),
        log_kb: kb(compute.log_bytes + Decimal::from(PLATFORM_LOG_BYTES + ACCESS_LOG_BYTES)),
        out_kb: kb(compute.answer_bytes),
        ..Line::default()
    })
}

fn consumer(name: &'static str, invocations: u64, write_units: Decimal) -> Line {
    let invocations = Decimal::from(invocations);
    // It is taken to log as much as Lambda does of it.
    let log_bytes = Decimal::from(2 * PLATFORM_LOG_BYTES);
    Line {
        name,
        invocations,
        billed_ms: invocations * Decimal::from(CONSUMER_MS),
        write_units,
        log_kb: invocations * log_bytes / Decimal::from(1_000),
        ..Line::default()
    }
}

/// What a million lives cost for each month that they are stored, with recovery to any second.
pub(super) fn a_month_stored(inputs: &Inputs) -> Result<Decimal, Fault> {
    let kb = |pointer| -> Result<Decimal, Fault> { Ok(inputs.life(pointer)? / Decimal::from(1_000)) };
    let (table, indexes) = (kb("/bytes/table")?, kb("/bytes/indexes")?);
    Ok((table + indexes) * STORAGE.usd() + table * RECOVERY.usd())
}
