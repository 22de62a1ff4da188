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

use super::{Plan, warm_up_then_cosine};
use crate::dataset::stratified_split;
use crate::device::read;
use crate::error::{Error, Result};
use crate::head::{Head, LabelledFeatures};
use crate::pace::Pace;

/// What is reported after each epoch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Epoch {
    /// What trains: `head`.
    pub phase: &'static str,
    /// From 1.
    pub epoch: usize,
    /// How many there are at most.
    pub epochs: usize,
    /// Optimizer steps so far.
    pub step: usize,
    /// How many there are at most.
    pub steps: usize,
    /// Mean training loss (with label smoothing) over the epoch.
    pub loss: f32,
    /// Share of training examples that were right when their step was taken.
    pub accuracy: f32,
    /// Mean cross-entropy of the examples held out, if any are.
    pub validation_loss: Option<f32>,
    /// Share of the examples held out that are right.
    pub validation_accuracy: Option<f32>,
    /// Learning rate of the last step.
    pub rate: f64,
    /// Estimated time to the last epoch.
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

/// What a run came to. Losses and accuracies are those of the epoch whose weights were kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Why it ended.
    pub reason: Ending,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch whose weights were kept; 0 if it was stopped before the first ended.
    pub best_epoch: usize,
    /// See [`Epoch::loss`].
    pub loss: Option<f32>,
    /// See [`Epoch::accuracy`].
    pub accuracy: Option<f32>,
    /// See [`Epoch::validation_loss`].
    pub validation_loss: Option<f32>,
    /// See [`Epoch::validation_accuracy`].
    pub validation_accuracy: Option<f32>,
    /// How many examples were learned from.
    pub training_examples: usize,
    /// How many examples were held out.
    pub validation_examples: usize,
    /// How long it took.
    pub seconds: f64,
}

/// Trains a linear head on features, from the prototypes on, with AdamW, and returns the best head: that of the lowest
/// validation loss or, where nothing is held out, of the last epoch.
///
/// `on_epoch` gets every epoch, and the head if it is the best so far. `stop` ends the run within a step.
///
/// It computes on the CPU wherever the backbone does: a matrix of a few hundred rows is too little for a GPU to pay.
///
/// # Errors
/// [`Error::BadOption`] for an impossible plan, [`Error::TooFewClasses`], [`Error::TooFewExamples`] if a class has only
/// one example, and [`Error::Diverged`] at the first loss that is not finite.
pub async fn train_head(
    examples: &LabelledFeatures,
    plan: &Plan,
    stop: &Cell<bool>,
    mut on_epoch: impl FnMut(&Epoch, Option<&Head>),
) -> Result<(Head, Report)> {
    plan.check()?;
    check_examples(examples)?;
    let start = Instant::now();
    let split = stratified_split(&examples.targets, plan.validation, plan.seed);
    let [training, validation] = [&split.training, &split.validation].map(|indices| examples.select(indices));
    let prototype = Head::prototype(&training)?;

    let device = Device::flex().autodiff();
    let (inputs, targets) = tensors(&prototype, &training, &device);
    let held_out = (!validation.targets.is_empty()).then(|| tensors(&prototype, &validation, &Device::flex()));
    let loss_of = CrossEntropyLossConfig::new().with_smoothing(Some(plan.label_smoothing)).init(&device);
    let batch = plan.batch_size.min(training.targets.len());
    let steps = plan.epochs * training.targets.len().div_ceil(batch);
    let mut schedule = warm_up_then_cosine(plan.rate, plan.warm_up, steps)?;
    let mut optimizer = AdamWConfig::new().with_weight_decay(plan.weight_decay).init();
    let mut linear = linear_from(&prototype, &device);

    let mut order: Vec<i32> = (0..training.targets.len() as i32).collect();
    let mut rng = Pcg64Mcg::seed_from_u64(plan.seed);
    let mut pace = Pace::new();
    let mut best = prototype.clone();
    let mut best_epoch: Option<Epoch> = None;
    let mut report = Report {
        reason: Ending::Finished,
        epochs: 0,
        best_epoch: 0,
        loss: None,
        accuracy: None,
        validation_loss: None,
        validation_accuracy: None,
        training_examples: training.targets.len(),
        validation_examples: validation.targets.len(),
        seconds: 0.0,
    };

    let mut step = 0;
    'epochs: for epoch in 1..=plan.epochs {
        order.shuffle(&mut rng);
        let (mut loss_sum, mut right, mut rate) = (0.0, 0, plan.rate);
        for indices in order.chunks(batch) {
            pace.breathe().await;
            if stop.get() {
                report.reason = Ending::Stopped;
                break 'epochs;
            }
            let select = Tensor::<1, Int>::from_data(indices, &device);
            let wanted = targets.clone().select(0, select.clone());
            let logits = linear.forward(inputs.clone().select(0, select));
            let loss = loss_of.forward(logits.clone(), wanted);
            let value = read(loss.clone().inner()).await?[0];
            if !value.is_finite() {
                return Err(Error::Diverged { epoch, rate: plan.rate });
            }
            loss_sum += value * indices.len() as f32;
            right += count_right(&read(logits.inner()).await?, indices.iter().map(|i| training.targets[*i as usize]));
            let gradients = GradientsParams::from_grads(loss.backward(), &linear);
            rate = schedule.step().base();
            linear = optimizer.step(rate, linear, gradients);
            step += 1;
        }
        let (validation_loss, validation_accuracy) = match &held_out {
            Some((inputs, targets)) => {
                let logits = linear.valid().forward(inputs.clone());
                let loss = CrossEntropyLossConfig::new().init(&Device::flex()).forward(logits.clone(), targets.clone());
                let right = count_right(&read(logits).await?, validation.targets.iter().copied());
                (Some(read(loss).await?[0]), Some(right as f32 / validation.targets.len() as f32))
            }
            None => (None, None),
        };
        let improved = match (validation_loss, best_epoch.as_ref().and_then(|best| best.validation_loss)) {
            (Some(now), _) if !now.is_finite() => return Err(Error::Diverged { epoch, rate: plan.rate }),
            (Some(now), Some(before)) => now < before,
            _ => true,
        };
        let done = Epoch {
            phase: "head",
            epoch,
            epochs: plan.epochs,
            step,
            steps,
            loss: loss_sum / order.len() as f32,
            accuracy: right as f32 / order.len() as f32,
            validation_loss,
            validation_accuracy,
            rate,
            seconds_left: start.elapsed().as_secs_f64() / epoch as f64 * (plan.epochs - epoch) as f64,
            best: improved,
        };
        report.epochs = epoch;
        if improved {
            best = trained_head(&prototype, &linear).await?;
            best_epoch = Some(done.clone());
        }
        on_epoch(&done, improved.then_some(&best));
        if best_epoch.as_ref().is_some_and(|best| epoch - best.epoch >= plan.patience) {
            report.reason = Ending::EarlyStop;
            break;
        }
    }
    if let Some(epoch) = best_epoch {
        report.best_epoch = epoch.epoch;
        report.loss = Some(epoch.loss);
        report.accuracy = Some(epoch.accuracy);
        report.validation_loss = epoch.validation_loss;
        report.validation_accuracy = epoch.validation_accuracy;
    }
    report.seconds = start.elapsed().as_secs_f64();
    Ok((best, report))
}

fn check_examples(examples: &LabelledFeatures) -> Result<()> {
    if examples.classes.len() < 2 {
        return Err(Error::TooFewClasses(examples.classes.len()));
    }
    for (index, class) in examples.classes.iter().enumerate() {
        let count = examples.targets.iter().filter(|target| **target == index).count();
        if count < 2 {
            return Err(Error::TooFewExamples(format!(
                "“{class}” has only {count} drawing(s); draw at least two of each to train (five are a good start)"
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
