//! Real drawings: a folder with a file of strokes, or a folder of images, for each category.

mod images;
mod strokes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use doodletune::doodle::{Doodle, Input};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use crate::parallel;

/// Share of a category's drawings that become queries where the data does not say which.
const TEST_SHARE: f64 = 0.2;

/// A drawing. Pictures stay in their files until they are looked at: as pixels they would take a megabyte each.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    Doodle(Doodle),
    Image(PathBuf),
}

impl Sample {
    /// The drawing as the crate takes it.
    pub fn input(&self) -> Result<Input> {
        match self {
            Self::Doodle(doodle) => Ok(doodle.clone().into()),
            Self::Image(path) => images::read(path).map(Input::from),
        }
    }
}

/// A category's drawings: those to learn from, and those to ask about.
#[derive(Debug)]
pub struct Category {
    pub name: String,
    pub train: Vec<Sample>,
    pub test: Vec<Sample>,
    /// How many lines or files were no drawings and were left out.
    pub skipped: usize,
}

/// How many drawings a category must have, and how to get them.
pub struct Demand {
    pub train: usize,
    pub test: usize,
    /// Leave out what is no drawing.
    pub skip_bad: bool,
    /// Decides the split where the data has none.
    pub seed: u64,
}

/// What a file or folder holds: drawings by the part that the data puts them in.
#[derive(Default)]
struct Found {
    train: Vec<Sample>,
    test: Vec<Sample>,
    unassigned: Vec<Sample>,
    skipped: usize,
}

enum Source {
    /// `<category>.ndjson` or `<category>.ndjson.gz`.
    Strokes(PathBuf),
    /// A folder of images.
    Images(PathBuf),
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Self::Strokes(path) | Self::Images(path) => path,
        }
    }
}

/// A folder of categories.
pub struct Collection {
    dir: PathBuf,
    sources: BTreeMap<String, Source>,
}

impl Collection {
    /// Finds the categories in `dir`: the names of its stroke files and of its folders with images.
    pub fn open(dir: &Path) -> Result<Self> {
        let entries = std::fs::read_dir(dir).with_context(|| {
            format!("{} cannot be read: give the folder of the categories with --data", dir.display())
        })?;
        let mut sources = BTreeMap::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let stem = file.strip_suffix(".gz").unwrap_or(file).strip_suffix(".ndjson");
            let (name, source) = match stem {
                Some(name) if path.is_file() => (name.to_owned(), Source::Strokes(path)),
                _ if path.is_dir() && !images::list(&path)?.is_empty() => (file.to_owned(), Source::Images(path)),
                _ => continue,
            };
            if let Some(other) = sources.insert(name.clone(), source) {
                bail!("{} has “{name}” twice, once as {}: remove one", dir.display(), other.path().display());
            }
        }
        ensure!(
            !sources.is_empty(),
            "{} holds no categories: there must be <category>.ndjson, <category>.ndjson.gz, or folders named as the \
             categories with .png or .jpg files in them",
            dir.display()
        );
        Ok(Self { dir: dir.to_owned(), sources })
    }

    /// The categories that `selector` names: a key of `splits.json`, which is looked for in the folder and beside it, a
    /// file with a name a line, or `a,b,c`; without a selector, all.
    pub fn select(&self, selector: Option<&str>) -> Result<Vec<String>> {
        let Some(selector) = selector else { return Ok(self.sources.keys().cloned().collect()) };
        let splits = self.splits()?;
        let names: Vec<String> = if let Some(names) = splits.get(selector) {
            serde_json::from_value(names.clone())
                .with_context(|| format!("“{selector}” in splits.json is not a list of names"))?
        } else if Path::new(selector).is_file() {
            let text = std::fs::read_to_string(selector).with_context(|| format!("cannot read {selector}"))?;
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
        } else {
            selector.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        ensure!(!names.is_empty(), "--categories {selector} names none: give a file, a,b,c, or a key of splits.json");
        for (index, name) in names.iter().enumerate() {
            ensure!(
                self.sources.contains_key(name),
                "there is no category “{name}” in {}, which has {}{}; --categories takes their names, a file that lists \
                 them, or a key of splits.json ({})",
                self.dir.display(),
                self.sources.keys().take(5).cloned().collect::<Vec<_>>().join(", "),
                if self.sources.len() > 5 { format!(" and {} more", self.sources.len() - 5) } else { String::new() },
                if splits.is_empty() {
                    "there is none".into()
                } else {
                    splits.keys().cloned().collect::<Vec<_>>().join(", ")
                }
            );
            ensure!(!names[..index].contains(name), "--categories names “{name}” twice: remove one");
        }
        Ok(names)
    }

    fn splits(&self) -> Result<BTreeMap<String, serde_json::Value>> {
        // The parent of `data` is the empty path, and that of `.` none: the real path has one.
        let real = self.dir.canonicalize().with_context(|| format!("cannot read {}", self.dir.display()))?;
        let places = [Some(real.as_path()), real.parent()].into_iter().flatten();
        let Some(file) = places.map(|place| place.join("splits.json")).find(|file| file.is_file()) else {
            return Ok(BTreeMap::new());
        };
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not a JSON object: mend it, or remove it", file.display()))
    }

    /// Reads categories, on all cores.
    pub fn read(&self, names: &[String], demand: &Demand) -> Result<Vec<Category>> {
        parallel::map(names, |name| self.read_one(name, demand)).into_iter().collect()
    }

    fn read_one(&self, name: &str, demand: &Demand) -> Result<Category> {
        let source = &self.sources[name];
        let Found { mut train, mut test, mut unassigned, skipped } = match source {
            Source::Strokes(path) => strokes::read(path, demand.skip_bad)?,
            Source::Images(path) => images::read_all(path, demand.skip_bad)?,
        };
        unassigned.shuffle(&mut Pcg64Mcg::seed_from_u64(demand.seed));
        // A fifth, but as many as are asked for, and no more than learning leaves.
        let share = (unassigned.len() as f64 * TEST_SHARE).round() as usize;
        let spare = unassigned.len().saturating_sub(demand.train.saturating_sub(train.len()));
        let queries = share.max(demand.test.saturating_sub(test.len())).min(spare);
        test.extend(unassigned.drain(..queries));
        train.extend(unassigned);
        ensure!(
            train.len() >= demand.train && test.len() >= demand.test,
            "{} has {} drawings to learn from and {} to recognise{}, but --shot is {} and --queries is {}: lower them, \
             add drawings, or leave “{name}” out of --categories",
            source.path().display(),
            train.len(),
            test.len(),
            if skipped > 0 { format!(" (and {skipped} left out)") } else { String::new() },
            demand.train,
            demand.test
        );
        Ok(Category { name: name.to_owned(), train, test, skipped })
    }
}
