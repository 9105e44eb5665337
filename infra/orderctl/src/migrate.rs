//! Makes all items of the table have one shape, forwards or back, while two versions of the API may
//! serve; and says which versions may use the table.

use crate::progress::Progress;
use crate::resume::{Resume, Step};
use oms_core::app::App;
use oms_table::schema::migrating::Shapes;
use oms_table::schema::{SCHEMA, readable_since};
use oms_workspace::report::{Fault, Report};
use std::path::PathBuf;

/// How many items of newer versions are named.
const NAMED: usize = 20;

/// What is to be done. The shape that is wanted is the one that the app writes.
#[derive(Clone, Debug, Default)]
pub struct Migrate {
    /// How many items a second are looked at at most; none is as fast as it goes.
    pub rate: Option<u32>,
    /// Where it is written down how far it has got, and read where to go on.
    pub resume: Option<PathBuf>,
    /// Shut out versions that do not know the shape, once nothing has an older one.
    pub contract: bool,
}

/// Says how many items there are of each shape, and which versions may use the table.
///
/// # Errors
/// Where the table cannot be read.
pub async fn shapes(app: &App) -> Result<Report, Fault> {
    let shapes = count(app, None).await?;
    let mut text = format!("this orderctl knows the shapes 1 to {SCHEMA}\n");
    for ((what, schema), count) in &shapes {
        text.push_str(&format!("shape {schema}: {count} {what}\n"));
    }
    let minimum = app.table().minimum_reader().await?;
    text.push_str(&format!("versions that know shape {minimum} may use the table"));
    Ok(Report { text, is_well: true })
}

/// Migrates, and tells what it did. Not well is what a newer version wrote, which stays, and with
/// `contract` what has an older shape still.
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
    let progress = Progress::begin("items looked at");
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
    if minimum > readable_since(wanted) && is_well && !how.contract {
        table.set_minimum_reader(readable_since(wanted)).await?;
    }
    if how.contract {
        is_well &= contract(app, wanted, how.rate, &mut text).await?;
    }
    let minimum = table.minimum_reader().await?;
    text.push_str(&format!("versions that know shape {minimum} may use the table"));
    Ok(Report { text, is_well })
}

/// Shuts older versions out, if none has written anything since.
async fn contract(app: &App, wanted: u32, rate: Option<u32>, text: &mut String) -> Result<bool, Fault> {
    let written = oms_table::schema::written(wanted);
    let shapes = count(app, rate).await?;
    let older: usize = shapes
        .iter()
        .filter(|((what, schema), _)| written.iter().any(|(kind, least)| kind == what && schema < least))
        .map(|(_, count)| count)
        .sum();
    if older > 0 {
        text.push_str(&format!(
            "{older} items have an older shape again: an older version still writes them\n"
        ));
        return Ok(false);
    }
    app.table().set_minimum_reader(wanted).await?;
    Ok(true)
}

async fn count(app: &App, rate: Option<u32>) -> Result<Shapes, Fault> {
    let progress = Progress::begin("items counted");
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
