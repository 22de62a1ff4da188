//! The training loop: a plan, carried out so that it can be watched, stopped, paused, resumed, and undone.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use burn::optim::GradientsParams;
use burn::prelude::*;
use rand::seq::SliceRandom;
use web_time::Instant;

use super::activations::{Activations, Frozen};
use super::checkpoint::Checkpoints;
use super::examples::{Examples, seeded};
use super::fit::{Fit, Ground, Paused, Sums, lowest};
use super::model::{Judgement, Model, features, starting_backbone};
use super::network::{Network, Road};
use super::objective::{Wanted, objective};
use super::report::{Ending, Epoch, PhaseReport, Report, StageRate};
use super::{Evaluation, Optimizer, Phase, Plan, Schedule, StartingWeights, Variation, logistic, reductions};
use crate::backbone::{Backbone, Crew, InputAdaptation, Stage, share};
use crate::dataset::stratified_split;
use crate::device::{self, is_cpu, read};
use crate::error::{Error, Result};
use crate::head::{Head, cross_entropy};
use crate::pace::Pace;

/// What somebody outside wants of a running session. It is obeyed within a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signal {
    /// Go on.
    #[default]
    Go,
    /// Pause; [`Session::run`] goes on from there. A logistic regression, which takes moments, is finished first, and so is the end
    /// of a phase that goes part of its way back.
    Pause,
    /// Stop; the best so far is what was learned.
    Stop,
}

/// What was learned.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The backbone, if it is not the one that the session was given.
    pub backbone: Option<Rc<Backbone>>,
    /// The head on its features.
    pub head: Rc<Head>,
}

/// Steps between readbacks of the loss where a GPU computes, which would have to wait for it.
const STEPS_A_READBACK: usize = 8;

/// How much of a phase's way may be kept, beside all of it.
const SHARES: [f32; 3] = [0.75, 0.5, 0.25];

/// A plan in progress.
pub struct Session {
    pub(super) plan: Plan,
    /// The backbone that the plan starts from: its input adapted and, for a control, with random weights.
    pub(super) backbone: Rc<Backbone>,
    /// Whether that is the backbone as it came.
    original: bool,
    crew: Rc<Crew>,
    pub(super) examples: Rc<Examples>,
    training: Rc<Examples>,
    pub(super) held_out: Option<Rc<Examples>>,
    /// What was learned so far.
    pub(super) model: Model,
    /// What the first pass came to, while the second one goes on.
    pub(super) first_pass: Option<Model>,
    /// Which phase is next or in progress.
    pub(super) phase: usize,
    /// The phase that was paused.
    pub(super) paused: Option<Paused>,
    pub(super) reports: Vec<PhaseReport>,
    /// By the places of the examples held out.
    pub(super) evaluation: Option<Evaluation>,
    pub(super) strength: Option<f32>,
    pub(super) cross_validated: usize,
    pub(super) epochs: usize,
    pub(super) seconds: f64,
    /// Halved by a divergence.
    pub(super) rate_factor: f64,
    /// Halved when memory runs out.
    pub(super) batch_limit: usize,
    pub(super) checkpoints: Option<Checkpoints>,
    /// Whether nobody wants to know what it comes to, and its first failure is its end.
    pub(super) rehearses: bool,
}

/// So many examples tell by their mean loss whether all goes well.
const TELLING: usize = 16;

/// So many tell whether a network is lost: then it is with all of them.
const LOOKED_BACK_AT: usize = 8;

/// How a phase was left.
enum Left {
    Done,
    By(Signal),
}

impl Session {
    /// A session that fine-tunes `backbone` on `examples`.
    ///
    /// # Errors
    /// [`Error::BadOption`] for an impossible plan, [`Error::TooFewClasses`], [`Error::TooFewExamples`] if a class has no
    /// example, or a failure of the processor.
    pub async fn new(backbone: Rc<Backbone>, mut examples: Examples, plan: Plan) -> Result<Self> {
        let names: Vec<&str> = backbone.stages().iter().map(Stage::name).collect();
        plan.check(&names)?;
        check(&examples, &plan)?;
        let original = plan.weights == StartingWeights::Pretrained && plan.input == InputAdaptation::Repeat;
        let backbone = if original { backbone } else { Rc::new(starting_backbone(&backbone, &plan)?) };
        if !original {
            examples.features = features(&backbone, &examples).await?;
        }
        let split = stratified_split(&examples.targets, plan.validation, plan.seed);
        let held_out = (!split.validation.is_empty()).then(|| Rc::new(examples.select(&split.validation)));
        let training = Rc::new(examples.select(&split.training));
        check_pairs(&training, &plan)?;
        let model = Model::new(&backbone, &training, &plan)?;
        Ok(Self {
            plan,
            backbone,
            original,
            crew: Rc::default(),
            examples: Rc::new(examples),
            training,
            held_out,
            model,
            first_pass: None,
            phase: 0,
            paused: None,
            reports: vec![],
            evaluation: None,
            strength: None,
            cross_validated: 0,
            epochs: 0,
            seconds: 0.0,
            rate_factor: 1.0,
            batch_limit: usize::MAX,
            checkpoints: None,
            rehearses: false,
        })
    }

    /// The same session, in which the backbone as it came looks at drawings together with the helpers of `crew`.
    pub fn with_crew(self, crew: Rc<Crew>) -> Self {
        Self { crew: if self.original { crew } else { self.crew }, ..self }
    }

    /// The plan that is carried out.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The classes, named as when it began.
    pub fn classes(&self) -> &[String] {
        &self.examples.classes
    }

    /// What was learned so far; nothing if not even one phase, or a better epoch of one, was done.
    pub fn trained(&self) -> Option<Trained> {
        let served = self.paused.as_ref().and_then(|paused| paused.fit.served.as_ref()).map(|(_, model)| model);
        let model = self.first_pass.as_ref().or(served).unwrap_or(&self.model);
        model.learned.then(|| self.as_trained(model))
    }

    /// Carries the plan out, or goes on with it after a pause, to the same weights (on the CPU to the last bit) as without
    /// one. `on_epoch` gets every epoch, and what was learned if that is the best so far.
    ///
    /// A loss that explodes undoes the epoch and halves the rate, once. A GPU without enough memory undoes the epoch and
    /// halves the batch. Both are told in [`Epoch::notice`].
    ///
    /// # Errors
    /// [`Error::Diverged`] if halving the rate did not help, [`Error::BadInput`] for features that are not finite, or a
    /// failure of the processor. What was learned until then stays.
    pub async fn run(
        &mut self,
        signal: &Cell<Signal>,
        mut on_epoch: impl FnMut(&Epoch, Option<&Trained>),
    ) -> Result<Report> {
        let (start, before) = (Instant::now(), self.seconds);
        let mut ending = Ending::Finished;
        while let Some(phase) = self.plan.phases.get(self.phase).cloned() {
            if self.first_pass.is_none() || self.reports[self.phase].kept_epoch > 0 {
                let left = match phase.optimizer {
                    Optimizer::Logistic {} => self.solve(signal, &mut on_epoch).await,
                    _ => self.descend(&phase, signal, &mut on_epoch).await,
                };
                self.seconds = before + start.elapsed().as_secs_f64();
                if let Left::By(signal) = left? {
                    ending = if signal == Signal::Pause { Ending::Paused } else { Ending::Stopped };
                    break;
                }
            }
            self.phase += 1;
            if self.phase == self.plan.phases.len() {
                self.end_pass().await?;
            }
            self.note(None).await?;
        }
        if ending == Ending::Stopped && self.first_pass.is_none() && !self.rehearses {
            self.evaluation = self.evaluate().await?;
        }
        Ok(self.report(ending))
    }

    /// How the model of today does on the examples held out.
    async fn evaluate(&self) -> Result<Option<Evaluation>> {
        let Some(held_out) = self.held_out.as_ref().filter(|_| self.model.learned) else { return Ok(None) };
        let features = self.features_of(held_out).await?;
        let logits: Vec<Vec<f32>> = features.iter().map(|features| self.model.head.logits(features)).collect();
        Evaluation::new(&held_out.classes, &logits, &held_out.targets).map(Some)
    }

    /// After the last phase of a pass.
    async fn end_pass(&mut self) -> Result<()> {
        if self.first_pass.take().is_some() {
            return Ok(());
        }
        self.evaluation = self.evaluate().await?;
        if !self.plan.refit || self.held_out.is_none() || !self.model.learned {
            return Ok(());
        }
        self.end_first_pass()
    }

    /// Begins the second pass, over all examples.
    pub(super) fn end_first_pass(&mut self) -> Result<()> {
        self.training = self.examples.clone();
        let start = Model::new(&self.backbone, &self.training, &self.plan)?;
        self.first_pass = Some(std::mem::replace(&mut self.model, start));
        self.phase = 0;
        Ok(())
    }

    /// The examples held out in this pass.
    fn judged_by(&self) -> Option<&Rc<Examples>> {
        self.held_out.as_ref().filter(|_| self.first_pass.is_none())
    }

    /// A phase that solves for the head.
    async fn solve(
        &mut self,
        signal: &Cell<Signal>,
        on_epoch: &mut impl FnMut(&Epoch, Option<&Trained>),
    ) -> Result<Left> {
        let start = Instant::now();
        let (training, refit) = (self.training.clone(), self.first_pass.is_some());
        let learned = training.with_features(self.features_of(&training).await?);
        let mut held_out = None;
        if let Some(examples) = self.judged_by().cloned() {
            held_out = Some(examples.with_features(self.features_of(&examples).await?));
        }
        let mut last = None;
        let solved = logistic::fit(&learned, self.plan.seed, signal, |epoch, head| {
            let epoch = Epoch { refit, ..epoch.clone() };
            match head {
                // Reported below, once it is judged.
                Some(_) => last = Some(epoch),
                None => on_epoch(&epoch, None),
            }
        });
        let (head, cross_validated) = solved.await?;
        let (Some(head), Some(mut last)) = (head, last) else { return Ok(Left::By(Signal::Stop)) };
        let judgement = match &held_out {
            Some(held_out) => Some(Judgement::of(&head, &held_out.features, &held_out.targets)?),
            None => last.validation_loss.zip(last.validation_accuracy).map(|(loss, accuracy)| Judgement {
                loss,
                accuracy,
                temperature: 1.0,
                calibrated: loss,
            }),
        };
        (last.validation_loss, last.validation_accuracy) = Judgement::parts(judgement);
        self.epochs += last.epoch;
        if !refit {
            (self.strength, self.cross_validated) = (last.strength, cross_validated);
            self.reports.push(PhaseReport {
                phase: "solve".into(),
                stages: vec![],
                epochs: last.epoch,
                kept_epoch: last.epoch,
                kept_share: 1.0,
                rolled_back: false,
                loss: Some(last.loss),
                accuracy: Some(last.accuracy),
                validation_loss: last.validation_loss,
                validation_accuracy: last.validation_accuracy,
                temperature: None,
                frozen_forwards: 0,
                seconds: start.elapsed().as_secs_f64(),
            });
        }
        self.model = Model { head, judgement, learned: true, ..self.model.clone() };
        last.best = !refit || self.phase + 1 == self.plan.phases.len();
        on_epoch(&last, last.best.then(|| self.as_trained(&self.model)).as_ref());
        Ok(Left::Done)
    }

    /// A phase of gradient descent.
    async fn descend(
        &mut self,
        phase: &Phase,
        signal: &Cell<Signal>,
        on_epoch: &mut impl FnMut(&Epoch, Option<&Trained>),
    ) -> Result<Left> {
        let mut pace = Pace::new();
        if phase.roll_back && self.model.judgement.is_none() {
            // Nothing was trained yet, so that the features are those of the backbone as it came.
            let judge_by =
                |examples: &Rc<Examples>| Judgement::of(&self.model.head, &examples.features, &examples.targets);
            self.model.judgement = self.judged_by().map(judge_by).transpose()?;
        }
        let Paused { mut fit, start: mut checkpoint, ground } = match self.paused.take() {
            Some(paused) => paused,
            None => match self.ground(phase, signal, &mut pace).await? {
                Some(ground) => {
                    let fit = Fit::new(&self.model, phase, &ground);
                    Paused { start: fit.copy(phase, &ground), fit, ground }
                }
                None => return Ok(Left::By(signal.get())),
            },
        };
        let refit = self.first_pass.is_some();
        let most = if refit { self.reports[self.phase].kept_epoch } else { phase.epochs };
        loop {
            let since = Instant::now();
            let judged = self.judged_epoch(phase, &ground, &mut fit, signal, &mut pace).await;
            fit.seconds += since.elapsed().as_secs_f64();
            let steps = self.steps(phase);
            let (network, head, judgement) = match judged {
                Ok(ControlFlow::Continue(judged)) => judged,
                Ok(ControlFlow::Break(Signal::Stop)) => {
                    if !refit {
                        // The best so far stays, whether the phase would have had its way in the end or not.
                        let phase = Phase { roll_back: phase.roll_back || self.model.learned, ..phase.clone() };
                        fit.settle();
                        self.end(&phase, &ground, fit).await?;
                    }
                    return Ok(Left::By(Signal::Stop));
                }
                Ok(ControlFlow::Break(signal)) => {
                    self.paused = Some(Paused { fit, start: checkpoint, ground });
                    return Ok(Left::By(signal));
                }
                Err(error) => match self.way_out(error, phase) {
                    Ok(notice) => {
                        // Smaller batches are more steps: what is done stays the same share of the phase.
                        let more = |done: usize| done * self.steps(phase) / steps;
                        (checkpoint.steps, checkpoint.step) = (more(checkpoint.steps), more(checkpoint.step));
                        fit = Fit { notice: Some(notice), seconds: fit.seconds, ..checkpoint.copy(phase, &ground) };
                        continue;
                    }
                    Err(error) => {
                        if !refit {
                            // What went before the failure must at least be better than what there was.
                            if self.model.learned && self.judged_by().is_none() {
                                checkpoint.best = None;
                            }
                            checkpoint.settle();
                            let phase = Phase { roll_back: true, ..phase.clone() };
                            self.end(&phase, &ground, checkpoint).await?;
                        }
                        return Err(error);
                    }
                },
            };
            let mut epoch = self.describe(phase, &ground, &fit, most, judgement);
            let by = judgement.map_or(epoch.loss, |judgement| judgement.loss);
            let improved = by < lowest(&fit.losses);
            fit.losses.push(by);
            // What serves predictions must not get worse.
            let served = self.model.judgement.filter(|_| self.model.learned || phase.roll_back);
            epoch.best =
                improved && judgement.is_some_and(|now| served.is_none_or(|before| now.is_better_than(&before)));
            epoch.notice = fit.notice.take();
            let moved = ground.moves() || self.model.moved;
            let model = Model { stages: network.stages, head, judgement, moved, learned: true };
            let learned = epoch.best.then(|| self.as_trained(&model));
            if epoch.best {
                fit.served = Some((epoch.clone(), model.clone()));
            }
            // Without examples held out there is nothing to tell a better epoch by.
            if improved || !phase.keep_best || judgement.is_none() {
                fit.best = Some((epoch.clone(), model));
            }
            self.epochs += 1;
            let best_at = fit.losses.iter().position(|loss| *loss == lowest(&fit.losses));
            let since_best = best_at.map_or(0, |at| fit.losses.len() - 1 - at);
            if fit.epoch == most || (!refit && phase.patience.is_some_and(|patience| since_best >= patience)) {
                if phase.interpolate {
                    match self.interpolate(phase, &ground, &mut fit, signal, &mut pace).await {
                        Ok(ControlFlow::Continue(())) => (),
                        // What the first pass came to stays.
                        Ok(ControlFlow::Break(())) if refit => return Ok(Left::By(Signal::Stop)),
                        Ok(ControlFlow::Break(())) => (),
                        Err(error) => {
                            if !refit {
                                self.end(phase, &ground, fit).await?;
                            }
                            return Err(error);
                        }
                    }
                }
                let share = fit.share;
                if let (true, Some((best, _))) = (share < 1.0, &fit.best) {
                    (epoch.validation_loss, epoch.validation_accuracy) =
                        (best.validation_loss, best.validation_accuracy);
                }
                let undone = self.end(phase, &ground, fit).await?;
                let part = || format!("{:.0} % of the way of “{}” were kept", share * 100.0, phase.name);
                let end = undone.clone().or_else(|| (share < 1.0 && !refit).then(part));
                epoch.best = undone.is_none() && (!refit || self.phase + 1 == self.plan.phases.len());
                epoch.notice = match (epoch.notice, end) {
                    (Some(before), Some(end)) => Some(format!("{before}; {end}")),
                    (before, end) => before.or(end),
                };
                on_epoch(&epoch, epoch.best.then(|| self.as_trained(&self.model)).as_ref());
                return Ok(Left::Done);
            }
            on_epoch(&epoch, learned.as_ref());
            // An optimizer's state is read at once, which a GPU in a browser lets nobody do.
            if is_cpu(&ground.device) {
                self.note(Some(&fit)).await?;
            }
            checkpoint = fit.copy(phase, &ground);
        }
    }

    /// What is left of an epoch, and what that comes to; a signal ends both early.
    ///
    /// # Errors
    /// As [`Session::judge_epoch`].
    async fn judged_epoch(
        &self,
        phase: &Phase,
        ground: &Ground,
        fit: &mut Fit,
        signal: &Cell<Signal>,
        pace: &mut Pace,
    ) -> Result<ControlFlow<Signal, (Network, Head, Option<Judgement>)>> {
        // One that was paused while it was judged has no steps left.
        if fit.losses.len() == fit.epoch {
            let signal = self.epoch(phase, ground, fit, signal, pace).await?;
            if signal != Signal::Go {
                return Ok(ControlFlow::Break(signal));
            }
        }
        self.judge_epoch(phase, ground, fit, signal, pace).await
    }

    /// Steps to the end of an epoch, or to a signal.
    async fn epoch(
        &self,
        phase: &Phase,
        ground: &Ground,
        fit: &mut Fit,
        signal: &Cell<Signal>,
        pace: &mut Pace,
    ) -> Result<Signal> {
        if fit.step == 0 {
            fit.sums = Sums::default();
        }
        let examples = self.training.clone();
        let numbers = [self.plan.seed, u64::from(self.first_pass.is_some()), self.phase as u64, fit.epoch as u64];
        let mut order: Vec<usize> = (0..examples.len()).collect();
        order.shuffle(&mut seeded(&numbers));
        let steps = self.steps(phase);
        let mut pending: Vec<Tensor<1>> = vec![];
        while fit.step < steps {
            pace.breathe().await;
            if signal.get() != Signal::Go {
                fit.add(pending).await?;
                return Ok(signal.get());
            }
            // As even as can be: a last batch of one would have no statistics.
            let [from, to] = [fit.step, fit.step + 1].map(|step| step * order.len() / steps);
            let indices = &order[from..to];
            pending
                .push(self.step(phase, ground, fit, indices, &[&numbers[..], &[fit.step as u64 + 1]].concat()).await?);
            fit.step += 1;
            fit.steps += 1;
            // Of few examples, one that is out of place says nothing of the others.
            let telling = to >= TELLING.min(order.len());
            // How it begins is what tells later that a loss has exploded.
            let begins = telling && fit.first_loss.is_none();
            let at_once = if is_cpu(&ground.device) || begins { 1 } else { STEPS_A_READBACK };
            if pending.len() >= at_once || fit.step == steps {
                fit.add(std::mem::take(&mut pending)).await?;
                // Of a small class, one example weighs as much as many.
                let weight = if phase.loss.is_metric() {
                    fit.sums.seen
                } else {
                    order[..to].iter().map(|index| ground.weights[*index]).sum()
                };
                let loss = fit.sums.loss / weight;
                if (telling || !loss.is_finite()) && fit.has_exploded(loss, examples.classes.len()) {
                    return Err(self.diverged(phase, fit.epoch + 1));
                }
                if telling {
                    fit.first_loss.get_or_insert(loss);
                }
            }
        }
        fit.epoch += 1;
        fit.step = 0;
        Ok(Signal::Go)
    }

    /// One step: returns `[loss, right, seen]`, the first two summed over the batch, which is not waited for.
    async fn step(
        &self,
        phase: &Phase,
        ground: &Ground,
        fit: &mut Fit,
        indices: &[usize],
        numbers: &[u64],
    ) -> Result<Tensor<1>> {
        let (examples, device) = (&self.training, &ground.device);
        let frozen = self.frozen(ground.boundary, &phase.augmentation);
        let mut x = ground.training.select(&frozen, examples, indices, fit.epoch).await?;
        let classes = examples.classes.len();
        let targets: Vec<usize> = indices.iter().map(|index| examples.targets[*index]).collect();
        // By what each example counts, so that classes go on counting the same when examples are mixed, and with them what the
        // teacher says.
        let mut masses = Vec::with_capacity(2 * indices.len() * classes);
        for (index, target) in indices.iter().zip(&targets) {
            let weight = ground.weights[*index];
            masses.extend((0..classes).map(|class| if class == *target { weight } else { 0.0 }));
            let teacher = examples.teacher.as_ref().filter(|_| phase.loss.needs_teacher());
            masses.extend(teacher.into_iter().flat_map(|rows| &rows[*index]).map(|share| weight * share));
        }
        let columns = masses.len() / indices.len();
        let mut masses = Tensor::from_data(TensorData::new(masses, [indices.len(), columns]), device);
        if let Some(mixing) = &phase.augmentation.mixing {
            (x, masses) = mixing.mix(x, masses, &mut seeded(numbers));
        }
        let network = &fit.network;
        let road = ground.road.on(&device.clone().autodiff());
        let pooled = road.pooled(&network.stages[ground.boundary..], Tensor::from_inner(x));
        let wanted = Wanted { targets: &targets, masses, classes };
        let (loss, sums) = objective(&phase.loss, &road, &network.layers, pooled, wanted);
        let mut gradients = loss.backward();
        let rate = self.rate(phase, fit.steps, &fit.losses);
        let Network { stages, layers } = fit.network.clone();
        let last = stages.len();
        fit.network.stages = stages
            .into_iter()
            .enumerate()
            .map(|(index, stage)| {
                if !ground.trains[index] {
                    return stage;
                }
                let gradients = GradientsParams::from_module(&mut gradients, &stage);
                let rate = rate * phase.stage_decay.powi((last - index) as i32);
                fit.optimizers[index].step(rate, stage, gradients)
            })
            .collect();
        if !phase.loss.is_metric() {
            let gradients = GradientsParams::from_module(&mut gradients, &layers);
            fit.network.layers = fit.optimizers[last].step(rate, layers, gradients);
        }
        if let Some(average) = fit.average.take() {
            let updates = fit.steps as f64 + 1.0;
            // Shorter in the beginning, so that where it came from is soon forgotten.
            let share = phase.averaging.min(updates / (9.0 + updates));
            fit.average = Some(average.moved_towards(&fit.network, (1.0 - share) as f32, &ground.trains));
        }
        Ok(sums)
    }

    /// The head's rate at a step of the phase, after epochs that ended with `losses`.
    fn rate(&self, phase: &Phase, step: usize, losses: &[f32]) -> f64 {
        let steps = self.steps(phase);
        let factor = phase.schedule.factor(phase.warm_up, step, phase.epochs * steps, steps);
        let reduced = match phase.schedule {
            Schedule::Plateau { patience, factor } => factor.powi(reductions(patience, losses) as i32),
            _ => 1.0,
        };
        phase.rate * self.rate_factor * factor * reduced
    }

    /// Steps an epoch.
    fn steps(&self, phase: &Phase) -> usize {
        let count = self.training.len();
        count.div_ceil(phase.batch_size.min(self.batch_limit).min(count))
    }

    fn diverged(&self, phase: &Phase, epoch: usize) -> Error {
        Error::Diverged { epoch, rate: phase.rate * self.rate_factor }
    }

    /// What to change after a failure, in words.
    fn way_out(&mut self, error: Error, phase: &Phase) -> Result<String> {
        match error {
            // A fault that it forgave might be that of somebody who uses the GPU as well.
            error if self.rehearses => Err(error),
            Error::Diverged { .. } if self.rate_factor == 1.0 => {
                self.rate_factor = 0.5;
                Ok(format!(
                    "the loss exploded; back at the epoch before, with half the rate, {:e}",
                    phase.rate * self.rate_factor
                ))
            }
            Error::Gpu(cause) if device::is_out_of_memory(&cause) => {
                let batch = phase.batch_size.min(self.batch_limit).min(self.training.len());
                if batch / 2 < phase.loss.fewest() {
                    return Err(Error::Gpu(cause));
                }
                device::forgive();
                self.batch_limit = batch / 2;
                Ok(format!("the GPU ran out of memory; back at the epoch before, with batches of {}", self.batch_limit))
            }
            error => Err(error),
        }
    }

    /// What an epoch that just ended, of `most`, is reported as.
    fn describe(&self, phase: &Phase, ground: &Ground, fit: &Fit, most: usize, judgement: Option<Judgement>) -> Epoch {
        let steps = self.steps(phase);
        let rate = self.rate(phase, fit.steps - 1, &fit.losses);
        let last = ground.trains.len();
        let trains = self.backbone.stages().iter().enumerate().filter(|(index, _)| ground.trains[*index]);
        let (validation_loss, validation_accuracy) = Judgement::parts(judgement);
        Epoch {
            phase: phase.name.clone(),
            refit: self.first_pass.is_some(),
            epoch: fit.epoch,
            epochs: most,
            step: fit.steps,
            steps: most * steps,
            loss: fit.sums.loss / fit.sums.seen,
            accuracy: fit.sums.right / fit.sums.seen,
            validation_loss,
            validation_accuracy,
            rate: Some(rate),
            rates: trains
                .map(|(index, stage)| StageRate {
                    stage: stage.name().to_owned(),
                    rate: rate * phase.stage_decay.powi((last - index) as i32),
                })
                .collect(),
            strength: None,
            seconds_left: fit.seconds / fit.epoch as f64 * (most - fit.epoch) as f64,
            best: false,
            notice: None,
        }
    }

    /// Goes as much of the way back as examples held out want; in the second pass, as they wanted in the first.
    /// Somebody may say stop.
    async fn interpolate(
        &self,
        phase: &Phase,
        ground: &Ground,
        fit: &mut Fit,
        signal: &Cell<Signal>,
        pace: &mut Pace,
    ) -> Result<ControlFlow<()>> {
        let Some((epoch, after)) = fit.best.clone() else { return Ok(ControlFlow::Continue(())) };
        let report = self.reports.get(self.phase).filter(|_| self.first_pass.is_some());
        if report.is_none() && after.judgement.is_none() {
            return Ok(ControlFlow::Continue(()));
        }
        let shares = report.map_or(SHARES.to_vec(), |report| vec![report.kept_share]);
        let temperature = after.judgement.map(|judgement| judgement.temperature);
        let temperature = temperature.or(report.and_then(|report| report.temperature)).unwrap_or(1.0);
        let before = self.model.network(&ground.device);
        let after = Model { head: after.head.at_temperature(1.0 / temperature), ..after }.network(&ground.device);
        for share in shares.into_iter().filter(|share| *share < 1.0) {
            let network = before.moved_towards(&after, share, &ground.trains);
            // Whoever pauses waits for this, which a phase does once.
            let stop = || signal.get() == Signal::Stop;
            let judged = self.judge_network(phase, ground, fit.epoch, &network, &stop, pace).await?;
            let Some((head, judgement)) = judged else { return Ok(ControlFlow::Break(())) };
            let best = fit.best.as_ref().and_then(|(_, model)| model.judgement);
            if judgement.zip(best).is_some_and(|(now, best)| now.loss >= best.loss) {
                continue;
            }
            let (validation_loss, validation_accuracy) = Judgement::parts(judgement);
            let epoch = Epoch { validation_loss, validation_accuracy, ..epoch.clone() };
            let moved = ground.moves() || self.model.moved;
            let model = Model { stages: network.stages, head, judgement, moved, learned: true };
            (fit.share, fit.best) = (share, Some((epoch, model)));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Ends a phase: keeps what was best, or undoes the phase and says why.
    async fn end(&mut self, phase: &Phase, ground: &Ground, fit: Fit) -> Result<Option<String>> {
        let mut undone = None;
        let best = fit.best.as_ref();
        if let (true, Some((_, model)), Some(before)) = (phase.roll_back, best, self.model.judgement)
            && let Some(after) = model.judgement
            && !after.is_better_than(&before)
        {
            undone = Some(format!(
                "“{}” was undone: it did not make the validation loss smaller ({:.3}, {:.3} before)",
                phase.name,
                after.loss,
                before.least_loss()
            ));
        }
        let kept = best.filter(|_| undone.is_none());
        let reported = best.map(|(epoch, _)| epoch);
        if self.first_pass.is_none() {
            let trains = self.backbone.stages().iter().zip(&ground.trains).filter(|(_, trains)| **trains);
            self.reports.push(PhaseReport {
                phase: phase.name.clone(),
                stages: trains.map(|(stage, _)| stage.name().to_owned()).collect(),
                epochs: fit.epoch,
                kept_epoch: kept.map_or(0, |(epoch, _)| epoch.epoch),
                kept_share: kept.map_or(0.0, |_| fit.share),
                rolled_back: undone.is_some(),
                loss: reported.map(|epoch| epoch.loss),
                accuracy: reported.map(|epoch| epoch.accuracy),
                validation_loss: reported.and_then(|epoch| epoch.validation_loss),
                validation_accuracy: reported.and_then(|epoch| epoch.validation_accuracy),
                temperature: best.and_then(|(_, model)| model.judgement).map(|judgement| judgement.temperature),
                frozen_forwards: ground.training.forwards() + ground.held_out.as_ref().map_or(0, Activations::forwards),
                seconds: fit.seconds,
            });
        }
        if let Some((_, model)) = kept {
            self.model = Model { moved: model.moved || self.model.moved, ..model.clone() };
        }
        Ok(undone)
    }

    /// What would be kept of an epoch that just ended, and how well that recognises the examples held out.
    ///
    /// # Errors
    /// [`Error::Diverged`] if it does not even know what it learned from: the loss of a step is that before it, so that what the
    /// last one did shows only now. A failure of the processor.
    async fn judge_epoch(
        &self,
        phase: &Phase,
        ground: &Ground,
        fit: &Fit,
        signal: &Cell<Signal>,
        pace: &mut Pace,
    ) -> Result<ControlFlow<Signal, (Network, Head, Option<Judgement>)>> {
        let is_over = || signal.get() != Signal::Go;
        // An average hides for a while what has happened to the network that goes on.
        if !phase.loss.is_metric() {
            let network = fit.network.valid();
            let some = first_of_each(&self.training.targets, LOOKED_BACK_AT);
            let (activations, examples) = (&ground.training, &self.training);
            let pooled = self.pooled(ground, &network, activations, examples, &some, &is_over, pace).await?;
            let Some(features) = pooled else { return Ok(ControlFlow::Break(signal.get())) };
            let head = self.head_of(&network).await?;
            let doubt = phase.loss.smoothing() * (1.0 - 1.0 / self.examples.classes.len() as f32);
            let loss_of = |(features, index): (&Rc<[f32]>, &usize)| {
                cross_entropy(&head.logits(features), self.training.targets[*index], doubt)
            };
            let loss = features.iter().zip(&some).map(loss_of).sum::<f32>() / some.len() as f32;
            if fit.has_exploded(loss, self.examples.classes.len()) {
                return Err(self.diverged(phase, fit.epoch));
            }
        }
        let network = fit.shown();
        Ok(match self.judge_network(phase, ground, fit.epoch, &network, &is_over, pace).await? {
            Some((head, judgement)) => ControlFlow::Continue((network, head, judgement)),
            None => ControlFlow::Break(signal.get()),
        })
    }

    /// The head of a network in training after `epoch`, and how well both recognise the examples held out; `None` if that is not
    /// wanted any more.
    async fn judge_network(
        &self,
        phase: &Phase,
        ground: &Ground,
        epoch: usize,
        network: &Network,
        is_over: &dyn Fn() -> bool,
        pace: &mut Pace,
    ) -> Result<Option<(Head, Option<Judgement>)>> {
        let head = if phase.loss.is_metric() {
            let (activations, examples) = (&ground.training, &self.training);
            let all: Vec<usize> = (0..examples.len()).collect();
            let pooled = self.pooled(ground, network, activations, examples, &all, is_over, pace).await?;
            let Some(features) = pooled else { return Ok(None) };
            if features.iter().any(|features| features.iter().any(|v| !v.is_finite())) {
                return Err(self.diverged(phase, epoch));
            }
            Head::prototype(&examples.with_features(features))?
        } else {
            self.head_of(network).await?
        };
        let Some((activations, examples)) = ground.held_out.as_ref().zip(self.judged_by()) else {
            let temperature = self.reports.get(self.phase).and_then(|report| report.temperature).unwrap_or(1.0);
            return Ok(Some((head.at_temperature(temperature), None)));
        };
        let all: Vec<usize> = (0..examples.len()).collect();
        let pooled = self.pooled(ground, network, activations, examples, &all, is_over, pace).await?;
        let Some(features) = pooled else { return Ok(None) };
        if features.iter().flat_map(|features| head.logits(features)).any(|logit| !logit.is_finite()) {
            return Err(self.diverged(phase, epoch));
        }
        // Smoothing makes a network less sure than it may be, and learning by heart surer.
        let judgement = Judgement::of(&head, &features, &examples.targets)?;
        let head = head.at_temperature(judgement.temperature);
        Ok(Some((head, Some(Judgement { loss: judgement.calibrated, ..judgement }))))
    }

    /// The layers of a network in training as a head.
    async fn head_of(&self, network: &Network) -> Result<Head> {
        network.layers.to_head(&self.examples.classes, self.model.head.embedding().cloned()).await
    }

    /// Pooled features of the examples at `which`, as they are, by a network in training; `None` if they are not wanted any more.
    #[expect(clippy::too_many_arguments)]
    async fn pooled(
        &self,
        ground: &Ground,
        network: &Network,
        activations: &Activations,
        examples: &Examples,
        which: &[usize],
        is_over: &dyn Fn() -> bool,
        pace: &mut Pace,
    ) -> Result<Option<Vec<Rc<[f32]>>>> {
        let plain = Variation::default();
        let frozen = self.frozen(ground.boundary, &plain);
        let mut rows = Vec::with_capacity(which.len());
        for indices in which.chunks(share(self.backbone.input(), &ground.device).min(self.batch_limit)) {
            pace.breathe().await;
            if is_over() {
                return Ok(None);
            }
            let x = activations.clean(&frozen, examples, indices).await?;
            let values = read(ground.road.pooled(&network.stages[ground.boundary..], x)).await?;
            rows.extend(values.chunks_exact(values.len() / indices.len()).map(Rc::<[f32]>::from));
        }
        Ok(Some(rows))
    }

    /// Features of examples by the stages of today.
    async fn features_of(&self, examples: &Examples) -> Result<Vec<Rc<[f32]>>> {
        if !self.model.moved {
            return Ok(examples.features.clone());
        }
        features(&self.backbone.with_stages(self.model.stages.clone()), examples).await
    }

    /// `None` if somebody says stop or pause.
    pub(super) async fn ground(&self, phase: &Phase, signal: &Cell<Signal>, pace: &mut Pace) -> Result<Option<Ground>> {
        let names: Vec<&str> = self.backbone.stages().iter().map(Stage::name).collect();
        let trains = phase.trains(&names)?;
        let boundary = trains.iter().position(|trains| *trains).unwrap_or(trains.len());
        // A matrix of a few hundred rows is too little for a GPU to pay.
        let device = if boundary == trains.len() { Device::flex() } else { self.backbone.device().clone() };
        let centre = self.model.head.embedding().map(|embedding| {
            let centre = embedding.centre();
            Tensor::from_data(TensorData::new(centre.to_vec(), [1, centre.len()]), &device)
        });
        let nuisance = self.backbone.nuisance().filter(|_| boundary < trains.len()).cloned();
        let road = Road { nuisance, centre };
        let known = boundary == trains.len() && !self.model.moved;
        let plain = Variation::default();
        let compute = async |examples: &Rc<Examples>, variation: &Variation, pace: &mut Pace| {
            if known && variation.is_none() {
                return Ok(Some(Activations::of_features(examples)));
            }
            let frozen = self.frozen(boundary, variation);
            Activations::compute(&frozen, examples, self.plan.cache_megabytes, signal, pace).await
        };
        let Some(training) = compute(&self.training, &phase.augmentation, pace).await? else { return Ok(None) };
        let held_out = match self.judged_by() {
            Some(examples) => match compute(examples, &plain, pace).await? {
                Some(held_out) => Some(held_out),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(Some(Ground { weights: self.training.weights(), trains, boundary, device, road, training, held_out }))
    }

    /// What stays frozen in a phase.
    fn frozen<'a>(&'a self, boundary: usize, variation: &'a Variation) -> Frozen<'a> {
        let stages = &self.model.stages[..boundary];
        let whole = boundary == self.model.stages.len();
        Frozen {
            stages,
            pooled: whole.then(|| &*self.backbone),
            crew: (!self.model.moved).then_some(&*self.crew),
            spec: self.backbone.input(),
            variation,
            // Every phase sees views of its own.
            seed: self.plan.seed.wrapping_add((self.phase as u64) << 32),
            device: self.backbone.device(),
        }
    }

    fn as_trained(&self, model: &Model) -> Trained {
        let backbone = if model.moved || self.model.moved {
            Some(Rc::new(self.backbone.with_stages(model.stages.clone())))
        } else {
            (!self.original).then(|| self.backbone.clone())
        };
        Trained { backbone, head: Rc::new(model.head.clone()) }
    }

    fn report(&self, reason: Ending) -> Report {
        let last = self.reports.iter().rfind(|report| report.kept_epoch > 0);
        Report {
            reason,
            epochs: self.epochs,
            loss: last.and_then(|report| report.loss),
            accuracy: last.and_then(|report| report.accuracy),
            validation_loss: last.and_then(|report| report.validation_loss),
            validation_accuracy: last.and_then(|report| report.validation_accuracy),
            strength: self.strength,
            training_examples: self.examples.len() - self.held_out.as_ref().map_or(0, |examples| examples.len()),
            validation_examples: self.held_out.as_ref().map_or(self.cross_validated, |examples| examples.len()),
            phases: self.reports.clone(),
            evaluation: self.held_out.as_ref().and_then(|held_out| Some(self.evaluation.clone()?.about(&held_out.ids))),
            seconds: self.seconds,
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("plan", &self.plan).field("phase", &self.phase).finish_non_exhaustive()
    }
}

/// A metric loss has to find two of a class.
fn check_pairs(training: &Examples, plan: &Plan) -> Result<()> {
    let count = |class: usize| training.targets.iter().filter(|target| **target == class).count();
    let has_pair = (0..training.classes.len()).any(|class| count(class) > 1);
    if !has_pair && plan.phases.iter().any(|phase| phase.loss.is_metric()) {
        return Err(Error::TooFewExamples(
            "a metric loss compares drawings of one class: draw at least two of one, and five are a good start".into(),
        ));
    }
    Ok(())
}

/// At most `count` examples: the first of each class, then the second of each, and so on.
pub(super) fn first_of_each(targets: &[usize], count: usize) -> Vec<usize> {
    let mut seen = HashMap::new();
    let mut ranked: Vec<(usize, usize)> = (0..targets.len())
        .map(|index| {
            let rank = seen.entry(targets[index]).or_insert(0);
            *rank += 1;
            (*rank, index)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(count).map(|(_, index)| index).collect()
}

fn check(examples: &Examples, plan: &Plan) -> Result<()> {
    if examples.classes.len() < 2 {
        return Err(Error::TooFewClasses(examples.classes.len()));
    }
    for (index, class) in examples.classes.iter().enumerate() {
        if !examples.targets.contains(&index) {
            return Err(Error::TooFewExamples(format!(
                "“{class}” has no drawing; draw at least one of each class to train (five are a good start)"
            )));
        }
    }
    let needs_teacher = plan.phases.iter().any(|phase| phase.loss.needs_teacher());
    if needs_teacher && examples.teacher.is_none() {
        return Err(Error::BadOption(
            "a student needs a teacher: give the probabilities that a trained network gives these drawings".into(),
        ));
    }
    Ok(())
}
