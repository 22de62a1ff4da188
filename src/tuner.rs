//! Examples, a backbone and the head they give: everything a user does, natively testable.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::backbone::{Backbone, Weights};
use crate::dataset::{Dataset, ExampleId, checked_label};
use crate::device::Processor;
use crate::doodle::{Input, Picture};
use crate::error::{Error, Result};
use crate::finetune::{Epoch, FeatureCache, Plan, Report, train_head};
use crate::head::{Head, HeadKind, LabelledFeatures};
use crate::pace::Pace;
use crate::selection::{self, DeviceReport, Preference};

/// How a [`Tuner`] is made. Unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TunerOptions {
    /// Where the backbone computes.
    pub device: Preference,
    /// Side of the input in pixels; the weights' own if absent.
    pub size: Option<usize>,
}

/// What the backbone is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackboneReport {
    /// Its name.
    pub name: String,
    /// The names of its stages, from the input on.
    pub stages: Vec<String>,
    /// Features per drawing.
    pub features: usize,
    /// Side of the input in pixels.
    pub size: usize,
    /// Values in its weights.
    pub parameters: usize,
    /// What it can guess without any example; empty if its weights come without a ready-made head.
    pub labels: Vec<String>,
    /// Licence of its weights.
    pub license: String,
    /// Where its weights come from.
    pub source: String,
}

/// A class and its probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guess {
    /// Name of the class.
    pub label: String,
    /// 0 to 1; those of all classes sum to 1.
    pub probability: f32,
}

/// What a drawing was taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The most probable class.
    pub label: String,
    /// Its probability.
    pub probability: f32,
    /// All classes, the most probable first.
    pub ranking: Vec<Guess>,
    /// Which head answered.
    pub head: HeadKind,
    /// How long it took.
    pub milliseconds: f64,
}

/// A class and how many examples it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassReport {
    /// Its name.
    pub label: String,
    /// Its number of examples.
    pub examples: usize,
}

#[derive(Debug, Default)]
struct State {
    dataset: Dataset,
    cache: FeatureCache,
    /// Made when first asked for, forgotten when an example changes.
    prototype: Option<Rc<Head>>,
    /// Forgotten when the set of classes changes.
    trained: Option<Rc<Head>>,
    /// The classes of the run in progress, by their names of today.
    run: Option<Vec<String>>,
}

impl State {
    /// The examples with their features, in the order of the dataset.
    fn labelled_features(&self) -> Result<LabelledFeatures> {
        let features = |example: &crate::dataset::Example| {
            self.cache.get(example.id).ok_or_else(|| Error::Internal(format!("example {} has no features", example.id)))
        };
        Ok(LabelledFeatures {
            classes: self.dataset.classes().to_vec(),
            features: self.dataset.examples().iter().map(features).collect::<Result<_>>()?,
            targets: self.dataset.targets(),
        })
    }

    fn head(&mut self) -> Result<Rc<Head>> {
        if let Some(head) = self.trained.as_ref().or(self.prototype.as_ref()) {
            return Ok(head.clone());
        }
        let head = Rc::new(Head::prototype(&self.labelled_features()?)?);
        self.prototype = Some(head.clone());
        Ok(head)
    }

    /// To be called after every change of the examples.
    fn changed(&mut self) {
        self.prototype = None;
        if self.trained.as_ref().is_some_and(|head| !self.tells_apart_all(head.classes())) {
            self.trained = None;
        }
        if self.run.as_ref().is_some_and(|classes| !self.tells_apart_all(classes)) {
            self.run = None;
        }
    }

    fn tells_apart_all(&self, classes: &[String]) -> bool {
        let known = self.dataset.classes();
        known.len() == classes.len() && known.iter().all(|class| classes.contains(class))
    }
}

/// Learns classes from examples and recognises new drawings.
///
/// All methods take `&self` and hold no borrow while they wait, so that predictions go on during a training.
#[derive(Debug)]
pub struct Tuner {
    backbone: Backbone,
    /// The classifier in the weight file, if it says what it tells apart.
    pretrained: Option<Head>,
    processor: Processor,
    device: DeviceReport,
    state: RefCell<State>,
    stop: Cell<bool>,
    training: Cell<bool>,
}

/// Drawings that go through the backbone together: many enough for a GPU, few enough to keep a CPU's thread free for
/// messages.
const BATCH: usize = 8;

impl Tuner {
    /// Loads the backbone in `weights` (bytes of a weight file) on the processor that the options ask for. `log` gets a
    /// sentence for each step that takes time.
    ///
    /// # Errors
    /// See [`selection::choose`].
    pub async fn create(options: &TunerOptions, weights: &[u8], log: impl Fn(&str)) -> Result<Self> {
        let weights = Weights::parse(weights)?;
        let (backbone, processor, device) = selection::choose(&weights, options.size, options.device, log).await?;
        let labels = &backbone.metadata().labels;
        let pretrained = (!labels.is_empty())
            .then(|| Head::pretrained(&weights, labels.clone(), backbone.feature_count()))
            .transpose()?;
        let (state, stop, training) = Default::default();
        Ok(Self { backbone, pretrained, processor, device, state, stop, training })
    }

    /// Which processor computes, and why.
    pub fn device(&self) -> &DeviceReport {
        &self.device
    }

    /// The processor itself.
    pub fn processor(&self) -> &Processor {
        &self.processor
    }

    /// What the backbone is.
    pub fn backbone(&self) -> BackboneReport {
        let metadata = self.backbone.metadata();
        BackboneReport {
            name: metadata.backbone.clone(),
            stages: self.backbone.stages().iter().map(|stage| stage.name().to_owned()).collect(),
            features: self.backbone.feature_count(),
            size: metadata.input.size,
            parameters: self.backbone.parameters(),
            labels: metadata.labels.clone(),
            license: metadata.license.clone(),
            source: metadata.source.clone(),
        }
    }

    /// What the network sees of an input.
    ///
    /// # Errors
    /// [`Error::EmptyDrawing`] if that is nothing.
    pub fn preview(&self, input: &Input) -> Result<Picture> {
        input.render(self.backbone.input())
    }

    /// Adds examples, all or none, and computes their features.
    ///
    /// # Errors
    /// [`Error::BadLabel`], [`Error::EmptyDrawing`], or a failure of the processor.
    pub async fn add_examples(&self, list: Vec<(String, Input)>) -> Result<Vec<ExampleId>> {
        let mut pace = Pace::new();
        let mut features = Vec::with_capacity(list.len());
        for (label, _) in &list {
            checked_label(label)?;
        }
        for chunk in list.chunks(BATCH) {
            let pictures = chunk.iter().map(|(_, input)| self.preview(input)).collect::<Result<Vec<_>>>()?;
            features.extend(self.backbone.features(&pictures).await?);
            pace.breathe().await;
        }
        let mut state = self.state.borrow_mut();
        let mut ids = Vec::with_capacity(list.len());
        for ((label, _), features) in list.iter().zip(features) {
            let id = state.dataset.add(label)?;
            state.cache.insert(id, features);
            ids.push(id);
        }
        state.changed();
        Ok(ids)
    }

    /// Removes examples, all or none.
    ///
    /// # Errors
    /// [`Error::UnknownExample`].
    pub fn remove_examples(&self, ids: &[ExampleId]) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.dataset.remove(ids)?;
        state.cache.remove(ids);
        state.changed();
        Ok(())
    }

    /// Gives an example to another, possibly new, class.
    ///
    /// # Errors
    /// [`Error::UnknownExample`], [`Error::BadLabel`].
    pub fn move_example(&self, id: ExampleId, label: &str) -> Result<()> {
        let mut state = self.state.borrow_mut();
        state.dataset.relabel(id, label)?;
        state.changed();
        Ok(())
    }

    /// Gives a class another name. What was learned of it stays.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], [`Error::BadLabel`].
    pub fn rename_class(&self, from: &str, to: &str) -> Result<()> {
        let to = checked_label(to)?;
        let mut state = self.state.borrow_mut();
        state.dataset.rename(from, to)?;
        let State { prototype, trained, run, .. } = &mut *state;
        for head in [prototype, trained].into_iter().flatten() {
            Rc::make_mut(head).rename(from, to);
        }
        run.iter_mut().flatten().filter(|class| *class == from).for_each(|class| *class = to.to_owned());
        Ok(())
    }

    /// Removes a class with its examples.
    ///
    /// # Errors
    /// [`Error::UnknownClass`].
    pub fn remove_class(&self, label: &str) -> Result<()> {
        let ids = self.state.borrow().dataset.of_class(label)?;
        self.remove_examples(&ids)
    }

    /// The classes, in the order of their first examples.
    pub fn classes(&self) -> Vec<ClassReport> {
        let state = self.state.borrow();
        let targets = state.dataset.targets();
        let report = |(index, label): (usize, &String)| ClassReport {
            label: label.clone(),
            examples: targets.iter().filter(|target| **target == index).count(),
        };
        state.dataset.classes().iter().enumerate().map(report).collect()
    }

    /// Recognises a drawing: with the trained head, or with prototypes while there is none for today's classes.
    ///
    /// # Errors
    /// [`Error::TooFewClasses`], [`Error::EmptyDrawing`], or a failure of the processor.
    pub async fn predict(&self, input: &Input) -> Result<Prediction> {
        let head = self.state.borrow_mut().head()?;
        self.ask(&head, input).await
    }

    /// Says what a drawing looks like with the ready-made head in the weights: needs no example and learns from none.
    ///
    /// # Errors
    /// [`Error::NoPretrainedHead`], [`Error::EmptyDrawing`], or a failure of the processor.
    pub async fn guess(&self, input: &Input) -> Result<Prediction> {
        let missing = || Error::NoPretrainedHead(self.backbone.metadata().backbone.clone());
        self.ask(self.pretrained.as_ref().ok_or_else(missing)?, input).await
    }

    async fn ask(&self, head: &Head, input: &Input) -> Result<Prediction> {
        let start = Instant::now();
        let features = self.backbone.features(&[self.preview(input)?]).await?;
        let probabilities = head.probabilities(&features[0]);
        let mut ranking: Vec<Guess> = head
            .classes()
            .iter()
            .zip(probabilities)
            .map(|(label, probability)| Guess { label: label.clone(), probability })
            .collect();
        ranking.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        let Guess { label, probability } = ranking[0].clone();
        Ok(Prediction {
            label,
            probability,
            ranking,
            head: head.kind(),
            milliseconds: start.elapsed().as_secs_f64() * 1e3,
        })
    }

    /// Trains the head on the examples of this moment. Every better head serves predictions at once, so that whatever
    /// ends the run, the best so far stays.
    ///
    /// # Errors
    /// [`Error::Busy`] while another training runs, and all of [`train_head`].
    pub async fn train(&self, plan: &Plan, mut on_epoch: impl FnMut(&Epoch)) -> Result<Report> {
        let _running = Running::begin(&self.training)?;
        self.stop.set(false);
        let examples = {
            let mut state = self.state.borrow_mut();
            let examples = state.labelled_features()?;
            state.run = Some(examples.classes.clone());
            examples
        };
        let trained = train_head(&examples, plan, &self.stop, |epoch, best| {
            if let Some(best) = best {
                let mut state = self.state.borrow_mut();
                if let Some(classes) = state.run.clone() {
                    state.trained = Some(Rc::new(best.clone().with_classes(classes)));
                }
            }
            on_epoch(epoch);
        });
        let outcome = trained.await;
        self.state.borrow_mut().run = None;
        outcome.map(|(_, report)| report)
    }

    /// Ends the running training within a step; nothing without one.
    pub fn stop(&self) {
        self.stop.set(true);
    }
}

/// Marks a training as running until it is dropped, however the training ends.
struct Running<'a>(&'a Cell<bool>);

impl<'a> Running<'a> {
    fn begin(flag: &'a Cell<bool>) -> Result<Self> {
        if flag.replace(true) { Err(Error::Busy) } else { Ok(Self(flag)) }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
