//! The training loop.

use std::cell::Cell;

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::Int;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::Serialize;
use web_time::Instant;

use super::{Plan, Solver, logistic, warm_up_then_cosine};
use crate::dataset::stratified_split;
use crate::device::read;
use crate::error::{Error, Result};
use crate::head::{Head, LabelledFeatures};
use crate::pace::Pace;

/// What is reported after each epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Epoch {
    /// `strength`, then `solve`; with AdamW `head`, then `refit`. See [`train_head`].
    pub phase: &'static str,
    /// From 1, counted through both phases. A candidate in phase `strength`, an iteration in phase `solve`.
    pub epoch: usize,
    /// How many there are at most when the phase ends.
    pub epochs: usize,
    /// Optimizer steps so far; as `epoch` in `strength` and `solve`.
    pub step: usize,
    /// How many there are at most when the phase ends.
    pub steps: usize,
    /// Mean cross-entropy of the training examples: after the epoch, or, with AdamW, over it and with label smoothing.
    pub loss: f32,
    /// Share of training examples that were right at the same time.
    pub accuracy: f32,
    /// The same of the examples held out, if any are, after the epoch: in phase `strength` of all, each in its turn,
    /// and in `solve` as the best candidate did there.
    pub validation_loss: Option<f32>,
    /// Share of the examples held out that are right.
    pub validation_accuracy: Option<f32>,
    /// Learning rate of AdamW's last step.
    pub rate: Option<f64>,
    /// Strength of the logistic regression's penalty: half of it times the squared weights, which act on vectors of
    /// length 12, is added to the mean loss.
    pub strength: Option<f32>,
    /// Estimated time to the last epoch of the phase.
    pub seconds_left: f64,
    /// Whether the weights are the best so far.
    pub best: bool,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// All epochs were done.
    Finished,
    /// The validation loss did not improve any more.
    EarlyStop,
    /// Somebody stopped it.
    Stopped,
}

/// What a run came to. With AdamW, losses and accuracies are those of the best epoch of phase `head`: for the head
/// refitted on all examples they are an estimate, on the careful side. Of a logistic regression, loss and accuracy are
/// those of the answer, and validation's those of the cross-validation at its strength.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Why the run, with AdamW its phase `head`, ended.
    pub reason: Ending,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch whose figures these are, of phase `solve` or `head`; 0 if the run was stopped before there was one.
    pub best_epoch: usize,
    /// See [`Epoch::loss`].
    pub loss: Option<f32>,
    /// See [`Epoch::accuracy`].
    pub accuracy: Option<f32>,
    /// See [`Epoch::validation_loss`].
    pub validation_loss: Option<f32>,
    /// See [`Epoch::validation_accuracy`].
    pub validation_accuracy: Option<f32>,
    /// The strength that the cross-validation chose. See [`Epoch::strength`].
    pub strength: Option<f32>,
    /// How many examples were learned from, with AdamW in phase `head`.
    pub training_examples: usize,
    /// How many examples were held out: by AdamW for all of phase `head`, by the cross-validation each for a fifth of it.
    pub validation_examples: usize,
    /// How long it took.
    pub seconds: f64,
}

/// The fewest epochs of the second pass: with less, a lucky early epoch of the first would leave it half-trained.
const FEWEST_REFIT_EPOCHS: usize = 20;

/// Trains a linear head on features.
///
/// With [`Solver::Logistic`] it is a logistic regression, in which every class counts the same, however many examples it
/// has. Phase `strength` tries, from strong to weak, how hard its weights should be held back: by five-fold
/// cross-validation, the lowest loss on examples held out wins. Phase `solve` solves it for all examples; only its last
/// epoch is the best. That takes milliseconds, and one example a class is enough.
///
/// With [`Solver::AdamW`], it starts from the prototypes. Phase `head` holds some examples out, stops early and keeps the weights of the lowest validation loss. Phase `refit`
/// then trains on all examples, those held out too, for as many epochs as were best: of a handful of drawings none can be
/// spared (4 points at 5 and 2 at 20 drawings a class, 10 classes). Where nothing is held out, `head` is all.
///
/// `on_epoch` gets every epoch, and the head if it is the best so far. `stop` ends the run within a step; without a best
/// epoch by then, the head is that of the prototypes.
///
/// It computes on the CPU wherever the backbone does: a matrix of a few hundred rows is too little for a GPU to pay.
///
/// # Errors
/// [`Error::BadOption`] for an impossible plan, [`Error::TooFewClasses`], [`Error::TooFewExamples`] if a class has no
/// example or, with AdamW, only one, [`Error::BadInput`] for features that are not finite and, with AdamW,
/// [`Error::Diverged`] at the first loss that is not.
pub async fn train_head(
    examples: &LabelledFeatures,
    plan: &Plan,
    stop: &Cell<bool>,
    on_epoch: impl FnMut(&Epoch, Option<&Head>),
) -> Result<(Head, Report)> {
    plan.check()?;
    match plan.solver {
        Solver::Logistic => logistic::fit(examples, plan, stop, on_epoch).await,
        Solver::AdamW => descend(examples, plan, stop, on_epoch).await,
    }
}

/// [`train_head`] with AdamW.
async fn descend(
    examples: &LabelledFeatures,
    plan: &Plan,
    stop: &Cell<bool>,
    mut on_epoch: impl FnMut(&Epoch, Option<&Head>),
) -> Result<(Head, Report)> {
    check_examples(examples)?;
    let start = Instant::now();
    let split = stratified_split(&examples.targets, plan.validation, plan.seed);
    let [training, validation] = [&split.training, &split.validation].map(|indices| examples.select(indices));
    let validation = (!split.validation.is_empty()).then_some(&validation);
    let fit = Fit { plan, stop, refit: false, epochs: plan.epochs, before: Progress::default() };
    let Fitted { mut head, best, mut ending, mut progress } = fit.run(&training, validation, &mut on_epoch).await?;
    if validation.is_some() && ending != Ending::Stopped {
        let epochs = best.as_ref().map_or(0, |best| best.epoch).max(FEWEST_REFIT_EPOCHS).min(plan.epochs);
        let fit = Fit { plan, stop, refit: true, epochs, before: progress };
        let fitted = fit.run(examples, None, &mut on_epoch).await?;
        progress = fitted.progress;
        match fitted.ending {
            Ending::Stopped => ending = Ending::Stopped,
            _ => head = fitted.head,
        }
    }
    let report = Report {
        reason: ending,
        epochs: progress.epoch,
        best_epoch: best.as_ref().map_or(0, |best| best.epoch),
        loss: best.as_ref().map(|best| best.loss),
        accuracy: best.as_ref().map(|best| best.accuracy),
        validation_loss: best.as_ref().and_then(|best| best.validation_loss),
        validation_accuracy: best.as_ref().and_then(|best| best.validation_accuracy),
        strength: None,
        training_examples: split.training.len(),
        validation_examples: split.validation.len(),
        seconds: start.elapsed().as_secs_f64(),
    };
    Ok((head, report))
}

/// How far a run is, over all its phases.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    epoch: usize,
    step: usize,
}

/// One phase.
struct Fit<'a> {
    plan: &'a Plan,
    stop: &'a Cell<bool>,
    refit: bool,
    epochs: usize,
    before: Progress,
}

/// What a phase came to.
struct Fitted {
    /// The best head; the prototypes if not even one epoch ended.
    head: Head,
    /// The epoch that it is from.
    best: Option<Epoch>,
    ending: Ending,
    progress: Progress,
}

impl Fit<'_> {
    async fn run(
        &self,
        training: &LabelledFeatures,
        validation: Option<&LabelledFeatures>,
        on_epoch: &mut impl FnMut(&Epoch, Option<&Head>),
    ) -> Result<Fitted> {
        let Self { plan, before, epochs, .. } = *self;
        let start = Instant::now();
        let prototype = Head::prototype(training)?;
        let device = Device::flex().autodiff();
        let (inputs, targets) = tensors(&prototype, training, &device);
        let held_out = validation.map(|examples| (examples, tensors(&prototype, examples, &Device::flex())));
        let loss_of = CrossEntropyLossConfig::new().with_smoothing(Some(plan.label_smoothing)).init(&device);
        let count = training.targets.len();
        let batch = plan.batch_size.min(count);
        let steps = epochs * count.div_ceil(batch);
        let mut schedule = warm_up_then_cosine(plan.rate, plan.warm_up, steps)?;
        let mut optimizer = AdamWConfig::new().with_weight_decay(plan.weight_decay).init();
        let mut linear = linear_from(&prototype, &device);
        let mut order: Vec<i32> = (0..count as i32).collect();
        let mut rng = Pcg64Mcg::seed_from_u64(plan.seed);
        let mut pace = Pace::new();
        let mut fitted = Fitted { head: prototype.clone(), best: None, ending: Ending::Finished, progress: before };
        let diverged = |epoch| Error::Diverged { epoch, rate: plan.rate };

        for epoch in before.epoch + 1..=before.epoch + epochs {
            order.shuffle(&mut rng);
            let (mut loss_sum, mut right, mut rate) = (0.0, 0, plan.rate);
            for indices in order.chunks(batch) {
                pace.breathe().await;
                if self.stop.get() {
                    fitted.ending = Ending::Stopped;
                    return Ok(fitted);
                }
                let select = Tensor::<1, Int>::from_data(indices, &device);
                let wanted = targets.clone().select(0, select.clone());
                let logits = linear.forward(inputs.clone().select(0, select));
                let loss = loss_of.forward(logits.clone(), wanted);
                let value = read(loss.clone().inner()).await?[0];
                if !value.is_finite() {
                    return Err(diverged(epoch));
                }
                loss_sum += value * indices.len() as f32;
                right +=
                    count_right(&read(logits.inner()).await?, indices.iter().map(|i| training.targets[*i as usize]));
                let gradients = GradientsParams::from_grads(loss.backward(), &linear);
                rate = schedule.step().base();
                linear = optimizer.step(rate, linear, gradients);
                fitted.progress.step += 1;
            }
            let (mut validation_loss, mut validation_accuracy) = (None, None);
            if let Some((examples, (inputs, targets))) = &held_out {
                let logits = linear.valid().forward(inputs.clone());
                let loss = loss_of.forward(logits.clone(), targets.clone());
                let right = count_right(&read(logits).await?, examples.targets.iter().copied());
                let loss = read(loss).await?[0];
                if !loss.is_finite() {
                    return Err(diverged(epoch));
                }
                validation_loss = Some(loss);
                validation_accuracy = Some(right as f32 / examples.targets.len() as f32);
            }
            let lowest = fitted.best.as_ref().and_then(|best| best.validation_loss);
            let left = before.epoch + epochs - epoch;
            let done = Epoch {
                phase: if self.refit { "refit" } else { "head" },
                epoch,
                epochs: before.epoch + epochs,
                step: fitted.progress.step,
                steps: before.step + steps,
                loss: loss_sum / count as f32,
                accuracy: right as f32 / count as f32,
                validation_loss,
                validation_accuracy,
                rate: Some(rate),
                strength: None,
                seconds_left: start.elapsed().as_secs_f64() / (epoch - before.epoch) as f64 * left as f64,
                // Until its last epoch, a refit is worse than what it replaces.
                best: if self.refit {
                    left == 0
                } else {
                    validation_loss.zip(lowest).is_none_or(|(now, low)| now < low)
                },
            };
            fitted.progress.epoch = epoch;
            if done.best {
                fitted.head = trained_head(&prototype, &linear).await?;
                fitted.best = Some(done.clone());
            }
            on_epoch(&done, done.best.then_some(&fitted.head));
            if fitted.best.as_ref().is_some_and(|best| epoch - best.epoch >= plan.patience) {
                fitted.ending = Ending::EarlyStop;
                return Ok(fitted);
            }
        }
        Ok(fitted)
    }
}

fn check_examples(examples: &LabelledFeatures) -> Result<()> {
    if examples.classes.len() < 2 {
        return Err(Error::TooFewClasses(examples.classes.len()));
    }
    for (index, class) in examples.classes.iter().enumerate() {
        let count = examples.targets.iter().filter(|target| **target == index).count();
        if count < 2 {
            return Err(Error::TooFewExamples(format!(
                "“{class}” has {}; draw at least two of each class to train (five are a good start)",
                if count == 0 { "no drawing" } else { "only one drawing" }
            )));
        }
    }
    Ok(())
}

/// Embedded features `[examples, features]` and class indices `[examples]`, as `head` numbers them.
fn tensors(head: &Head, examples: &LabelledFeatures, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let embedding = head.embedding().expect("a prototype head embeds");
    let values: Vec<f32> = examples.features.iter().flat_map(|features| embedding.apply(features)).collect();
    let shape = [examples.features.len(), values.len() / examples.features.len().max(1)];
    let targets: Vec<i32> = examples.targets.iter().map(|target| *target as i32).collect();
    (
        Tensor::from_data(TensorData::new(values, shape), device),
        Tensor::from_data(TensorData::new(targets, [examples.targets.len()]), device),
    )
}

/// burn's linear layer keeps its weight as `[features, classes]`, a head as `[classes, features]`.
fn linear_from(head: &Head, device: &Device) -> Linear {
    let (weight, bias) = head.parameters();
    let shape = [bias.len(), weight.len() / bias.len()];
    let rows = Tensor::<2>::from_data(TensorData::new(weight.to_vec(), shape), &Device::flex());
    Linear {
        weight: Param::from_data(rows.transpose().into_data(), device),
        bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device)),
    }
}

async fn trained_head(start: &Head, linear: &Linear) -> Result<Head> {
    let linear = linear.valid();
    let weight = read(linear.weight.val().transpose()).await?;
    let bias = linear.bias.as_ref().expect("it was made with a bias");
    Ok(Head::trained(start, weight, read(bias.val()).await?))
}

/// How many rows of `logits` have their largest value at the target.
fn count_right(logits: &[f32], targets: impl ExactSizeIterator<Item = usize>) -> usize {
    let classes = logits.len() / targets.len().max(1);
    let largest = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
    logits.chunks_exact(classes.max(1)).zip(targets).filter(|(row, target)| largest(row) == Some(*target)).count()
}
