//! The section as docs/cost.md has it.

use super::inputs::Inputs;
use super::lives::{self, Line};
use super::others::{self, Command};
use super::prices;
use oms_domain::Decimal;
use oms_workspace::report::Fault;
use std::fmt::Write as _;

/// How wide a line of prose is.
const COLUMNS: usize = 100;
/// What a stack costs in a month whatever is sold: its alarms, and the key of their mails (see
/// there).
const ALARMS_USD: u64 = 8;
/// How many months orders are stored where the designs are compared.
const MONTHS: u64 = 12;

/// The section.
pub(super) fn section(inputs: &Inputs) -> Result<String, Fault> {
    let lines = lives::lines(inputs)?;
    let stored = lives::a_month_stored(inputs)?;
    let mut text = operations(&lines);
    text.push_str(&services(&lines, stored, inputs)?);
    text.push_str(&assumptions());
    text.push_str(&separate_items(&lines, inputs)?);
    text.push_str(&servers(&lines, stored)?);
    write!(text, "\n{}", prices::table())?;
    Ok(text.split("\n\n").map(filled).collect::<Vec<_>>().join("\n\n"))
}

/// A block of text in lines of at most [`COLUMNS`], unless it is a table or a list.
fn filled(block: &str) -> String {
    if block.starts_with(['|', '-']) {
        return block.to_owned();
    }
    let (mut text, mut column) = (String::new(), 0);
    for word in block.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

fn usd(amount: Decimal) -> String {
    format!("{:.2}", amount.round_dp(2))
}

fn short(figure: Decimal) -> Decimal {
    figure.round_dp(1).normalize()
}

fn operations(lines: &[Line]) -> String {
    let mut text = "\
| in one life | requests | invocations | ms billed | WRU | RRU | KB logged | KB out | USD a million |
|---|---|---|---|---|---|---|---|---|
"
    .to_owned();
    let mut row = |name: &str, line: &Line, usd: String| {
        let figures = [
            line.calls,
            line.invocations,
            line.billed_ms.round(),
            line.write_units,
            line.read_units,
            line.log_kb,
            line.out_kb,
        ];
        let figures: Vec<String> = figures.into_iter().map(|figure| short(figure).to_string()).collect();
        let _ = writeln!(text, "| {name} | {} | {usd} |", figures.join(" | "));
    };
    let mut sum = Line::default();
    for line in lines {
        row(line.name, line, usd(line.usd()));
        sum.calls += line.calls;
        sum.invocations += line.invocations;
        sum.billed_ms += line.billed_ms;
        sum.write_units += line.write_units;
        sum.read_units += line.read_units;
        sum.log_kb += line.log_kb;
        sum.out_kb += line.out_kb;
    }
    row("together", &sum, format!("**{}**", usd(total(lines))));
    text
}

fn total(lines: &[Line]) -> Decimal {
    lines.iter().map(Line::usd).sum()
}

/// What a service asks for a million lives.
fn of_service(lines: &[Line], service: usize) -> Decimal {
    lines.iter().map(|line| line.services()[service].1).sum()
}

fn services(lines: &[Line], stored: Decimal, inputs: &Inputs) -> Result<String, Fault> {
    let mut text = "\n| for a million lives | USD |\n|---|---|\n".to_owned();
    let names = lines.first().map(Line::services).unwrap_or_default();
    for (service, (name, _)) in names.into_iter().enumerate() {
        writeln!(text, "| {name} | {} |", usd(of_service(lines, service)))?;
    }
    writeln!(text, "| together | **{}** |", usd(total(lines)))?;
    writeln!(text, "| besides, for each month that they are stored | {} |", usd(stored))?;
    let kb = |pointer| -> Result<Decimal, Fault> { Ok(short(inputs.life(pointer)? / Decimal::from(1_000))) };
    let (table, indexes) = (kb("/bytes/table")?, kb("/bytes/indexes")?);
    write!(
        text,
        "
A life stores {table} KB in the table and {indexes} KB in its indexes, with its rows, notifications and the
counters of a customer who orders once.
"
    )?;
    Ok(text)
}

fn assumptions() -> String {
    format!(
        "
Units, trips and bytes are those that `bench life` measures of an order of two lines, each change
handed on within a second; the processor's time, answers and logs those of `bench runtime`, whose
lists are pages of twenty. The rest is assumed:

- How often somebody looks: four times at the order, twice at the customer's orders, three times at
  a list of staff's; one search, one look at the statistics.
- Paying computes, answers and logs as placing an order of three lines does; confirming, shipping
  and delivering as an edit.
- Time: a function of {memory} MB computes with {memory}/1,769 of this machine's processor; a call of the
  table takes {call} ms, and the last one of a command {transaction} ms. An invocation of what follows the
  stream takes {consumer} ms. Cold starts are left out.
- Batches: one for what a customer does within a second, one for each later change; the publisher
  has no window, so each change is an invocation. A busy shop has fuller batches, and pays less.
- Two messages a life, each sent, received and deleted. Empty receives, mails and texts are left
  out; so are the free tiers.
- Lambda logs {platform} bytes of an invocation, the gateway {access} of a request; what follows the stream
  logs as much again.
",
        memory = lives::MEMORY_MB,
        call = lives::CALL_MS,
        transaction = lives::TRANSACTION_MS,
        consumer = lives::CONSUMER_MS,
        platform = lives::PLATFORM_LOG_BYTES,
        access = lives::ACCESS_LOG_BYTES,
    )
}

fn separate_items(lines: &[Line], inputs: &Inputs) -> Result<String, Fault> {
    let mut text = "
**With separate items**, on paper: the order, each line, each payment and each entry of the log as
an item of its own of up to 1 KB, written in transactions, two units for each item, and one for each
entry of an index that changes: those by time of the user, the store and all, and that by status,
where a new key is two.

| in one life | items of a transaction | entries | times | WRU |
|---|---|---|---|---|
"
    .to_owned();
    for command in &others::SEPARATE {
        let Command { name, items, entries, times, .. } = command;
        writeln!(text, "| {name} | {items} | {entries} | {times} | {} |", command.units())?;
    }
    let ours = inputs.life("/wcu/commands")?;
    let apart = Decimal::from(others::separate_units());
    // Lines and payments are in lists of their own indexes, and need no rows.
    let rows = inputs.life("/wcu/rows of payments")? + inputs.life("/wcu/rows of lines")?;
    let written: Decimal = lines.iter().map(|line| line.write_units).sum();
    let theirs = written - ours - rows + apart;
    let dearer = prices::WRITES.usd() * (theirs - written);
    write!(
        text,
        "
So the commands write {apart} units instead of {ours}. Payments and lines need no rows beside
their items, {rows} units less; counters, the rows of lists and searches and the notifications are
taken to be the same. Together that is {theirs} units a life instead of {written}: {usd} USD a
million {word}. Of money, it makes little difference that an order is one item.
",
        usd = usd(dearer.abs()),
        word = if dearer.is_sign_negative() { "less" } else { "more" },
    )?;
    Ok(text)
}

fn servers(lines: &[Line], stored: Decimal) -> Result<String, Fault> {
    let mut text = "
**With Django and PostgreSQL** on the smallest servers that go on when one fails:

| in a month | USD |
|---|---|
"
    .to_owned();
    let mut theirs = Decimal::ZERO;
    for (name, amount) in others::servers() {
        writeln!(text, "| {name} | {} |", usd(amount))?;
        theirs += amount;
    }
    // Both send the same to the internet, and tell the same.
    let same = of_service(lines, 5) + of_service(lines, 7);
    let million = total(lines) - same + stored * Decimal::from(MONTHS);
    let fixed = Decimal::from(ALARMS_USD);
    let each = |millions: Decimal| (millions * Decimal::from(1_000)).round();
    let breaks = each((theirs - fixed).checked_div(million).unwrap_or_default());
    let every = (Decimal::from(others::HOURS * 3_600).checked_div(breaks * Decimal::from(1_000)))
        .unwrap_or_default()
        .round();
    let calls: Decimal = lines.iter().map(|line| line.calls).sum();
    write!(
        text,
        "| together | **{}** |

This system costs {fixed} USD a month with its alarms and {} USD for a million orders, less {} for
what both pay alike (data out, SNS and SQS), and {} for a year of a million orders a month in store:
{} together. **Below {breaks},000 orders a month it is cheaper, above it the servers are**, as long
as they are large enough, which nobody has measured: at the break-even an order comes every {every}
seconds, and with it {calls} requests. The instances' disks, addresses, logs and alarms are left
out, and so is whoever updates them; a year of orders is taken to fit into {} GB.
",
        usd(theirs),
        usd(total(lines)),
        usd(same),
        usd(stored * Decimal::from(MONTHS)),
        usd(million),
        others::DISK_GB,
    )?;
    Ok(text)
}
