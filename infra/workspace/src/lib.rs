//! The checkout as its tools see it: what `cargo dev`, `orderctl` and the tests need to know of it,
//! without anything that runs or emulates a service.
//!
//! | what | where |
//! |---|---|
//! | the system that template.yaml describes, and the template as it is written | [`template`] |
//! | cargo: where it builds, and cargo-lambda's routes | [`cargo`] |
//! | directories: of a local system, and ones that go again | [`places`], [`scratch`] |
//! | programs from PyPI | [`tools`] |
//! | tokens, signed with a key of this machine, and the command that prints one | [`tokens`], [`token_command`] |
//! | the end of processes whose parent has died | [`guardian`] |
//! | numbers that look random and can be had again | [`rng`] |
//! | what people at the terminal see | [`console`], [`report`], [`error`] |

pub mod cargo;
pub mod console;
pub mod error;
pub mod guardian;
pub mod places;
pub mod report;
pub mod rng;
pub mod scratch;
pub mod template;
pub mod token_command;
pub mod tokens;
pub mod tools;

use std::path::{Path, PathBuf};

/// The checkout: the nearest directory above the current one that holds template.yaml, or else the
/// one that this program was built in.
pub fn root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().find(|directory| directory.join("template.yaml").exists());
    above.unwrap_or(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).to_owned()
}
