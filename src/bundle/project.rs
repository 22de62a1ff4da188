//! Examples, what was learned from them, and what became of it.

use std::rc::Rc;

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::model::check_classes;
use super::{Model, PROJECT, VERSION, check_size, damaged, open, within_limits};
use crate::archive::{self, Archive, Entry};
use crate::backbone::Metadata;
use crate::dataset::{Dataset, Example};
use crate::doodle::{Doodle, Stroke};
use crate::error::{Error, Result};
use crate::finetune::{Evaluation, Plan, Report, Source};

/// What the names of the tensors of examples begin with.
pub(super) const EXAMPLES: &str = "examples.";

/// The name of the tensor with the JSON of the last run: too long for a header.
const OUTCOME: &str = "examples.outcome";

/// The most examples, and the most bytes of [`OUTCOME`].
const MOST_EXAMPLES: usize = 100_000;
const MOST_OUTCOME: usize = 32 << 20;

/// A run, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What was to be done.
    pub plan: Plan,
    /// What it came to.
    pub report: Report,
}

/// Everything that somebody would not want to lose.
#[derive(Debug, Clone)]
pub struct Project {
    /// What the network is that the examples are shown to.
    pub metadata: Metadata,
    /// The examples.
    pub dataset: Dataset,
    /// What was drawn, in the order of the examples.
    pub sources: Vec<Source>,
    /// What was trained, if anything was.
    pub model: Option<Model>,
    /// What the last training came to, if there was one.
    pub outcome: Option<Outcome>,
}

impl Project {
    /// Reads a file, its model to compute on `device`. A model alone is a project without examples. `accept` is asked before
    /// anything is computed whether the file's network is one that is wanted.
    ///
    /// # Errors
    /// [`Error::UnknownFile`], [`Error::NewerFile`], [`Error::DamagedFile`], [`Error::FileTooLarge`], and those of `accept`.
    pub async fn parse(bytes: &[u8], device: &Device, accept: impl FnOnce(&Metadata) -> Result<()>) -> Result<Self> {
        let mut opened = open(bytes)?;
        accept(&opened.metadata)?;
        let examples = opened.archive.split_off(EXAMPLES);
        let metadata = opened.metadata.clone();
        let (mut dataset, mut sources, mut outcome) = Default::default();
        if opened.is_project {
            (dataset, sources) = read_examples(&examples, metadata.input.size).map_err(damaged)?;
            outcome = read_outcome(&examples).map_err(damaged)?;
        } else if examples.names().next().is_some() {
            return Err(damaged("it says that it is a model, but holds examples".into()));
        }
        let model = Model::read(opened, device)?;
        if let Some(model) = &model {
            model.check().await?;
            let known = dataset.classes();
            let fits = known.len() == model.head.classes().len()
                && known.iter().all(|class| model.head.classes().contains(class));
            if !fits && !known.is_empty() {
                return Err(damaged("its model tells apart other classes than those of its examples".into()));
            }
        }
        Ok(Self { metadata, dataset, sources, model, outcome })
    }

    /// As a file. Strokes are kept as they are, pictures as the network sees them.
    ///
    /// # Errors
    /// [`Error::FileTooLarge`], or a failure of the processor.
    pub async fn to_bytes(&self) -> Result<Vec<u8>> {
        if self.sources.len() > MOST_EXAMPLES {
            let count = self.sources.len();
            return Err(Error::FileTooLarge(format!("{count} examples are more than the {MOST_EXAMPLES} of a file")));
        }
        // Before there are copies of what may be half of all memory.
        let bytes = |source: &Source| match source {
            Source::Doodle(doodle) => doodle.strokes().iter().map(|stroke| size_of_val(&stroke[..])).sum(),
            Source::Picture { pixels, .. } => size_of_val(&pixels[..]),
        };
        check_size(self.sources.iter().map(|source| bytes(source) as u64).sum(), 0)?;
        let metadata = match &self.model {
            Some(model) => model.metadata(),
            None => Metadata { labels: vec![], ..self.metadata.clone() },
        };
        let mut texts = metadata.to_map(PROJECT, &VERSION.to_string());
        let classes = serde_json::to_string(self.dataset.classes()).expect("names serialise");
        texts.insert("classes".into(), classes);
        let mut entries = match &self.model {
            Some(model) => model.write(&mut texts).await?,
            None => vec![],
        };
        entries.extend(self.example_entries());
        if let Some(outcome) = &self.outcome {
            let json = serde_json::to_vec(outcome).map_err(|error| Error::Internal(error.to_string()))?;
            if json.len() <= MOST_OUTCOME {
                entries.push(Entry::bytes(OUTCOME, &[json.len()], json));
            }
        }
        within_limits(archive::write(texts, &entries).map_err(Error::Internal)?)
    }

    fn example_entries(&self) -> Vec<Entry> {
        let (mut strokes, mut points, mut coordinates, mut pictures) = (vec![], vec![], vec![], vec![]);
        for source in &self.sources {
            match source {
                Source::Doodle(doodle) => {
                    strokes.push(doodle.strokes().len() as u32);
                    points.extend(doodle.strokes().iter().map(|stroke| stroke.len() as u32));
                    coordinates.extend(doodle.strokes().iter().flatten().flatten());
                }
                Source::Picture { pixels, .. } => {
                    // No drawing is without a stroke.
                    strokes.push(0);
                    pictures.extend(pixels.iter().flatten());
                }
            }
        }
        let side = self.metadata.input.size;
        let ids: Vec<u32> = self.dataset.examples().iter().map(|example| example.id).collect();
        let classes: Vec<u32> = self.dataset.targets().into_iter().map(|target| target as u32).collect();
        vec![
            Entry::numbers("examples.ids", &ids),
            Entry::numbers("examples.classes", &classes),
            Entry::numbers("examples.strokes", &strokes),
            Entry::numbers("examples.points", &points),
            Entry::singles("examples.coordinates", &[coordinates.len() / 2, 2], &coordinates),
            Entry::bytes("examples.pictures", &[pictures.len() / (side * side * 3), side, side, 3], pictures),
        ]
    }
}

fn read_examples(archive: &Archive, side: usize) -> Result<(Dataset, Vec<Source>), String> {
    let classes = archive.texts.get("classes").ok_or("it does not say which classes there are")?;
    let classes: Vec<String> =
        serde_json::from_str(classes).map_err(|error| format!("its classes are no list of names ({error})"))?;
    check_classes(&classes)?;
    let (ids, targets) = (archive.numbers("examples.ids")?, archive.numbers("examples.classes")?);
    let (strokes, points) = (archive.numbers("examples.strokes")?, archive.numbers("examples.points")?);
    if ids.len() > MOST_EXAMPLES || targets.len() != ids.len() || strokes.len() != ids.len() {
        return Err(format!(
            "it has {} examples in {} classes with {} drawings",
            ids.len(),
            targets.len(),
            strokes.len()
        ));
    }
    let examples = ids.iter().zip(&targets).map(|(id, target)| {
        let label = classes.get(*target as usize).ok_or_else(|| format!("there is no class number {target}"))?;
        Ok(Example { id: *id, label: label.clone() })
    });
    let dataset = Dataset::restore(examples.collect::<Result<_, String>>()?, classes)?;
    // In a browser, a sum of 32-bit numbers can be too many for an index.
    let total = |counts: &[u32]| counts.iter().map(|count| u64::from(*count)).sum::<u64>();
    let index = |total: u64| usize::try_from(total).map_err(|_| format!("it has {total} points"));
    if total(&strokes) != points.len() as u64 {
        return Err(format!("it has {} strokes, but lengths of {}", total(&strokes), points.len()));
    }
    let coordinates = archive.floats("examples.coordinates", &[index(total(&points))?, 2])?;
    let pictured = strokes.iter().filter(|count| **count == 0).count();
    let pictures = archive.bytes("examples.pictures", &[pictured, side, side, 3])?;
    let (mut coordinates, mut lengths) = (coordinates.as_chunks::<2>().0, points.into_iter());
    let mut pictures = pictures.chunks_exact(side * side * 3);
    let sources = strokes.into_iter().map(|count| {
        if count == 0 {
            let bytes = pictures.next().expect("there are as many as were counted");
            return Ok(Source::Picture { side, pixels: bytes.as_chunks::<3>().0.into() });
        }
        let stroke = |length: u32| -> Stroke {
            let (stroke, rest) = coordinates.split_at(length as usize);
            coordinates = rest;
            stroke.to_vec()
        };
        let strokes: Vec<Stroke> = lengths.by_ref().take(count as usize).map(stroke).collect();
        let doodle = Doodle::new(strokes).map_err(|error| format!("a drawing in it is unusable ({error})"))?;
        Ok(Source::Doodle(Rc::new(doodle)))
    });
    let sources = sources.collect::<Result<Vec<_>, String>>()?;
    Ok((dataset, sources))
}

fn read_outcome(archive: &Archive) -> Result<Option<Outcome>, String> {
    let Some(&[length]) = archive.shape(OUTCOME) else { return Ok(None) };
    if length > MOST_OUTCOME {
        return Err(format!("its report has {length} bytes, more than the {MOST_OUTCOME} allowed"));
    }
    let json = archive.bytes(OUTCOME, &[length])?;
    let outcome: Outcome =
        serde_json::from_slice(json).map_err(|error| format!("its report is unreadable ({error})"))?;
    outcome.report.evaluation.as_ref().map_or(Ok(()), Evaluation::check)?;
    Ok(Some(outcome))
}
