//! Examples, a backbone and the head they give: everything a user does, natively testable.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use web_time::Instant;

use crate::backbone::{Backbone, Crew, Helpers, InputSpec, Metadata, Weights};
use crate::bundle::{Model, ModelFormat, Outcome, Project};
use crate::dataset::{Dataset, ExampleId, checked_label};
use crate::device::{Processor, is_cpu};
use crate::doodle::{Input, Picture};
use crate::error::{Error, Result};
use crate::explanation::{Explanation, explain};
use crate::finetune::{
    Ending, Epoch, Evaluation, Examples, Kernels, Plan, Rehearsal, Report, Session, Signal, Situation, Source,
    Strategy, Trained, Variation, cross_validate, features, seeded, solve_unfinished,
};
use crate::head::{Guess, Head, HeadKind, LabelledFeatures, ranking};
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

/// What to train. Unknown fields are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TrainOptions {
    /// By name; `auto` if nothing is said.
    pub strategy: Option<Strategy>,
    /// In detail, instead: [`Tuner::plan`] gives a strategy's to start from.
    pub plan: Option<Plan>,
    /// The most epochs of each phase, in the place of the strategy's own.
    pub epochs: Option<usize>,
    /// Decides what is held out, the order of examples and their variations.
    pub seed: Option<u64>,
    /// What a teacher makes of the examples, for [`Strategy::Distil`]: its guesses by number of example. Classes that it does
    /// not name get nothing.
    pub teacher: Option<HashMap<ExampleId, Vec<Guess>>>,
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

/// What a network makes of examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The examples' numbers.
    pub ids: Vec<ExampleId>,
    /// The class of each.
    pub labels: Vec<String>,
    /// Values per example.
    pub length: usize,
    /// One example after the other.
    pub values: Vec<f32>,
}

/// What is kept of an example beside its label.
#[derive(Debug, Clone)]
struct Kept {
    source: Source,
    /// By the backbone as it came. With 1280 features, 1,000 examples take 5 MB.
    features: Rc<[f32]>,
}

#[derive(Debug, Default)]
struct State {
    dataset: Dataset,
    kept: HashMap<ExampleId, Kept>,
    /// Made when first asked for, forgotten when an example changes.
    prototype: Option<Rc<Head>>,
    /// Forgotten when the set of classes changes.
    trained: Option<Trained>,
    /// For drawings that are still being drawn, after the trained head that it goes with; none where nothing was drawn.
    unfinished: Option<(Rc<Head>, Option<Rc<Head>>)>,
    /// The classes of the run in progress, by their names of today.
    run: Option<Vec<String>>,
    /// A run that waits to go on.
    paused: Option<Session>,
    /// What the last run came to; forgotten with what it trained.
    outcome: Option<Outcome>,
}

impl State {
    /// What is kept of the examples, in the order of the dataset.
    fn kept(&self) -> Result<Vec<&Kept>> {
        let kept = |example: &crate::dataset::Example| {
            self.kept.get(&example.id).ok_or_else(|| Error::Internal(format!("example {} was not kept", example.id)))
        };
        self.dataset.examples().iter().map(kept).collect()
    }

    /// The numbers of the examples, in the order of the dataset.
    fn ids(&self) -> Vec<ExampleId> {
        self.dataset.examples().iter().map(|example| example.id).collect()
    }

    fn labelled_features(&self) -> Result<LabelledFeatures> {
        Ok(LabelledFeatures {
            classes: self.dataset.classes().to_vec(),
            features: self.kept()?.into_iter().map(|kept| kept.features.clone()).collect(),
            targets: self.dataset.targets(),
        })
    }

    fn examples(&self, teacher: Option<&HashMap<ExampleId, Vec<Guess>>>) -> Result<Examples> {
        let LabelledFeatures { classes, features, targets } = self.labelled_features()?;
        let opinion = |example: &crate::dataset::Example, guesses: &HashMap<ExampleId, Vec<Guess>>| {
            let guesses = guesses.get(&example.id).ok_or_else(|| {
                Error::BadOption(format!("the teacher says nothing of example {}; ask it about every one", example.id))
            })?;
            let probability =
                |class: &String| guesses.iter().find(|guess| guess.label == *class).map_or(0.0, |g| g.probability);
            let row: Vec<f32> = classes.iter().map(probability).collect();
            let sum: f32 = row.iter().sum();
            if row.iter().any(|v| !v.is_finite() || *v < 0.0) || sum <= 0.0 {
                return Err(Error::BadOption(format!(
                    "the teacher gives example {} no probability of any class; it must know the same classes",
                    example.id
                )));
            }
            Ok(row.into_iter().map(|v| v / sum).collect())
        };
        let teacher = teacher
            .map(|guesses| self.dataset.examples().iter().map(|example| opinion(example, guesses)).collect())
            .transpose()?;
        let sources = self.kept()?.into_iter().map(|kept| kept.source.clone()).collect();
        Ok(Examples { classes, ids: self.ids(), sources, features, targets, teacher })
    }

    /// What answers: what was trained, or the prototypes, which go with the backbone as it came.
    fn answering(&mut self) -> Result<Trained> {
        if let Some(trained) = &self.trained {
            return Ok(trained.clone());
        }
        let head = match &self.prototype {
            Some(head) => head.clone(),
            None => Rc::new(Head::prototype(&self.labelled_features()?)?),
        };
        self.prototype = Some(head.clone());
        Ok(Trained { backbone: None, head })
    }

    /// Serves what a run learned, under the names that its classes have today; nothing if they are others today.
    fn serve(&mut self, trained: &Trained) {
        if let Some(classes) = self.run.clone() {
            let head = Rc::new((*trained.head).clone().with_classes(classes));
            self.trained = Some(Trained { head, ..trained.clone() });
        }
    }

    /// What became of the examples that the last training held out.
    fn evaluation(&mut self) -> Option<&mut Evaluation> {
        self.outcome.as_mut().and_then(|outcome| outcome.report.evaluation.as_mut())
    }

    /// To be called after every change of the examples.
    fn changed(&mut self) {
        self.prototype = None;
        if self.trained.as_ref().is_some_and(|trained| !self.tells_apart_all(trained.head.classes())) {
            (self.trained, self.outcome) = (None, None);
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
    backbone: Rc<Backbone>,
    /// Who looks at many drawings.
    crew: Rc<Crew>,
    /// The classifier in the weight file, if it says what it tells apart.
    pretrained: Option<Head>,
    processor: Processor,
    device: DeviceReport,
    state: RefCell<State>,
    signal: Cell<Signal>,
    training: Cell<bool>,
    /// Whether the head for unfinished drawings is on its way.
    preparing: Cell<bool>,
    /// The rehearsal under way, and what it has to obey.
    rehearsal: RefCell<Option<(Kernels, Rc<Cell<Signal>>)>>,
    /// What the last rehearsal or training had compiled.
    rehearsed: RefCell<Option<Kernels>>,
}

/// The longest, in seconds, that somebody who draws waits for a better answer.
const PATIENCE: f64 = 3.0;

/// How far checkpoints, which come at ends of epochs, are apart at least.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(2);

/// The most variations that are shown at once.
const MOST_VIEWS: usize = 64;

/// Into how many parts examples are dealt to evaluate a head.
const PARTS: usize = 5;

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
        let (crew, state, signal, training, preparing, rehearsal, rehearsed) = Default::default();
        let backbone = Rc::new(backbone);
        Ok(Self {
            backbone,
            crew,
            pretrained,
            processor,
            device,
            state,
            signal,
            training,
            preparing,
            rehearsal,
            rehearsed,
        })
    }

    /// The same tuner, with others who help where many drawings are to be looked at. On a GPU they are not asked.
    pub fn with_helpers(self, helpers: Rc<dyn Helpers>) -> Self {
        Self { crew: Rc::new(Crew::new(helpers)), ..self }
    }

    /// Helps another tuner with the same network: features of a normalised batch, one drawing after the other.
    ///
    /// # Errors
    /// As [`Backbone::features`].
    pub async fn help(&self, batch: Vec<f32>) -> Result<Vec<f32>> {
        self.backbone.features_of_planes(batch).await
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
        self.add_each(list.into_iter().map(Ok)).await
    }

    /// The same, of examples that come one by one: what is not kept of one is gone before the next.
    pub(crate) async fn add_each(
        &self,
        examples: impl Iterator<Item = Result<(String, Input)>>,
    ) -> Result<Vec<ExampleId>> {
        let mut pace = Pace::new();
        let (mut labels, mut sources) = (vec![], vec![]);
        for example in examples {
            let (label, input) = example?;
            checked_label(&label)?;
            labels.push(label);
            sources.push(Source::keep(&input, self.backbone.input())?);
            pace.breathe().await;
        }
        if labels.is_empty() {
            return Ok(vec![]);
        }
        let kept = self.look(sources).await?;
        let mut state = self.state.borrow_mut();
        let mut ids = Vec::with_capacity(labels.len());
        for (label, kept) in labels.iter().zip(kept) {
            let id = state.dataset.add(label)?;
            state.kept.insert(id, kept);
            ids.push(id);
        }
        state.changed();
        Ok(ids)
    }

    /// Examples with their features. What is kept is what is learned from, so that a project that was saved and loaded answers
    /// the same.
    async fn look(&self, sources: Vec<Source>) -> Result<Vec<Kept>> {
        let picture = |index: usize| sources[index].picture(self.backbone.input());
        let is_training = || self.training.get() && self.state.borrow().run.is_some();
        let is_busy = || is_training() || self.rehearsal.borrow().is_some();
        let (disturbed, seconds) = (is_busy(), self.crew.seconds_a_picture());
        let features = self.crew.features(&self.backbone, sources.len(), picture).await?;
        if disturbed || is_busy() {
            // Who shares the processor tells nothing of how fast it is.
            self.crew.set_seconds_a_picture(seconds);
        }
        Ok(sources.into_iter().zip(features).map(|(source, features)| Kept { source, features }).collect())
    }

    /// Removes examples, all or none.
    ///
    /// # Errors
    /// [`Error::UnknownExample`].
    pub fn remove_examples(&self, ids: &[ExampleId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut state = self.state.borrow_mut();
        state.dataset.remove(ids)?;
        ids.iter().for_each(|id| drop(state.kept.remove(id)));
        if let Some(evaluation) = state.evaluation() {
            evaluation.forget(ids);
        }
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
        // What was said of it was of another class.
        if let Some(evaluation) = state.evaluation() {
            evaluation.forget(&[id]);
        }
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
        let heads = prototype.iter_mut().chain(trained.as_mut().map(|trained| &mut trained.head));
        heads.for_each(|head| Rc::make_mut(head).rename(from, to));
        run.iter_mut().flatten().filter(|class| *class == from).for_each(|class| *class = to.to_owned());
        if let Some(evaluation) = state.evaluation() {
            evaluation.rename(&[from.to_owned()], &[to.to_owned()]);
        }
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

    /// The classes, in the order in which they came.
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
        let Trained { backbone, head } = self.state.borrow_mut().answering()?;
        self.ask(backbone.as_ref().unwrap_or(&self.backbone), &head, input).await
    }

    /// Recognises a drawing of which there may be only the beginning yet. Half a drawing is recognised better than by
    /// [`Tuner::predict`], a whole one a little worse. The head for it is made with the first question after a training; until
    /// then, and where that would take too long, it is the other one that answers.
    ///
    /// # Errors
    /// As [`Tuner::predict`].
    pub async fn predict_unfinished(&self, input: &Input) -> Result<Prediction> {
        let Trained { backbone: tuned, head } = self.state.borrow_mut().answering()?;
        let unfinished = self.unfinished_head(tuned.as_deref(), &head).await?;
        self.ask(tuned.as_ref().unwrap_or(&self.backbone), unfinished.as_ref().unwrap_or(&head), input).await
    }

    async fn unfinished_head(&self, tuned: Option<&Backbone>, head: &Rc<Head>) -> Result<Option<Rc<Head>>> {
        let examples = {
            let state = self.state.borrow();
            if !state.trained.as_ref().is_some_and(|trained| Rc::ptr_eq(&trained.head, head)) {
                return Ok(None);
            }
            if let Some((_, made)) = state.unfinished.as_ref().filter(|(of, _)| Rc::ptr_eq(of, head)) {
                return Ok(made.clone());
            }
            state.examples(None)?
        };
        let looks = examples.len() * if tuned.is_some() { 2 } else { 1 };
        let seconds = looks as f64 * self.crew.seconds_a_picture().unwrap_or(0.0);
        if self.training.get() || seconds > PATIENCE {
            return Ok(None);
        }
        let Ok(_preparing) = Running::begin(&self.preparing) else { return Ok(None) };
        let made = solve_unfinished(&self.backbone, tuned, &examples, 0, &Cell::new(Signal::Go)).await?.map(Rc::new);
        self.state.borrow_mut().unfinished = Some((head.clone(), made.clone()));
        Ok(made)
    }

    /// Says what a drawing looks like with the ready-made head in the weights: needs no example and learns from none.
    ///
    /// # Errors
    /// [`Error::NoPretrainedHead`], [`Error::EmptyDrawing`], or a failure of the processor.
    pub async fn guess(&self, input: &Input) -> Result<Prediction> {
        let missing = || Error::NoPretrainedHead(self.backbone.metadata().backbone.clone());
        self.ask(&self.backbone, self.pretrained.as_ref().ok_or_else(missing)?, input).await
    }

    async fn ask(&self, backbone: &Backbone, head: &Head, input: &Input) -> Result<Prediction> {
        let start = Instant::now();
        let features = backbone.features(&[input.render(backbone.input())?]).await?;
        let ranking = ranking(head.classes(), &head.logits(&features[0]));
        let Guess { label, probability } = ranking[0].clone();
        Ok(Prediction {
            label,
            probability,
            ranking,
            head: head.kind(),
            milliseconds: start.elapsed().as_secs_f64() * 1e3,
        })
    }

    /// What the network makes of the examples: the one that answers now, or, `pretrained`, the one that it was before any
    /// training.
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn features(&self, pretrained: bool) -> Result<Features> {
        let (examples, tuned) = {
            let state = self.state.borrow();
            let tuned = state.trained.as_ref().and_then(|trained| trained.backbone.clone());
            (state.examples(None)?, tuned.filter(|_| !pretrained))
        };
        let features = match tuned {
            Some(backbone) => features(&backbone, &examples).await?,
            None => examples.features,
        };
        Ok(Features {
            ids: examples.ids,
            labels: examples.targets.iter().map(|target| examples.classes[*target].clone()).collect(),
            length: self.backbone.feature_count(),
            values: features.iter().flat_map(|features| features.iter().copied()).collect(),
        })
    }

    /// Where in a drawing the answer of [`Tuner::predict`] is found.
    ///
    /// # Errors
    /// As [`Tuner::predict`].
    pub async fn explain(&self, input: &Input) -> Result<Explanation> {
        let Trained { backbone, head } = self.state.borrow_mut().answering()?;
        explain(backbone.as_ref().unwrap_or(&self.backbone), &head, input).await
    }

    /// `count` variations of a drawing as a training would show them to the network, the same for the same `seed`. Mixtures
    /// with other drawings are not among them.
    ///
    /// # Errors
    /// [`Error::BadOption`] for an impossible variation or a count that is not 1 to 64, [`Error::EmptyDrawing`].
    pub fn vary(&self, input: &Input, variation: &Variation, count: usize, seed: u64) -> Result<Vec<Picture>> {
        if !(1..=MOST_VIEWS).contains(&count) {
            return Err(Error::BadOption(format!("count is {count}, but must be 1 to {MOST_VIEWS}")));
        }
        variation.check()?;
        let spec = self.backbone.input();
        let source = Source::keep(input, spec)?;
        (0..count as u64).map(|view| source.vary(spec, variation, &mut seeded(&[seed, view]))).collect()
    }

    /// The plan of a strategy, made to measure for the examples of this moment.
    pub fn plan(&self, strategy: Strategy) -> Plan {
        let classes = self.classes();
        let state = self.state.borrow();
        strategy.plan(&Situation {
            examples: state.dataset.examples().len(),
            classes: classes.len(),
            fewest: classes.iter().map(|class| class.examples).min().unwrap_or(0),
            stages: self.backbone.stages().len(),
            side: self.backbone.input().size,
            strokes: state.kept.values().any(|kept| matches!(kept.source, Source::Doodle(_))),
            knows_drawings: self.backbone.metadata().knows_drawings(),
            seconds_a_drawing: self.crew.seconds_a_picture(),
        })
    }

    /// Compiles, where a GPU computes, what a training with these options would have compiled in its first steps: a
    /// [`Rehearsal`] of it, of which nothing is kept. Others get their turn within a step, of which the first is the longest; a
    /// training that begins or goes on ends it, and so does another rehearsal. Does nothing on a CPU, while a training runs or is
    /// paused, and where the same was rehearsed or trained last. Some optimizers need more kernels after some steps.
    ///
    /// # Errors
    /// [`Error::BadOption`] for impossible options; on a GPU as [`Tuner::train`], but nobody has to be asked for a teacher. A
    /// fault of the GPU stays one: whoever uses it next is told.
    pub async fn prepare(&self, options: &TrainOptions) -> Result<()> {
        let Some(rehearsal) = self.rehearsal_of(&self.plan_of(options)?)? else { return Ok(()) };
        let kernels = rehearsal.kernels();
        let is_training = self.training.get() || self.state.borrow().paused.is_some();
        let under_way = self.rehearsal.borrow().as_ref().is_some_and(|(now, _)| *now == kernels);
        let is_known = under_way || self.rehearsed.borrow().as_ref() == Some(&kernels);
        if is_cpu(self.backbone.device()) || is_training || is_known {
            return Ok(());
        }
        self.end_rehearsal();
        let signal = Rc::new(Cell::new(Signal::Go));
        self.rehearsal.replace(Some((kernels.clone(), signal.clone())));
        let finished = rehearsal.run(self.backbone.clone(), &signal).await;
        // Unless another one has taken its place.
        self.rehearsal.borrow_mut().take_if(|(_, now)| Rc::ptr_eq(now, &signal));
        if finished? {
            self.rehearsed.replace(Some(kernels));
        }
        Ok(())
    }

    fn rehearsal_of(&self, plan: &Plan) -> Result<Option<Rehearsal>> {
        Rehearsal::new(&self.backbone, plan, &self.state.borrow().examples(None)?)
    }

    fn end_rehearsal(&self) {
        if let Some((_, signal)) = self.rehearsal.take() {
            signal.set(Signal::Stop);
        }
    }

    /// Trains on the examples of this moment. Everything better serves predictions at once, so that whatever ends the run,
    /// the best so far stays. A run that was paused before is forgotten.
    ///
    /// The plan of a strategy can be changed first:
    ///
    /// ```
    /// # use doodletune::{Tuner, doodle::Doodle, finetune::Strategy, tuner::{TrainOptions, TunerOptions}};
    /// # use pollster::block_on;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let weights = std::fs::read("models/doodle.safetensors")?;
    /// # let options = TunerOptions { size: Some(32), ..TunerOptions::default() };
    /// # let tuner = block_on(Tuner::create(&options, &weights, |_| ()))?;
    /// # for n in 1..=4 {
    /// #     let n = n as f32;
    /// #     let steep = Doodle::new(vec![vec![[0.0, 0.0], [n, 90.0]]])?.into();
    /// #     let flat = Doodle::new(vec![vec![[0.0, 0.0], [90.0, n]]])?.into();
    /// #     block_on(tuner.add_examples(vec![("steep".into(), steep), ("flat".into(), flat)]))?;
    /// # }
    /// let mut plan = tuner.plan(Strategy::LpFt);
    /// plan.seed = 7;
    /// for phase in &mut plan.phases {
    ///     phase.epochs = 1;
    /// }
    /// let options = TrainOptions { plan: Some(plan), ..TrainOptions::default() };
    /// let report = block_on(tuner.train(&options, |epoch| println!("{}: {}", epoch.phase, epoch.loss)))?;
    /// assert!(report.phases.iter().any(|phase| !phase.stages.is_empty()), "more than the head has trained");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Busy`] while another training runs, [`Error::BadOption`] for impossible options, and all of
    /// [`Session::new`] and [`Session::run`].
    pub async fn train(&self, options: &TrainOptions, on_epoch: impl FnMut(&Epoch)) -> Result<Report> {
        let _running = Running::begin(&self.training)?;
        let session = self.session(options, None).await?;
        self.go_on(session, on_epoch).await
    }

    /// [`Tuner::train`] that hands `take` checkpoints, at first one in which nothing is trained yet. With `from`, a
    /// checkpoint of a training of the same examples, it goes on with that one and its plan: see [`Session::restore`].
    ///
    /// # Errors
    /// As [`Tuner::train`], and [`Error::BadOption`] for a checkpoint of other examples.
    pub async fn train_with_checkpoints(
        &self,
        options: &TrainOptions,
        from: Option<&[u8]>,
        take: impl FnMut(Vec<u8>) + 'static,
        on_epoch: impl FnMut(&Epoch),
    ) -> Result<Report> {
        let _running = Running::begin(&self.training)?;
        let session = self.session(options, from).await?.with_checkpoints(CHECKPOINT_EVERY, take).await?;
        self.go_on(session, on_epoch).await
    }

    /// A session on the examples of this moment.
    async fn session(&self, options: &TrainOptions, from: Option<&[u8]>) -> Result<Session> {
        self.signal.set(Signal::Go);
        let examples = self.state.borrow().examples(options.teacher.as_ref())?;
        // Before anything is waited for, so that whatever happens to classes meanwhile is known.
        let before = self.state.borrow_mut().run.replace(examples.classes.clone());
        let (backbone, crew) = (self.backbone.clone(), self.crew.clone());
        let session = async {
            match from {
                Some(checkpoint) => Session::restore(backbone, examples, crew, checkpoint).await,
                None => Ok(Session::new(backbone, examples, self.plan_of(options)?).await?.with_crew(crew)),
            }
        }
        .await;
        let mut state = self.state.borrow_mut();
        match &session {
            Ok(session) => {
                state.paused = None;
                if let Some(trained) = session.trained() {
                    state.serve(&trained);
                }
            }
            Err(_) => state.run = state.run.take().and(before),
        }
        session
    }

    fn plan_of(&self, options: &TrainOptions) -> Result<Plan> {
        let mut plan = match (options.strategy, &options.plan) {
            (Some(_), Some(_)) => {
                return Err(Error::BadOption("strategy and plan exclude each other; leave one out".into()));
            }
            (_, Some(plan)) => plan.clone(),
            (strategy, None) => self.plan(strategy.unwrap_or_default()),
        };
        if let Some(epochs) = options.epochs {
            plan.phases.iter_mut().for_each(|phase| phase.epochs = epochs);
        }
        plan.seed = options.seed.unwrap_or(plan.seed);
        Ok(plan)
    }

    /// Goes on with the run that was paused, with the examples that it began with, to the same result as without the pause.
    ///
    /// # Errors
    /// [`Error::Busy`] while another training runs, [`Error::NothingPaused`], and all of [`Session::run`].
    pub async fn resume(&self, on_epoch: impl FnMut(&Epoch)) -> Result<Report> {
        let _running = Running::begin(&self.training)?;
        let session = self.state.borrow_mut().paused.take().ok_or(Error::NothingPaused)?;
        if self.signal.get() == Signal::Pause {
            self.signal.set(Signal::Go);
        }
        self.go_on(session, on_epoch).await
    }

    async fn go_on(&self, mut session: Session, mut on_epoch: impl FnMut(&Epoch)) -> Result<Report> {
        self.end_rehearsal();
        let kernels = self.rehearsal_of(session.plan())?.map(|rehearsal| rehearsal.kernels());
        let run = session.run(&self.signal, |epoch, best| {
            if let Some(best) = best {
                self.state.borrow_mut().serve(best);
            }
            on_epoch(epoch);
        });
        let mut outcome = run.await;
        let mut state = self.state.borrow_mut();
        if let Ok(Report { evaluation: Some(evaluation), .. }) = &mut outcome {
            // Examples have gone and classes were renamed meanwhile.
            evaluation.answers.retain(|answer| state.kept.contains_key(&answer.id));
            if let Some(classes) = &state.run {
                evaluation.rename(session.classes(), classes);
            }
        }
        if let Some(trained) = session.trained() {
            state.serve(&trained);
        }
        match &outcome {
            Ok(report) if report.reason == Ending::Paused => state.paused = Some(session),
            Ok(report) => {
                // What it had compiled need not be rehearsed.
                if let (Ending::Finished, Some(kernels)) = (report.reason, kernels) {
                    self.rehearsed.replace(Some(kernels));
                }
                if state.run.take().is_some() && session.trained().is_some() {
                    state.outcome = Some(Outcome { plan: session.plan().clone(), report: report.clone() });
                }
            }
            Err(_) => {
                if state.run.take().is_some() && session.trained().is_some() {
                    state.outcome = None;
                }
            }
        }
        outcome
    }

    /// How well a head alone would do on new drawings: the examples are dealt into five parts, and each part is asked about by
    /// a head that was fitted to the others. Of what a plan trained, [`Report::evaluation`] tells.
    ///
    /// # Errors
    /// All of [`cross_validate`].
    pub async fn evaluate(&self) -> Result<Evaluation> {
        let (examples, ids) = {
            let state = self.state.borrow();
            (state.labelled_features()?, state.ids())
        };
        let evaluation = cross_validate(&examples, PARTS, 0, &Cell::new(Signal::Go)).await?;
        let evaluation = evaluation.ok_or_else(|| Error::Internal("nobody stopped the evaluation".into()))?;
        Ok(evaluation.about(&ids))
    }

    /// Ends the running training within a step, and the one that is paused as soon as it is resumed, so that it reports what it
    /// came to; nothing without one. Ends a rehearsal, too.
    pub fn stop(&self) {
        self.end_rehearsal();
        self.signal.set(Signal::Stop);
    }

    /// Pauses the running training within a step; nothing without one.
    pub fn pause(&self) {
        self.signal.set(Signal::Pause);
    }
}

/// Files.
impl Tuner {
    /// Everything as a project file: the examples, what was trained, and what that came to.
    ///
    /// # Errors
    /// [`Error::FileTooLarge`], or a failure of the processor.
    pub async fn save(&self) -> Result<Vec<u8>> {
        let project = {
            let state = self.state.borrow();
            Project {
                metadata: self.backbone.metadata().clone(),
                dataset: state.dataset.clone(),
                sources: state.kept()?.into_iter().map(|kept| kept.source.clone()).collect(),
                model: state.trained.clone().map(|trained| self.model(trained)),
                outcome: state.outcome.clone(),
            }
        };
        project.to_bytes().await
    }

    /// What answers at this moment, by itself, as a file of that format: what was trained, or prototypes.
    ///
    /// # Errors
    /// [`Error::TooFewClasses`], [`Error::FileTooLarge`], or a failure of the processor.
    pub async fn export(&self, format: ModelFormat) -> Result<Vec<u8>> {
        let answering = self.state.borrow_mut().answering()?;
        self.model(answering).to_bytes(format).await
    }

    fn model(&self, Trained { backbone, head }: Trained) -> Model {
        Model { backbone: backbone.unwrap_or_else(|| self.backbone.clone()), head }
    }

    /// Replaces everything with what is in a file: a project, or a model alone, which answers until examples are added.
    /// Whatever goes wrong, what there was stays.
    ///
    /// # Errors
    /// [`Error::Busy`] while a training runs, [`Error::OtherBackbone`], all of [`Project::parse`], or a failure of the
    /// processor.
    pub async fn load(&self, bytes: &[u8]) -> Result<()> {
        let _running = Running::begin(&self.training)?;
        self.end_rehearsal();
        let Project { dataset, sources, model, outcome, .. } =
            Project::parse(bytes, self.backbone.device(), |found| self.check_network(found)).await?;
        let kept = self.look(sources).await?;
        let kept = dataset.examples().iter().map(|example| example.id).zip(kept).collect();
        let trained = model.map(|Model { backbone, head }| Trained { backbone: Some(backbone), head });
        *self.state.borrow_mut() = State { dataset, kept, trained, outcome, ..State::default() };
        Ok(())
    }

    /// Refuses what was made for another network.
    fn check_network(&self, found: &Metadata) -> Result<()> {
        let used = self.backbone.metadata();
        if (&found.backbone, found.input.size) == (&used.backbone, used.input.size) {
            return Ok(());
        }
        Err(Error::OtherBackbone {
            found: found.backbone.clone(),
            found_size: found.input.size,
            used: used.backbone.clone(),
            used_size: used.input.size,
        })
    }

    /// The examples, in the order in which they were added: number, class and what was drawn.
    pub fn examples(&self) -> Result<Vec<(ExampleId, String, Source)>> {
        let state = self.state.borrow();
        let sources = state.kept()?.into_iter().map(|kept| kept.source.clone());
        let examples = state.dataset.examples().iter().zip(sources);
        Ok(examples.map(|(example, source)| (example.id, example.label.clone(), source)).collect())
    }

    /// What is told apart by what was trained; nothing if nothing was.
    pub fn trained_classes(&self) -> Vec<String> {
        self.state.borrow().trained.as_ref().map_or_else(Vec::new, |trained| trained.head.classes().to_vec())
    }

    /// What the last training came to, as long as what it trained answers.
    pub fn outcome(&self) -> Option<Outcome> {
        self.state.borrow().outcome.clone()
    }

    /// What the backbone wants to see.
    pub fn input(&self) -> &InputSpec {
        self.backbone.input()
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
