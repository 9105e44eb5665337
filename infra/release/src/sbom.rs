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
/// Where it is written which packages the pages are made of, and their licence.
const PAGES: [(&str, &str); 2] = [
    ("functions/docs/page/swagger-ui/README.md", "Apache-2.0"),
    ("functions/docs/console/vendor/README.md", "MIT"),
];

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
    let of_pages = of_pages(root)?;
    let components: Vec<Value> = packages
        .iter()
        .map(|(id, package)| component(id, package, is_function(id)))
        .chain(of_pages.iter().cloned())
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
        // The pages that this function has in it.
        if id.0 == "docs" {
            links.extend(of_pages.iter().map(|package| package["bom-ref"].clone()));
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

/// What is in the function `docs` as files: each package that is named there with its version, as
/// `[NAME](https://www.npmjs.com/package/NAME) 1.2.3`.
fn of_pages(root: &Path) -> Result<Vec<Value>> {
    let mut packages = Vec::new();
    for (file, licence) in PAGES {
        let text = std::fs::read_to_string(root.join(file)).doing(format!("reading {file}"))?;
        let named = text.split("(https://www.npmjs.com/package/").skip(1);
        let named = named.filter_map(|rest| rest.split_once(") "));
        let before = packages.len();
        for (name, rest) in named {
            let version = rest.split(|c: char| !(c.is_ascii_digit() || c == '.')).next().unwrap_or_default();
            let version = version.trim_end_matches('.');
            if version.is_empty() {
                return Err(Error::Setup(format!("{file} does not say which version of {name} it is")));
            }
            // A scope's @ is written so in such a name.
            let purl = format!("pkg:npm/{}@{version}", name.replace('@', "%40"));
            packages.push(json!({
                "type": "library",
                "bom-ref": purl,
                "name": name,
                "version": version,
                "purl": purl,
                "licenses": [{ "expression": licence }],
            }));
        }
        if packages.len() == before {
            return Err(Error::Setup(format!("{file} names no package")));
        }
    }
    Ok(packages)
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
        let packages = ["swagger-ui-dist@5.", "mithril@2.", "uplot@1.", "%40picocss/pico@2."];
        for package in packages {
            let begins = format!("pkg:npm/{package}");
            assert!(listed.iter().any(|of| of.starts_with(&begins)), "{package}: {listed:?}");
        }
    }

    #[test]
    fn the_same_commit_has_the_same_document() {
        assert_eq!(document("c"), document("c"));
        assert_ne!(document("c")["serialNumber"], document("d")["serialNumber"]);
    }
}
