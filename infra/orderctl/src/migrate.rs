//! Makes all items of the table have one shape, forwards or back, while two versions of the API may
//! serve; and says which versions may use the table.

use crate::environment::Environment;
use crate::progress::Progress;
use crate::resume::{Resume, Step};
use clap::Args;
use oms_core::app::App;
use oms_table::schema::migrating::Shapes;
use oms_table::schema::{SCHEMA, readable_since};
use oms_workspace::report::{Fault, Report};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// How many items of newer versions are named.
const NAMED: usize = 20;

/// What is to be done.
#[derive(Args, Clone, Debug, Default)]
pub struct Migrate {
    /// The shape: what the functions' WRITE_SCHEMA says, or is to say after a rollback; without it,
    /// what there is of each is told
    #[arg(long, value_name = "SHAPE", value_parser = clap::value_parser!(u32).range(1..=i64::from(SCHEMA)))]
    pub to: Option<u32>,
    /// How many items a second to look at at most
    #[arg(long, value_name = "ITEMS", value_parser = crate::cli::rate())]
    pub rate: Option<u32>,
    /// Write down in this file how far it has got, and go on from there if it exists; it is removed
    /// when all is done
    #[arg(long, value_name = "FILE", requires = "to")]
    pub resume: Option<PathBuf>,
    /// Then shut out versions of the functions that do not know the shape, if nothing has an older
    /// one any more
    #[arg(long, requires = "to")]
    pub contract: bool,
}

impl Migrate {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`], and where settings are missing.
    pub async fn run(&self, environment: &Environment) -> Result<Report, Fault> {
        match self.to {
            Some(to) => run(&environment.app_writing(to).await?, self).await,
            None => shapes(&environment.app().await?, self.rate).await,
        }
    }
}

/// Says how many items there are of each shape, and which versions may use the table.
///
/// # Errors
/// Where the table cannot be read.
async fn shapes(app: &App, rate: Option<u32>) -> Result<Report, Fault> {
    let shapes = count(app, rate).await?;
    let mut text = format!("this orderctl knows the shapes 1 to {SCHEMA}\n");
    for ((what, schema), count) in &shapes {
        text.push_str(&format!("shape {schema}: {count} {what}\n"));
    }
    let minimum = app.table().minimum_reader().await?;
    text.push_str(&format!("versions that know shape {minimum} may use the table"));
    let counts: Map<String, Value> = shapes
        .iter()
        .map(|((what, schema), count)| (format!("{what} of shape {schema}"), json!(count)))
        .collect();
    Ok(Report::new(text, true).with("knows", SCHEMA).with("minimum_reader", minimum).with("counts", counts))
}

/// Makes all items have the shape that the app writes, and tells what it did. Not well is what a
/// newer version wrote, which stays, and with `contract` what has an older shape still.
///
/// # Errors
/// Where the table cannot be read or written.
pub async fn run(app: &App, how: &Migrate) -> Result<Report, Fault> {
    let wanted = app.config().write_schema;
    let table = app.table();
    // Before the first item that older versions could not read; back once none is left.
    let minimum = table.minimum_reader().await?;
    if minimum < readable_since(wanted) {
        table.set_minimum_reader(readable_since(wanted)).await?;
    }
    let mut resume = Resume::open(how.resume.clone())?;
    let progress = Progress::of_orders("items looked at", app).await;
    let (reading, began, before) = (progress.reading(how.rate), app.now(), resume.done(Step::Shapes));
    let (mut changed, mut newer) = (0, Vec::new());
    while let Some(after) = resume.after(Step::Shapes) {
        let page = table.migrate_page(after).await?;
        changed += page.changed;
        newer.extend(page.newer);
        resume.advance(Step::Shapes, page.changed + page.unchanged, page.next)?;
        reading.pace(began, app.now(), (resume.done(Step::Shapes) - before) as u64).await;
    }
    let looked_at = resume.done(Step::Shapes);
    resume.end()?;
    let mut text = format!("{changed} of {looked_at} items have shape {wanted} now that had another\n");
    for item in newer.iter().take(NAMED) {
        text.push_str(&format!("{item} was written by a newer version, and stays as it is\n"));
    }
    if newer.len() > NAMED {
        text.push_str(&format!("so were {} more\n", newer.len() - NAMED));
    }
    let mut is_well = newer.is_empty();
    if minimum > wanted {
        is_well &= let_back_in(app, wanted, how.rate, &mut text).await?;
    }
    if how.contract {
        is_well &= contract(app, wanted, how.rate, &mut text).await?;
    }
    let minimum = table.minimum_reader().await?;
    text.push_str(&format!("versions that know shape {minimum} may use the table"));
    let report = Report::new(text, is_well).with("changed", changed).with("looked_at", looked_at);
    Ok(report.with("newer", newer).with("minimum_reader", minimum))
}

/// Lets versions back in that were shut out, once nothing has a shape that is newer than the one
/// that is wanted: a migration that was interrupted, or another version, may have left some.
async fn let_back_in(app: &App, wanted: u32, rate: Option<u32>, text: &mut String) -> Result<bool, Fault> {
    let newer = of_other_shapes(app, rate, |schema, written| schema > written, wanted).await?;
    if newer > 0 {
        text.push_str(&format!("{newer} items have a newer shape still: older versions stay shut out\n"));
        return Ok(false);
    }
    app.table().set_minimum_reader(readable_since(wanted)).await?;
    Ok(true)
}

/// Shuts older versions out, if none has written anything since.
async fn contract(app: &App, wanted: u32, rate: Option<u32>, text: &mut String) -> Result<bool, Fault> {
    let older = of_other_shapes(app, rate, |schema, written| schema < written, wanted).await?;
    if older > 0 {
        text.push_str(&format!(
            "{older} items have an older shape again: an older version still writes them\n"
        ));
        return Ok(false);
    }
    app.table().set_minimum_reader(wanted).await?;
    Ok(true)
}

/// How many items have a shape that is so to the one that their kind is written in.
async fn of_other_shapes(
    app: &App,
    rate: Option<u32>,
    is_other: fn(u32, u32) -> bool,
    wanted: u32,
) -> Result<usize, Fault> {
    let written = oms_table::schema::written(wanted);
    let is_other =
        |what: &str, schema: u32| written.iter().any(|(kind, of)| *kind == what && is_other(schema, *of));
    let shapes = count(app, rate).await?;
    Ok(shapes.iter().filter(|((what, schema), _)| is_other(what, *schema)).map(|(_, count)| count).sum())
}

async fn count(app: &App, rate: Option<u32>) -> Result<Shapes, Fault> {
    let progress = Progress::of_orders("items counted", app).await;
    let (reading, began) = (progress.reading(rate), app.now());
    let mut shapes = Shapes::new();
    let mut after = None;
    loop {
        after = app.table().count_shapes(after, &mut shapes).await?;
        reading.pace(began, app.now(), shapes.values().sum::<usize>() as u64).await;
        if after.is_none() {
            return Ok(shapes);
        }
    }
}
