//! A session in the middle of its plan, as bytes: another worker goes on where one has died.
//!
//! A safetensors file without a version, as it is read by the program that wrote it. Adam's moments and the like are in
//! burn's own format inside of it; as burn reads those at once, which a GPU in a browser lets nobody do, a phase that
//! trains there is begun anew.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};
use web_time::Instant;

use super::examples::Examples;
use super::fit::{Fit, Paused};
use super::model::{Judgement, Model};
use super::report::{Epoch, PhaseReport};
use super::{Evaluation, Optimizer, Phase, Plan, Session};
use crate::archive::{self, Archive, Entry, Limits};
use crate::backbone::{Backbone, Crew, Dtype, entries};
use crate::device::read;
use crate::error::{Error, Result};
use crate::head::{Head, HeadText};
use crate::pace::Pace;

/// What a checkpoint is at most: weights of 64 MiB as they are, before the phase, in their best epoch, in that which serves, and
/// averaged; and two moments of what trains.
const LIMITS: Limits = Limits { file: 512 << 20, header: 4 << 20, tensors: 1 << 14 };

/// The name of the tensor with [`Progress`] as JSON.
const PROGRESS: &str = "progress";

/// How many times longer than writing a checkpoint a session works before the next.
const SHARE: u32 = 50;

/// Where a session's checkpoints go, and how often.
pub(super) struct Checkpoints {
    take: Box<dyn FnMut(Vec<u8>)>,
    every: Duration,
    last: Instant,
    cost: Duration,
}

impl Checkpoints {
    fn are_due(&self) -> bool {
        self.every.is_zero() || self.last.elapsed() >= self.every.max(self.cost * SHARE)
    }
}

/// What is not a tensor.
#[derive(Serialize, Deserialize)]
struct Progress {
    plan: Plan,
    classes: Vec<String>,
    targets: Vec<usize>,
    model: ModelText,
    first_pass: Option<ModelText>,
    phase: usize,
    fit: Option<FitText>,
    reports: Vec<PhaseReport>,
    evaluation: Option<Evaluation>,
    strength: Option<f32>,
    cross_validated: usize,
    epochs: usize,
    seconds: f64,
    rate_factor: f64,
    batch_limit: usize,
}

#[derive(Serialize, Deserialize)]
struct ModelText {
    head: HeadText,
    judgement: Option<Judgement>,
    moved: bool,
    learned: bool,
}

#[derive(Serialize, Deserialize)]
struct FitText {
    epoch: usize,
    steps: usize,
    first_loss: Option<f32>,
    losses: Vec<f32>,
    best: Option<(Epoch, ModelText)>,
    /// If it is another epoch than `best`.
    served: Option<(Epoch, ModelText)>,
    seconds: f64,
}

impl Session {
    /// The same session, which hands `take` what it has come to before its first step, and from then on when an epoch or
    /// phase ends, but not more often than `every` so long, and so rarely that it costs 2 % of the time; if that is zero,
    /// each time. See [`Session::restore`].
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn with_checkpoints(mut self, every: Duration, take: impl FnMut(Vec<u8>) + 'static) -> Result<Self> {
        let mut checkpoints = Checkpoints { take: Box::new(take), every, last: Instant::now(), cost: Duration::ZERO };
        (checkpoints.take)(self.checkpoint(self.paused.as_ref().map(|paused| &paused.start)).await?);
        self.checkpoints = Some(checkpoints);
        Ok(self)
    }

    /// A session that goes on from a checkpoint of another, to the same weights (on the CPU to the last bit) as if it were
    /// that one. `backbone` and `examples` are those that the other was made of; `crew` is as in [`Session::with_crew`].
    ///
    /// # Errors
    /// [`Error::BadOption`] if the checkpoint is of other examples or damaged, those of [`Session::new`], or a failure of the
    /// processor.
    pub async fn restore(
        backbone: Rc<Backbone>,
        examples: Examples,
        crew: Rc<Crew>,
        checkpoint: &[u8],
    ) -> Result<Self> {
        let mut archive = Archive::parse(checkpoint, LIMITS).map_err(|refusal| unusable(refusal.into_words()))?;
        let length = archive.shape(PROGRESS).map_or(0, |shape| shape.iter().product());
        let json = archive.split_off(PROGRESS).bytes(PROGRESS, &[length]).map_err(unusable)?;
        let progress: Progress = serde_json::from_slice(json).map_err(|error| unusable(error.to_string()))?;
        if (&progress.classes, &progress.targets) != (&examples.classes, &examples.targets) {
            return Err(unusable("it is of other examples".into()));
        }
        let mut session = Self::new(backbone, examples, progress.plan).await?.with_crew(crew);
        let phases = session.plan.phases.len();
        // A first pass is over when there is a report of each phase.
        let told = if progress.first_pass.is_some() { phases } else { progress.phase };
        if progress.phase > phases || progress.reports.len() != told {
            return Err(unusable("it tells of other phases than its plan has".into()));
        }
        if progress.batch_limit == 0 {
            return Err(unusable("it has batches of nothing".into()));
        }
        if let Some((fit, phase)) = progress.fit.as_ref().zip(session.plan.phases.get(progress.phase))
            && (matches!(phase.optimizer, Optimizer::Logistic {}) || fit.epoch > phase.epochs)
        {
            return Err(unusable("it is within a phase that has no such epoch".into()));
        }
        if let Some(text) = &progress.first_pass {
            session.end_first_pass()?;
            session.first_pass = Some(session.read_model(&mut archive, "first", text).map_err(unusable)?);
        }
        session.model = session.read_model(&mut archive, "model", &progress.model).map_err(unusable)?;
        session.phase = progress.phase;
        session.reports = progress.reports;
        session.evaluation = progress.evaluation;
        session.strength = progress.strength;
        session.cross_validated = progress.cross_validated;
        session.epochs = progress.epochs;
        session.seconds = progress.seconds;
        session.rate_factor = progress.rate_factor;
        session.batch_limit = progress.batch_limit;
        if let Some((text, phase)) = progress.fit.as_ref().zip(session.plan.phases.get(session.phase).cloned()) {
            let ground = session.ground(&phase, &Cell::default(), &mut Pace::new()).await?;
            let ground = ground.ok_or_else(|| Error::Internal("nobody stopped the training".into()))?;
            let new = Fit::new(&session.model, &phase, &ground);
            let fit = session.read_fit(&mut archive, text, new, &phase).map_err(unusable)?;
            session.seconds += fit.seconds;
            session.paused = Some(Paused { start: fit.copy(&phase, &ground), fit: fit.copy(&phase, &ground), ground });
        }
        Ok(session)
    }

    /// Gives a checkpoint away, if one is wanted by now.
    pub(super) async fn note(&mut self, fit: Option<&Fit>) -> Result<()> {
        let Some(mut checkpoints) = self.checkpoints.take_if(|checkpoints| checkpoints.are_due()) else {
            return Ok(());
        };
        let start = Instant::now();
        (checkpoints.take)(self.checkpoint(fit).await?);
        (checkpoints.cost, checkpoints.last) = (start.elapsed(), Instant::now());
        self.checkpoints = Some(checkpoints);
        Ok(())
    }

    /// Between phases, or after an epoch of `fit`, which trains on the CPU.
    async fn checkpoint(&self, fit: Option<&Fit>) -> Result<Vec<u8>> {
        let mut tensors = vec![];
        let model = write_model(&mut tensors, "model", &self.model).await?;
        let first_pass = match &self.first_pass {
            Some(first) => Some(write_model(&mut tensors, "first", first).await?),
            None => None,
        };
        let fit = match fit {
            Some(fit) => Some(write_fit(&mut tensors, fit).await?),
            None => None,
        };
        let progress = Progress {
            plan: self.plan.clone(),
            classes: self.examples.classes.clone(),
            targets: self.examples.targets.clone(),
            model,
            first_pass,
            phase: self.phase,
            fit,
            reports: self.reports.clone(),
            evaluation: self.evaluation.clone(),
            strength: self.strength,
            cross_validated: self.cross_validated,
            epochs: self.epochs,
            seconds: self.seconds,
            rate_factor: self.rate_factor,
            batch_limit: self.batch_limit,
        };
        let json = serde_json::to_vec(&progress).map_err(|error| Error::Internal(error.to_string()))?;
        tensors.push(Entry::bytes(PROGRESS, &[json.len()], json));
        archive::write(HashMap::new(), &tensors).map_err(Error::Internal)
    }

    fn read_model(&self, archive: &mut Archive, name: &str, text: &ModelText) -> Result<Model, String> {
        let ModelText { head, judgement, moved, learned } = text;
        let prefix = format!("{name}.head.");
        let (classes, features) = (self.examples.classes.clone(), self.backbone.feature_count());
        let head = Head::from_tensors(&archive.split_off(&prefix), &prefix, head, classes, features)?;
        let stages = self.backbone.stages().to_vec();
        let stages = if *moved { fill(stages, archive, &format!("{name}.stages"))? } else { stages };
        Ok(Model { stages, head, judgement: *judgement, moved: *moved, learned: *learned })
    }

    fn read_fit(&self, archive: &mut Archive, text: &FitText, new: Fit, phase: &Phase) -> Result<Fit, String> {
        let mut kept = |name: &str, text: &Option<(Epoch, ModelText)>| match text {
            Some((epoch, model)) => self.read_model(archive, name, model).map(|model| Some((epoch.clone(), model))),
            None => Ok(None),
        };
        let best = kept("best", &text.best)?;
        let served = kept("served", &text.served)?.or(best.clone().filter(|(epoch, _)| epoch.best));
        let optimizers = (0..new.optimizers.len()).map(|index| {
            let (name, optimizer) = (optimizer_name(index), phase.optimizer.init(phase.clip));
            let Some(&[length]) = archive.shape(&name) else { return Ok(optimizer) };
            let bytes = Bytes::from_bytes_vec(archive.bytes(&name, &[length])?.to_vec());
            optimizer.from_bytes(bytes).map_err(|error| error.to_string())
        });
        Ok(Fit {
            optimizers: optimizers.collect::<Result<_, String>>()?,
            network: fill(new.network, archive, "network")?,
            average: new.average.map(|average| fill(average, archive, "average")).transpose()?,
            epoch: text.epoch,
            steps: text.steps,
            first_loss: text.first_loss,
            losses: text.losses.clone(),
            best,
            served,
            seconds: text.seconds,
            ..new
        })
    }
}

fn unusable(words: String) -> Error {
    Error::BadOption(format!("the checkpoint cannot be used: {words}; train from the start"))
}

fn optimizer_name(index: usize) -> String {
    format!("optimizer.{index}")
}

async fn write_model(tensors: &mut Vec<Entry>, name: &str, model: &Model) -> Result<ModelText> {
    tensors.extend(entries(&model.head.tensors(&format!("{name}.head.")), Dtype::F32)?);
    if model.moved {
        write(tensors, &format!("{name}.stages"), &model.stages).await?;
    }
    let Model { judgement, moved, learned, .. } = *model;
    Ok(ModelText { head: model.head.text(), judgement, moved, learned })
}

async fn write_fit(tensors: &mut Vec<Entry>, fit: &Fit) -> Result<FitText> {
    write(tensors, "network", &fit.network.valid()).await?;
    if let Some(average) = &fit.average {
        write(tensors, "average", average).await?;
    }
    for (index, optimizer) in fit.optimizers.iter().enumerate() {
        let bytes = optimizer.into_bytes().map_err(|error| Error::Internal(error.to_string()))?;
        tensors.push(Entry::bytes(&optimizer_name(index), &[bytes.len()], bytes.to_vec()));
    }
    let mut kept = async |name: &str, kept: Option<&(Epoch, Model)>| match kept {
        Some((epoch, model)) => Ok(Some((epoch.clone(), write_model(tensors, name, model).await?))),
        None => Ok::<_, Error>(None),
    };
    let best = kept("best", fit.best.as_ref()).await?;
    let is_best = |(served, _): &&(Epoch, Model)| fit.best.as_ref().is_some_and(|(best, _)| best.epoch == served.epoch);
    let served = kept("served", fit.served.as_ref().filter(|served| !is_best(served))).await?;
    let Fit { epoch, steps, first_loss, ref losses, seconds, .. } = *fit;
    Ok(FitText { epoch, steps, first_loss, losses: losses.clone(), best, served, seconds })
}

/// Adds every value of a module without gradients, its tensors numbered in its order.
async fn write(tensors: &mut Vec<Entry>, name: &str, module: &impl Module) -> Result<()> {
    struct Tensors(Vec<(Vec<usize>, Tensor<1>)>);
    impl ModuleVisitor for Tensors {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            self.0.push((tensor.dims().to_vec(), tensor.reshape([-1])));
        }
    }
    let mut found = Tensors(vec![]);
    module.visit(&mut found);
    for (number, (shape, tensor)) in found.0.into_iter().enumerate() {
        tensors.push(Entry::singles(format!("{name}.{number}"), &shape, &read(tensor).await?));
    }
    Ok(())
}

/// The module with the values that [`write`] has written.
fn fill<M: Module>(module: M, archive: &Archive, name: &str) -> Result<M, String> {
    struct Values<'a> {
        archive: &'a Archive<'a>,
        name: &'a str,
        number: usize,
        wrong: Option<String>,
    }
    impl ModuleMapper for Values<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let shape = tensor.dims();
            let tensor = match self.archive.floats(&format!("{}.{}", self.name, self.number), &shape) {
                Ok(values) => Tensor::from_data(TensorData::new(values, shape), &tensor.device()),
                Err(words) => {
                    self.wrong.get_or_insert(words);
                    tensor
                }
            };
            self.number += 1;
            Param::from_mapped_value(id, tensor, mapper)
        }
    }
    let mut values = Values { archive, name, number: 0, wrong: None };
    // Clones share running statistics, which are mapped in place.
    let filled = module.valid().map(&mut values);
    values.wrong.map_or(Ok(filled), Err)
}
