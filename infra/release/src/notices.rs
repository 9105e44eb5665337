//! The notices of third parties: who wrote what the functions link, and their licences' own words.

use crate::linked::{Id, Package};
use oms_workspace::error::{Doing, Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How the files begin that hold a licence or a notice, in capitals.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
/// Files of others that a function has in it, beside packages.
const VENDORED: [(&str, &str); 2] = [
    ("swagger-ui-dist", "functions/docs/page/swagger-ui"),
    ("mithril, uplot, @picocss/pico", "functions/docs/console/vendor"),
];

const HEAD: &str = "\
THIRD-PARTY NOTICES

The functions of this release have the following packages in them. Below stand the texts of their
licences and notices, each once, with the packages that it comes from. RUST-LIBRARY-NOTICES.html has
those of Rust's own library.
";

/// The notices. `standard` is where the texts of licences are, for packages that have none.
///
/// # Errors
/// A file cannot be read, or a package has no text of its licence.
pub(crate) fn text(root: &Path, packages: &BTreeMap<Id, Package>, standard: &Path) -> Result<String> {
    let mut listed = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((name, version), package) in packages.iter().filter(|(_, package)| package.checksum.is_some()) {
        let called = format!("{name} {version}");
        let Package { licence, repository, .. } = package;
        writeln!(listed, "{called}  {licence}  {repository}").doing("writing a text")?;
        let own = own_texts(&package.directory)?;
        let found = if own.is_empty() { borrowed(&called, package, packages, standard)? } else { own };
        for text in found {
            texts.entry(text).or_default().insert(called.clone());
        }
    }
    for (name, directory) in VENDORED {
        writeln!(listed, "{name}, as {directory} has it").doing("writing a text")?;
        for text in own_texts(&root.join(directory))? {
            texts.entry(text).or_default().insert(name.to_owned());
        }
    }
    // By who has them, so that a new version moves little.
    let mut texts: Vec<(String, String)> = texts
        .into_iter()
        .map(|(text, users)| (users.into_iter().collect::<Vec<_>>().join(", "), text))
        .collect();
    texts.sort();
    let rule = "-".repeat(80);
    let texts: String = texts.iter().map(|(users, text)| format!("\n{rule}\n{users}\n\n{text}\n")).collect();
    Ok(format!("{HEAD}\n{listed}{texts}"))
}

/// The licences and notices that lie in a directory, or in its folders of that name.
fn own_texts(directory: &Path) -> Result<Vec<String>> {
    let about = || format!("reading {}", directory.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(directory).doing(about())? {
        paths.push(entry.doing(about())?.path());
    }
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let begins = NAMES.iter().any(|begin| name.starts_with(begin));
        if path.is_dir() && ["LICENSES", "LICENCES", "LICENSE"].contains(&name.as_str()) {
            for entry in std::fs::read_dir(&path).doing(about())? {
                texts.push(read(&entry.doing(about())?.path())?);
            }
        } else if path.is_file() && (begins || name.contains(".LICENSE")) && !name.ends_with(".RS") {
            texts.push(read(&path)?);
        }
    }
    texts.sort();
    Ok(texts)
}

/// A text as it is, but for the ends of its lines.
fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).doing(format!("reading {}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes).replace('\r', "");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}

/// The texts of a package that brings none: those of one beside it in its repository, else the
/// usual text of a licence that it may be had under, with its authors.
fn borrowed(
    called: &str,
    package: &Package,
    packages: &BTreeMap<Id, Package>,
    standard: &Path,
) -> Result<Vec<String>> {
    let beside = packages.values().filter(|other| {
        !package.repository.is_empty()
            && other.repository == package.repository
            && other.licence == package.licence
    });
    for other in beside {
        let texts = own_texts(&other.directory)?;
        if !texts.is_empty() {
            return Ok(texts);
        }
    }
    let words = package.licence.split([' ', '(', ')']).filter(|word| !word.is_empty());
    let all: Vec<&str> = words.filter(|word| !["OR", "AND"].contains(word)).collect();
    let path = |licence: &&str| standard.join(format!("{licence}.txt"));
    // One is enough where there is a choice, and only there.
    let needed = if package.licence.contains("AND") {
        all
    } else {
        all.into_iter().filter(|licence| path(licence).exists()).take(1).collect()
    };
    if needed.is_empty() {
        return Err(Error::Setup(format!(
            "{called} brings no text of its licence {}: take it from where it comes from",
            package.licence
        )));
    }
    let authors = match package.authors.as_slice() {
        [] => format!("the authors of {called}, {}", package.repository),
        authors => authors.join(", "),
    };
    let text = |licence: &str| Ok(format!("{licence}, by {authors}:\n\n{}", read(&path(&licence))?));
    needed.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_workspace::scratch::Scratch;
    use std::fs;

    fn package(directory: &Path, licence: &str, repository: &str) -> Package {
        fs::create_dir_all(directory).unwrap();
        Package {
            licence: licence.to_owned(),
            repository: repository.to_owned(),
            authors: vec!["Ada".to_owned()],
            directory: directory.to_owned(),
            checksum: Some(String::new()),
            ..Package::default()
        }
    }

    fn id(name: &str) -> Id {
        (name.to_owned(), "1.0.0".to_owned())
    }

    /// A root in which the vendored files are.
    fn root(scratch: &Scratch) -> &Path {
        for (name, directory) in VENDORED {
            let vendored = scratch.path().join(directory);
            fs::create_dir_all(&vendored).unwrap();
            fs::write(vendored.join("bundle.js.LICENSE.txt"), format!("that of {name}")).unwrap();
        }
        fs::create_dir_all(scratch.path().join("standard")).unwrap();
        fs::write(scratch.path().join("standard/MIT.txt"), "the usual words\n").unwrap();
        scratch.path()
    }

    #[test]
    fn every_text_stands_once_with_all_that_have_it() {
        let scratch = Scratch::new().unwrap();
        let root = root(&scratch);
        let mut packages = BTreeMap::new();
        for name in ["a", "b"] {
            packages.insert(id(name), package(&root.join(name), "MIT OR Apache-2.0", ""));
            fs::write(root.join(name).join("LICENSE-MIT"), "be kind \r\n").unwrap();
        }
        fs::write(root.join("b/NOTICE"), "made by b").unwrap();
        fs::write(root.join("b/license.rs"), "code").unwrap();
        let ours = Package { checksum: None, ..package(&root.join("ours"), "MIT", "") };
        packages.insert(id("ours"), ours);
        let text = text(root, &packages, &root.join("standard")).unwrap();
        assert_eq!(text.matches("be kind").count(), 1, "{text}");
        for part in [
            "\na 1.0.0, b 1.0.0\n\nbe kind\n",
            "\nb 1.0.0\n\nmade by b\n",
            "\nswagger-ui-dist\n\nthat of swagger-ui-dist\n",
            "\nmithril, uplot, @picocss/pico\n\nthat of mithril, uplot, @picocss/pico\n",
        ] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
        assert!(!text.contains("ours 1.0.0") && !text.contains("code"), "{text}");
    }

    #[test]
    fn a_package_without_a_text_takes_one_from_beside_it_or_the_usual_one_or_is_told() {
        let scratch = Scratch::new().unwrap();
        let root = root(&scratch);
        let standard = root.join("standard");
        let mut packages = BTreeMap::new();
        packages.insert(id("bare"), package(&root.join("bare"), "BSD-3-Clause", "https://x.example"));
        let told = text(root, &packages, &standard).unwrap_err().to_string();
        assert!(told.starts_with("bare 1.0.0 brings no text of its licence BSD-3-Clause"), "{told}");
        packages.insert(id("beside"), package(&root.join("beside"), "BSD-3-Clause", "https://x.example"));
        fs::write(root.join("beside/LICENSE"), "beside's words").unwrap();
        packages.insert(id("usual"), package(&root.join("usual"), "Apache-2.0 OR MIT", ""));
        let text = text(root, &packages, &standard).unwrap();
        assert!(text.contains("\nbare 1.0.0, beside 1.0.0\n\nbeside's words\n"), "{text}");
        assert!(text.contains("\nusual 1.0.0\n\nMIT, by Ada:\n\nthe usual words\n"), "{text}");
    }

    #[test]
    fn what_is_vendored_has_its_texts() {
        for (name, directory) in VENDORED {
            let texts = own_texts(&oms_workspace::root().join(directory)).unwrap();
            assert!(texts.len() >= 3, "{name}: {}", texts.len());
        }
    }
}
