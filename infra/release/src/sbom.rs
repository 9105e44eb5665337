//! The bill of materials, in the form of CycloneDX 1.6: what the functions link, with licences,
//! checksums and who links whom. It carries the time of the commit, so that it can be made again.

use crate::functions::names;
use crate::linked::{Id, Package};
use crate::sha256;
use oms_workspace::error::{Doing, Error, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Builder;

/// What the whole is called.
const NAME: &str = "oms";
/// Where the line stands that says which Swagger UI the page is made of.
const SWAGGER_UI: &str = "functions/docs/page/swagger-ui/README.md";

/// The bill of materials of a commit, which was made at `time`, in RFC 3339.
///
/// # Errors
/// A file of the checkout cannot be read.
pub(crate) fn text(
    root: &Path,
    packages: &BTreeMap<Id, Package>,
    commit: &str,
    time: &str,
) -> Result<String> {
    let functions = names(root)?;
    let is_function = |(name, _): &Id| functions.contains(name);
    let swagger_ui = swagger_ui(root)?;
    let components: Vec<Value> = packages
        .iter()
        .map(|(id, package)| component(id, package, is_function(id)))
        .chain([swagger_ui.clone()])
        .collect();

    let own: Vec<&Id> = packages.keys().filter(|id| is_function(id)).collect();
    let Some((_, version)) = own.first() else {
        return Err(Error::Setup("no function is linked".to_owned()));
    };
    let whole = format!("pkg:generic/{NAME}@{version}");
    let mut dependencies =
        vec![json!({ "ref": whole, "dependsOn": own.iter().map(|id| purl(id)).collect::<Vec<_>>() })];
    for (id, package) in packages {
        let mut links: Vec<Value> = package.links.iter().map(|id| json!(purl(id))).collect();
        // The page that this function has in it.
        if id.0 == "docs" {
            links.push(swagger_ui["bom-ref"].clone());
        }
        dependencies.push(json!({ "ref": purl(id), "dependsOn": links }));
    }
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "component": {
                "type": "application",
                "bom-ref": whole,
                "name": NAME,
                "version": version,
                "purl": whole,
                "licenses": [{ "license": { "id": "MIT" } }],
            },
            "properties": [{ "name": "oms:commit", "value": commit }],
        },
        "components": components,
        "dependencies": dependencies,
    });
    document["serialNumber"] = json!(serial_number(&document.to_string()));
    Ok(format!("{document:#}\n"))
}

fn purl((name, version): &Id) -> String {
    format!("pkg:cargo/{name}@{version}")
}

fn component(id: &Id, package: &Package, is_function: bool) -> Value {
    let mut component = json!({
        "type": if is_function { "application" } else { "library" },
        "bom-ref": purl(id),
        "name": id.0,
        "version": id.1,
        "purl": purl(id),
        "licenses": [{ "expression": package.licence }],
    });
    if let Some(checksum) = &package.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if !package.repository.is_empty() {
        component["externalReferences"] = json!([{ "type": "vcs", "url": package.repository }]);
    }
    component
}

/// Swagger UI, which is in the function `docs` as files.
fn swagger_ui(root: &Path) -> Result<Value> {
    const PACKAGE: &str = "swagger-ui-dist";
    let text = std::fs::read_to_string(root.join(SWAGGER_UI)).doing(format!("reading {SWAGGER_UI}"))?;
    let version = text.split(&format!("/package/{PACKAGE}) ")).nth(1);
    let version = version.and_then(|rest| rest.split(|c: char| !(c.is_ascii_digit() || c == '.')).next());
    let version = version.map(|version| version.trim_end_matches('.')).filter(|version| !version.is_empty());
    let Some(version) = version else {
        return Err(Error::Setup(format!("{SWAGGER_UI} does not say which version it is")));
    };
    let purl = format!("pkg:npm/{PACKAGE}@{version}");
    Ok(json!({
        "type": "library",
        "bom-ref": purl,
        "name": PACKAGE,
        "version": version,
        "purl": purl,
        "licenses": [{ "expression": "Apache-2.0" }],
    }))
}

/// A number that no other document has, and this one has each time that it is made.
fn serial_number(text: &str) -> String {
    let digest = sha256(text.as_bytes());
    let bytes: Vec<u8> =
        (0..16).filter_map(|at| u8::from_str_radix(digest.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    let bytes: [u8; 16] = bytes.try_into().unwrap_or_default();
    format!("urn:uuid:{}", Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(commit: &str) -> Value {
        let root = oms_workspace::root();
        let packages = crate::linked::packages(&root).unwrap();
        serde_json::from_str(&text(&root, &packages, commit, "2026-11-28T12:00:00Z").unwrap()).unwrap()
    }

    #[test]
    fn whoever_is_linked_is_listed_once() {
        let document = document("c");
        let listed: Vec<&str> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of["bom-ref"].as_str().unwrap())
            .collect();
        let mut once = listed.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), listed.len());
        let dependencies = document["dependencies"].as_array().unwrap();
        for linked in dependencies.iter().flat_map(|of| of["dependsOn"].as_array().unwrap()) {
            assert!(listed.contains(&linked.as_str().unwrap()), "{linked}");
        }
        assert_eq!(dependencies[0]["dependsOn"].as_array().unwrap().len(), 9);
        assert!(listed.iter().any(|of| of.starts_with("pkg:npm/swagger-ui-dist@5.")), "{listed:?}");
    }

    #[test]
    fn the_same_commit_has_the_same_document() {
        assert_eq!(document("c"), document("c"));
        assert_ne!(document("c")["serialNumber"], document("d")["serialNumber"]);
    }
}
