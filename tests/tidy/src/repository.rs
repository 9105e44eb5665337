//! The files of the repository, and what is wrong with them.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter, Result, Write};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Folders that hold nothing of the repository.
const OTHERS: [&str; 5] = ["target", ".git", ".local", ".aws-sam", "__pycache__"];
/// Texts that comments, documents and rules are looked for in.
const TEXTS: [&str; 7] = ["rs", "md", "toml", "yaml", "py", "sh", "json"];

/// A file that holds text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it is, from the root, with `/`.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Source {
    /// One that a test makes up.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Its lines, each with its number from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether it ends as the files of a language do.
    pub(crate) fn is(&self, ending: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, own)| own == ending)
    }

    /// A fault of one of its lines.
    pub(crate) fn fault(&self, line: usize, what: impl Display) -> Fault {
        Fault { place: format!("{}:{line}", self.path), what: what.to_string() }
    }
}

/// What is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `file:line`.
    pub(crate) place: String,
    /// What is wrong and what to do, in a sentence.
    pub(crate) what: String,
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// The repository as the tests see it.
pub(crate) struct Repository {
    /// Its texts.
    pub(crate) sources: Vec<Source>,
    /// Every file and folder, from the root, with `/`.
    pub(crate) paths: BTreeSet<String>,
}

/// The repository, read once.
pub(crate) fn repository() -> &'static Repository {
    static REPOSITORY: OnceLock<Repository> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        let mut repository = Repository { sources: Vec::new(), paths: BTreeSet::new() };
        repository.read(&root());
        repository
    })
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout is there")
}

impl Repository {
    /// The file of a path.
    #[track_caller]
    pub(crate) fn file(&self, path: &str) -> &Source {
        let file = self.sources.iter().find(|source| source.path == path);
        file.unwrap_or_else(|| panic!("{path} is not there"))
    }

    /// The files of a language.
    pub(crate) fn all(&self, ending: &'static str) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(move |source| source.is(ending))
    }

    fn read(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).expect("the checkout can be read");
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if OTHERS.contains(&name.as_str()) {
                continue;
            }
            let from_root = path.strip_prefix(root()).expect("it is below the root");
            let from_root = from_root.to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                self.read(&path);
            } else {
                let folders = from_root.match_indices('/').map(|(end, _)| from_root[..end].to_owned());
                self.paths.extend(folders);
                let is_text = TEXTS.iter().any(|ending| name.ends_with(&format!(".{ending}")));
                if let (true, Ok(text)) = (is_text, fs::read_to_string(&path)) {
                    self.sources.push(Source { path: from_root.clone(), text });
                }
                self.paths.insert(from_root);
            }
        }
        self.sources.sort_by(|one, other| one.path.cmp(&other.path));
    }
}

/// Fails where there are faults, and lists them.
#[track_caller]
pub(crate) fn none(faults: impl IntoIterator<Item = Fault>) {
    let mut listed = String::new();
    let mut count = 0_usize;
    for fault in faults {
        count += 1;
        writeln!(listed, "{fault}").expect("a text can be written");
    }
    assert!(listed.is_empty(), "{count} faults:\n{listed}");
}
