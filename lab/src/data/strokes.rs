//! Quick, Draw!'s form of strokes: a drawing a line.

use std::io::BufRead;
use std::path::Path;

use anyhow::{Context, Result};
use doodletune::doodle::Doodle;
use serde::Deserialize;

use super::{Found, Sample, open};

#[derive(Deserialize)]
struct Row {
    drawing: Vec<Vec<Vec<f32>>>,
    split: Option<String>,
}

impl Row {
    fn parse(line: &[u8]) -> Result<(Doodle, Option<String>)> {
        let row: Self = serde_json::from_slice(line)?;
        Ok((Doodle::from_columns(&row.drawing)?, row.split))
    }
}

/// Reads an `.ndjson` or `.ndjson.gz`. Rows whose `split` is `test` are for queries, those with another to learn from. A
/// line that is not a drawing is an error or, with `skip_bad`, counted and left out.
pub(super) fn read(path: &Path, skip_bad: bool) -> Result<Found> {
    let mut found = Found::default();
    for (index, line) in open(path)?.split(b'\n').enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let line = line.with_context(|| format!("{} cannot be read: get the file again", place()))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match Row::parse(&line) {
            Ok((doodle, split)) => match split.as_deref() {
                Some("test") => found.test.push(Sample::Doodle(doodle)),
                Some(_) => found.train.push(Sample::Doodle(doodle)),
                None => found.unassigned.push(Sample::Doodle(doodle)),
            },
            Err(_) if skip_bad => found.skipped += 1,
            Err(error) => {
                let advice = "mend or remove it, or leave such lines out with --skip-bad";
                return Err(error.context(format!("{} is not a drawing: {advice}", place())));
            }
        }
    }
    Ok(found)
}
