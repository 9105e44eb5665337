//! The table: as template.yaml describes it, and safe.

use super::finding::Finding;
use super::{Patient, event_sources};
use oms_runtime::logging::chain;
use oms_table::description::{Described, shape};
use oms_workspace::template::{System, Table as Wanted};
use serde_json::Value;
use std::collections::BTreeMap;

/// What mends a table that is not as the template says.
const DEPLOY: &str = "deploy template.yaml again";

/// Everything about the table, and what reads its stream.
pub(super) async fn check(patient: &Patient) -> Vec<Finding> {
    patient.within("table", all(patient)).await
}

async fn all(patient: &Patient) -> Vec<Finding> {
    let table = patient.app.table();
    let there = match table.describe().await {
        Ok(there) => there,
        Err(error) => {
            let mend = "see TABLE_NAME, the region, and whether the credentials may dynamodb:DescribeTable; \
                        docs/operating.md says how one that was lost is restored";
            return vec![Finding::fail("table", format!("{}: {}", table.name(), chain(&error)), mend)];
        }
    };
    let mut findings = match wanted() {
        Ok(wanted) => compare(table.name(), &there, &wanted),
        Err(error) => {
            let mend = "run orderctl from the checkout that is deployed";
            vec![Finding::fail("table", format!("{} cannot be compared: {error}", table.name()), mend)]
        }
    };
    let (expiry, safety, sources) = futures::join!(
        expiry(patient),
        safety(patient, &there),
        event_sources::check(patient, there.stream_arn.as_deref())
    );
    findings.extend([expiry, safety, sources].concat());
    findings
}

/// What template.yaml says of it.
fn wanted() -> Result<Wanted, String> {
    let template = oms_workspace::root().join("template.yaml");
    // The one parameter without a default; it says nothing about the table.
    let parameters = BTreeMap::from([("PaymentGateway".to_owned(), "simulated".to_owned())]);
    let system = System::read(&template, &parameters, "http://127.0.0.1");
    let tables = system.map_err(|error| error.to_string())?.tables;
    tables.into_iter().next().ok_or_else(|| "template.yaml has no table".to_owned())
}

fn compare(name: &str, there: &Described, wanted: &Wanted) -> Vec<Finding> {
    let definition = &wanted.definition;
    let active = format!("{name} is {}", there.status);
    let mut findings = vec![Finding::of(
        there.status == "ACTIVE",
        "table",
        active,
        "wait until it is ACTIVE, or restore it",
    )];
    let keys = keys_of(&definition["KeySchema"]);
    let as_wanted = format!("{}; template.yaml says {keys}", there.keys);
    findings.push(Finding::of(
        there.keys == keys,
        "keys",
        as_wanted,
        "name the right table: keys cannot be changed",
    ));
    findings.extend(indexes(there, definition));
    let view = definition["StreamSpecification"]["StreamViewType"].as_str().map(str::to_owned);
    let has_stream = there.stream_view == view && there.stream_arn.is_some();
    let told = there.stream_view.as_deref().unwrap_or("none: statistics and notifications stand still");
    findings.push(Finding::of(has_stream, "stream", told, DEPLOY));
    findings
}

fn indexes(there: &Described, definition: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in definition["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        let name = index["IndexName"].as_str().unwrap_or_default();
        let projection = &index["Projection"];
        let attributes = projection["NonKeyAttributes"].as_array().into_iter().flatten();
        let attributes: Vec<String> = attributes.filter_map(Value::as_str).map(str::to_owned).collect();
        let kind = projection["ProjectionType"].as_str().unwrap_or_default();
        let shape = shape(&keys_of(&index["KeySchema"]), kind, &attributes);
        let mend = "deploy template.yaml again, one index an update, then orderctl rebuild --projections";
        match there.indexes.iter().find(|index| index.name == name) {
            None => findings.push(Finding::fail("indexes", format!("{name} is missing"), mend)),
            Some(index) if index.shape != shape => {
                let what = format!("{name} is {}; template.yaml says {shape}", index.shape);
                findings.push(Finding::fail("indexes", what, mend));
            }
            Some(index) if index.status != "ACTIVE" => {
                let what = format!("{name} is {}", index.status);
                findings.push(Finding::fail("indexes", what, "wait until it is ACTIVE: lists lack entries"));
            }
            Some(_) => {}
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("indexes", format!("{} as template.yaml says", there.indexes.len())));
    }
    findings
}

fn keys_of(schema: &Value) -> String {
    let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let keys = schema.as_array().into_iter().flatten();
    let keys = keys.map(|key| format!("{} {}", text(key, "AttributeName"), text(key, "KeyType")));
    keys.collect::<Vec<_>>().join(", ")
}

async fn expiry(patient: &Patient) -> Vec<Finding> {
    let wanted = wanted().ok().and_then(|wanted| wanted.ttl_attribute);
    vec![match patient.app.table().expiry_attribute().await {
        Ok(there) => {
            let told = format!("items go by {}", there.as_deref().unwrap_or("nothing: the table only grows"));
            Finding::of(there == wanted, "expiry", told, DEPLOY)
        }
        Err(error) => Finding::warn("expiry", chain(&error), "allow dynamodb:DescribeTimeToLive"),
    }]
}

async fn safety(patient: &Patient, there: &Described) -> Vec<Finding> {
    if patient.is_emulated() {
        return vec![Finding::unknown("backups", "the table on this machine has none, nor any quotas")];
    }
    let table = patient.app.table();
    let (backups, quotas) = futures::join!(table.has_backups(), table.quotas());
    let name = table.name();
    let backups = match backups {
        Ok(true) => Finding::ok("backups", "it can be restored to any second of the last weeks"),
        Ok(false) => Finding::warn(
            "backups",
            "nothing brings back what is lost",
            format!(
                "aws dynamodb update-continuous-backups --table-name {name} \
                 --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            ),
        ),
        Err(error) => Finding::warn("backups", chain(&error), "allow dynamodb:DescribeContinuousBackups"),
    };
    let protection = if there.is_protected == Some(true) {
        Finding::ok("protection", "it cannot be deleted by mistake")
    } else {
        let mend = format!("aws dynamodb update-table --table-name {name} --deletion-protection-enabled");
        Finding::warn("protection", "one call deletes it", mend)
    };
    let quotas = match quotas {
        Ok(quotas) => {
            let (reads, writes) = (quotas.table_read_units, quotas.table_write_units);
            Finding::ok("quotas", format!("a table may take {reads} reads and {writes} writes a second"))
        }
        Err(error) => Finding::warn("quotas", chain(&error), "allow dynamodb:DescribeLimits"),
    };
    vec![backups, protection, quotas]
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use oms_table::description::DescribedIndex;

    /// The table as template.yaml says.
    fn right() -> Described {
        let wanted = wanted().unwrap().definition;
        let indexes = wanted["GlobalSecondaryIndexes"].as_array().unwrap().iter().map(|index| {
            let carried = index["Projection"]["NonKeyAttributes"][0].as_str().unwrap().to_owned();
            DescribedIndex {
                name: index["IndexName"].as_str().unwrap().to_owned(),
                status: "ACTIVE".to_owned(),
                shape: shape(&keys_of(&index["KeySchema"]), "INCLUDE", &[carried]),
                items: 0,
            }
        });
        Described {
            status: "ACTIVE".to_owned(),
            keys: "pk HASH, sk RANGE".to_owned(),
            indexes: indexes.collect(),
            stream_view: Some("NEW_AND_OLD_IMAGES".to_owned()),
            stream_arn: Some("arn".to_owned()),
            is_protected: None,
        }
    }

    fn failures(there: &Described) -> Vec<String> {
        let findings = compare("oms", there, &wanted().unwrap());
        let failed = findings.into_iter().filter(|finding| finding.state == State::Fail);
        failed.map(|finding| format!("{}: {}", finding.name, finding.what)).collect()
    }

    #[test]
    fn each_way_in_which_a_table_differs_is_told() {
        let right = right();
        assert_eq!(failures(&right), Vec::<String>::new());
        let mut wrong = right.clone();
        wrong.status = "UPDATING".to_owned();
        wrong.keys = "id HASH".to_owned();
        wrong.stream_view = None;
        let gone = wrong.indexes.remove(0).name;
        wrong.indexes[0].shape = "x HASH: ALL".to_owned();
        wrong.indexes[1].status = "CREATING".to_owned();
        let told = failures(&wrong).join("\n");
        for part in [
            "table: oms is UPDATING",
            "keys: id HASH; template.yaml says pk HASH, sk RANGE",
            &format!("indexes: {gone} is missing"),
            "is x HASH: ALL; template.yaml says",
            "is CREATING",
            "stream: none",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
