//! Makes the console's own files what browsers need of them, compresses them as well as can be, and
//! lists them and the vendored ones, which lie there compressed, for the binary to hold: all that
//! the page has of a build.

use brotli::enc::BrotliEncoderParams;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

type Done<T> = Result<T, Box<dyn Error>>;

#[expect(clippy::disallowed_methods, reason = "cargo says there where to")]
fn main() -> Done<()> {
    println!("cargo::rerun-if-changed=console");
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("console");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut ours = Vec::new();
    for name in names(&console)? {
        let Some((_, kind @ ("js" | "css" | "html"))) = name.rsplit_once('.') else { continue };
        let text = stripped(&name, &fs::read_to_string(console.join(&name))?);
        let file = out.join(format!("{name}.br"));
        fs::write(&file, compressed(&text)?)?;
        // The page itself is none of its files: it is sent with headers of its own.
        if kind != "html" {
            ours.push((name, file));
        }
    }
    let vendor = console.join("vendor");
    let vendored = names(&vendor)?.into_iter().filter_map(|packed| {
        let name = packed.strip_suffix(".br")?.to_owned();
        Some((name, vendor.join(packed)))
    });
    fs::write(out.join("ours.rs"), table(ours)?)?;
    fs::write(out.join("vendored.rs"), table(vendored)?)?;
    Ok(())
}

/// The names in a folder, in order: the binary must be the same wherever it is built.
fn names(folder: &Path) -> Done<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// A text without indentation, and without comments that have their lines for themselves. What a
/// template of several lines shows would change with it, so there may be none.
fn stripped(name: &str, text: &str) -> String {
    let (mut kept, mut is_comment) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        is_comment |= line.starts_with("/*");
        if !is_comment && !line.starts_with("//") {
            assert!(line.matches('`').count() % 2 == 0, "{name}: a template goes on after {line}");
            kept.push_str(line);
            kept.push('\n');
        }
        if is_comment && let Some((_, rest)) = line.split_once("*/") {
            assert!(rest.is_empty(), "{name}: a comment shares its line with {rest}");
            is_comment = false;
        }
    }
    kept
}

fn compressed(text: &str) -> Done<Vec<u8>> {
    let mut packed = Vec::new();
    let params = BrotliEncoderParams { quality: 11, size_hint: text.len(), ..Default::default() };
    brotli::BrotliCompress(&mut text.as_bytes(), &mut packed, &params)?;
    Ok(packed)
}

/// Names with what the files hold, as an expression.
fn table(files: impl IntoIterator<Item = (String, impl AsRef<Path>)>) -> Done<String> {
    let mut table = "&[".to_owned();
    for (name, file) in files {
        write!(table, "({name:?}, include_bytes!({:?})), ", file.as_ref())?;
    }
    Ok(table + "]")
}
