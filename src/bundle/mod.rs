//! Files: what was learned, and the drawings that it was learned from.
//!
//! | module | what |
//! | --- | --- |
//! | `model` | a network with its head, which can recognise and no more |
//! | `onnx` | the same for other programs |
//! | `project` | the examples, what was learned from them, and what became of it |
//!
//! Both are safetensors files whose metadata begin as those of [weight files](crate::backbone::Metadata) do, with the `format`
//! `doodletune-model` or `doodletune-project`, a `version`, and the classes as `labels`. Whatever was not trained takes no more
//! than in the weight file that it came from; nothing is rounded. A file is read whole or refused: too large, damaged, newer,
//! or something else.

mod model;
mod onnx;
mod project;

pub use model::{Model, ModelFormat};
pub use project::{Outcome, Project};

use crate::archive::{Archive, Limits, Refusal};
use crate::backbone::Metadata;
use crate::error::{Error, Result};

/// The version that is written, and the newest that is read.
const VERSION: u32 = 1;

/// The formats: a model alone, and a project.
const MODEL: &str = "doodletune-model";
const PROJECT: &str = "doodletune-project";

/// Class names are in the header: as many as there may be examples in a project of usual size.
const LIMITS: Limits = Limits { file: 256 << 20, header: 4 << 20, tensors: 4096 };

/// A file whose format, version and metadata are as they should be.
struct Opened<'data> {
    archive: Archive<'data>,
    metadata: Metadata,
    is_project: bool,
}

fn open(bytes: &[u8]) -> Result<Opened<'_>> {
    let archive = Archive::parse(bytes, LIMITS).map_err(|refusal| match refusal {
        Refusal::Foreign(_) => unknown("it is no safetensors file"),
        Refusal::Damaged(words) => damaged(words),
        Refusal::TooLarge(words) => {
            Error::FileTooLarge(format!("{words}; remove some of the largest pictures from it"))
        }
    })?;
    let text = |key| archive.texts.get(key).map(String::as_str);
    let is_project = match text("format") {
        Some(PROJECT) => true,
        Some(MODEL) => false,
        Some("doodletune") => {
            return Err(unknown("it holds pretrained weights, which belong in the option “weights” of create"));
        }
        _ => return Err(unknown("it was made by another program")),
    };
    match text("version").map(str::parse) {
        Some(Ok(1..=VERSION)) => (),
        Some(Ok(newer @ 2..)) => return Err(Error::NewerFile { found: newer, known: VERSION }),
        _ => return Err(damaged("it does not say which version it is of".into())),
    }
    let metadata = Metadata::from_map(&archive.texts).map_err(damaged)?;
    Ok(Opened { archive, metadata, is_project })
}

fn unknown(why: &str) -> Error {
    Error::UnknownFile(format!(
        "this is neither a project nor a model of doodletune: {why}; choose a file that doodletune has saved"
    ))
}

fn damaged(what: String) -> Error {
    Error::DamagedFile(format!("the file cannot be read: {what}; use another copy of it"))
}

/// Refuses to write what could not be read again.
fn within_limits(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let header = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    check_size(bytes.len() as u64, header)?;
    Ok(bytes)
}

/// Refuses a file of so many bytes, of which `header` are its header.
fn check_size(file: u64, header: u64) -> Result<()> {
    if file > LIMITS.file as u64 || header > LIMITS.header {
        return Err(Error::FileTooLarge(format!(
            "the file would have {} MiB, {} KiB of them names, but {} MiB and {} KiB are the most; remove some of the largest pictures, or save the model alone",
            file >> 20,
            header >> 10,
            LIMITS.file >> 20,
            LIMITS.header >> 10
        )));
    }
    Ok(())
}
