//! Real drawings: Quick, Draw!'s simplified strokes, a file per category.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use doodletune::doodle::Doodle;
use flate2::read::GzDecoder;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;

/// Share of a category's drawings that become queries where the data does not say which.
const TEST_SHARE: f64 = 0.2;

/// A category's drawings: those to learn from, and those to ask about.
pub struct Category {
    /// Its name: that of its file.
    pub name: String,
    /// Drawings for support.
    pub train: Vec<Doodle>,
    /// Drawings for queries.
    pub test: Vec<Doodle>,
}

#[derive(Deserialize)]
struct Row {
    drawing: Vec<Vec<Vec<f32>>>,
    split: Option<String>,
}

/// The categories that `selector` names: all in a list file (a line each), `a,b,c`, or a key of `splits.json`, which is
/// looked for in `dir` and beside it.
pub fn category_names(dir: &Path, selector: &str) -> Result<Vec<String>> {
    let places = [Some(dir), dir.parent()].into_iter().flatten().map(|place| place.join("splits.json"));
    for splits in places.filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(&splits)?;
        let mut splits: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&text).with_context(|| format!("{} is not a JSON object", splits.display()))?;
        if let Some(names) = splits.remove(selector) {
            return serde_json::from_value(names)
                .with_context(|| format!("{selector} in splits.json is not a list of names"));
        }
    }
    if Path::new(selector).is_file() {
        let text = std::fs::read_to_string(selector)?;
        return Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
    }
    Ok(selector.split(',').map(|name| name.trim().to_owned()).collect())
}

/// Reads a category. A line that is not a drawing is an error or, with `skip_bad`, counted and left out.
pub fn read_category(dir: &Path, name: &str, seed: u64, skip_bad: bool) -> Result<(Category, usize)> {
    let (path, reader) = open(dir, name)?;
    let (mut train, mut test, mut unassigned, mut bad) = (vec![], vec![], vec![], 0);
    for (index, line) in reader.lines().enumerate() {
        let place = || format!("{}, line {}", path.display(), index + 1);
        let line = line.with_context(place)?;
        if line.trim().is_empty() {
            continue;
        }
        let row = serde_json::from_str::<Row>(&line).map_err(anyhow::Error::from);
        let parsed = row.and_then(|row| Ok((Doodle::from_columns(&row.drawing)?, row.split)));
        match (parsed, skip_bad) {
            (Ok((doodle, split)), _) => match split.as_deref() {
                Some("test") => test.push(doodle),
                Some(_) => train.push(doodle),
                None => unassigned.push(doodle),
            },
            (Err(_), true) => bad += 1,
            (Err(error), false) => {
                return Err(error.context(format!("{} is not a drawing; mend it, or pass --skip-bad", place())));
            }
        }
    }
    unassigned.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
    let queries = (unassigned.len() as f64 * TEST_SHARE).round() as usize;
    test.extend(unassigned.drain(..queries));
    train.extend(unassigned);
    ensure!(!train.is_empty(), "{} has no drawings to learn from", path.display());
    Ok((Category { name: name.to_owned(), train, test }, bad))
}

fn open(dir: &Path, name: &str) -> Result<(PathBuf, Box<dyn BufRead>)> {
    for (extension, zipped) in [("ndjson", false), ("ndjson.gz", true)] {
        let path = dir.join(format!("{name}.{extension}"));
        if path.is_file() {
            let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
            let reader: Box<dyn Read> = if zipped { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
            return Ok((path, Box::new(BufReader::new(reader))));
        }
    }
    bail!("there is no {name}.ndjson or {name}.ndjson.gz in {}; check --data and --categories", dir.display())
}
