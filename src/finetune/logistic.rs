//! Fits a head by logistic regression, whose strength is chosen by cross-validation.

use std::cell::Cell;
use std::rc::Rc;

use web_time::Instant;

use super::{Epoch, Signal};
use crate::dataset::{Split, folds};
use crate::error::Result;
use crate::head::{Design, Head, LabelledFeatures, Logistic, cross_entropy, is_right};
use crate::pace::Pace;

/// Candidates for the strength, each solved from the weights of the one before. Of real drawings, five a class want 0.01
/// or 0.003, twenty 0.003; accuracy hardly differs between neighbours, but how sure the answers are does.
const STRENGTHS: [f32; 6] = [0.3, 0.1, 0.03, 0.01, 0.003, 0.001];

/// The strength where no class can spare an example: a little more than what makes new drawings most probable then.
const DEFAULT_STRENGTH: f32 = 0.03;

/// Parts of the cross-validation. More would cost more, and say little more.
const FOLDS: usize = 5;

/// How far above its least value the loss with its penalty may surely be where a candidate is judged. Of real drawings, three,
/// five and twenty a class, what is learned then is as right as with 1e-7, and the loss on new ones differs by 0.003 at most.
const JUDGED: f64 = 1e-3;

/// The norm of the gradient at which the answer is one: scikit-learn's default is to have no value of it larger.
const CONVERGED: f64 = 1e-4;

/// The most iterations for one strength; some tens are usual.
const MOST_ITERATIONS: usize = 500;

/// Solves for a linear head on directions of the features, in which every class counts the same, however many examples it
/// has. That takes milliseconds, and one example a class is enough.
///
/// First, called `strength`, it tries from strong to weak how hard the weights should be held back: by five-fold
/// cross-validation, the lowest loss on examples held out wins. A class with a single example never has it held out; where
/// that is every class, the strength is 0.03. Then, called `solve`, it fits all examples with the best candidate, an epoch an
/// iteration.
///
/// `on_epoch` gets every epoch, and the head with the last one. Returns the head too, unless somebody said stop, and how
/// many examples were held out once.
///
/// # Errors
/// [`Error::BadInput`](crate::Error::BadInput) for features that are not finite.
pub async fn fit(
    examples: &LabelledFeatures,
    seed: u64,
    signal: &Cell<Signal>,
    on_epoch: impl FnMut(&Epoch, Option<&Head>),
) -> Result<(Option<Head>, usize)> {
    fit_as(examples, examples, seed, signal, on_epoch).await
}

/// [`fit`] with a strength that is known: the head, and the mean loss of the examples.
///
/// # Errors
/// As [`fit`].
pub fn fit_at(examples: &LabelledFeatures, strength: f32) -> Result<(Head, f32)> {
    let mut regression = Logistic::without(&[], &Rc::new(Design::new(examples)?), strength);
    for _ in 0..MOST_ITERATIONS {
        regression.step();
        if regression.slope() <= CONVERGED {
            break;
        }
    }
    Ok((regression.head(), regression.loss()))
}

/// [`fit`], with the strength that suits the examples in `judges`.
///
/// # Errors
/// As [`fit`].
pub(super) async fn fit_as(
    judges: &LabelledFeatures,
    examples: &LabelledFeatures,
    seed: u64,
    signal: &Cell<Signal>,
    mut on_epoch: impl FnMut(&Epoch, Option<&Head>),
) -> Result<(Option<Head>, usize)> {
    let mut run = Run { signal, start: Instant::now(), pace: Pace::new(), epoch: 0 };
    let folds = folds(&judges.targets, FOLDS, seed);
    let design = Rc::new(Design::new(examples)?);
    let judged = if std::ptr::eq(judges, examples) { design.clone() } else { Rc::new(Design::new(judges)?) };
    let chosen = run.choose(judges, &judged, &folds, &mut on_epoch).await?;
    let head = run.solve(&design, chosen.as_ref(), &mut on_epoch).await?;
    Ok((head, folds.iter().map(|fold| fold.validation.len()).sum()))
}

struct Run<'a> {
    signal: &'a Cell<Signal>,
    start: Instant,
    pace: Pace,
    epoch: usize,
}

impl Run<'_> {
    /// The candidate with the lowest loss; `None` if there is nothing to judge by, or if somebody says stop.
    async fn choose(
        &mut self,
        examples: &LabelledFeatures,
        design: &Rc<Design>,
        folds: &[Split],
        on_epoch: &mut impl FnMut(&Epoch, Option<&Head>),
    ) -> Result<Option<Epoch>> {
        let mut parts = Vec::with_capacity(folds.len());
        for fold in folds {
            self.pace.breathe().await;
            parts.push((Logistic::without(&fold.validation, design, STRENGTHS[0]), &fold.validation));
        }
        let held_out: usize = folds.iter().map(|fold| fold.validation.len()).sum();
        // As in Platt's scaling (1999): a few easy drawings must not make a head too sure of itself.
        let doubt = 1.0 / (held_out as f32 + 2.0);
        let mut best: Option<Epoch> = None;
        for strength in STRENGTHS.into_iter().filter(|_| held_out > 0) {
            let (mut loss, mut accuracy, mut validation_loss, mut right) = (0.0, 0.0, 0.0, 0);
            for (regression, held_out) in &mut parts {
                regression.set_strength(strength);
                for _ in 0..MOST_ITERATIONS {
                    self.pace.breathe().await;
                    if self.signal.get() == Signal::Stop {
                        return Ok(None);
                    }
                    if regression.excess() <= JUDGED {
                        break;
                    }
                    regression.step();
                }
                loss += regression.loss() / folds.len() as f32;
                accuracy += regression.accuracy() / folds.len() as f32;
                for index in held_out.iter() {
                    let (logits, target) = (regression.logits(*index), examples.targets[*index]);
                    validation_loss += cross_entropy(&logits, target, doubt);
                    right += usize::from(is_right(&logits, target));
                }
            }
            self.epoch += 1;
            let left = STRENGTHS.len() - self.epoch;
            let done = Epoch {
                phase: "strength".into(),
                refit: false,
                epoch: self.epoch,
                epochs: STRENGTHS.len(),
                step: self.epoch,
                steps: STRENGTHS.len(),
                loss,
                accuracy,
                validation_loss: Some(validation_loss / held_out as f32),
                validation_accuracy: Some(right as f32 / held_out as f32),
                rate: None,
                rates: vec![],
                strength: Some(strength),
                seconds_left: self.start.elapsed().as_secs_f64() / self.epoch as f64 * left as f64,
                best: false,
                notice: None,
            };
            on_epoch(&done, None);
            if best.as_ref().is_none_or(|best| done.validation_loss < best.validation_loss) {
                best = Some(done);
            }
        }
        Ok(best)
    }

    /// The head that fits all examples as hard as in the epoch `chosen`; `None` if somebody says stop.
    async fn solve(
        &mut self,
        design: &Rc<Design>,
        chosen: Option<&Epoch>,
        on_epoch: &mut impl FnMut(&Epoch, Option<&Head>),
    ) -> Result<Option<Head>> {
        let strength = chosen.and_then(|epoch| epoch.strength).unwrap_or(DEFAULT_STRENGTH);
        let mut regression = Logistic::without(&[], design, strength);
        let (before, start) = (self.epoch, Instant::now());
        loop {
            self.pace.breathe().await;
            if self.signal.get() == Signal::Stop {
                return Ok(None);
            }
            regression.step();
            self.epoch += 1;
            let slope = regression.slope();
            let solved = slope <= CONVERGED || self.epoch - before == MOST_ITERATIONS;
            // The gradient shrinks by about the same factor each time.
            let left = if solved { 0.0 } else { CONVERGED.ln() / slope.min(0.9).ln() - 1.0 };
            let done = Epoch {
                phase: "solve".into(),
                refit: false,
                epoch: self.epoch,
                epochs: before + MOST_ITERATIONS,
                step: self.epoch,
                steps: before + MOST_ITERATIONS,
                loss: regression.loss(),
                accuracy: regression.accuracy(),
                validation_loss: chosen.and_then(|epoch| epoch.validation_loss),
                validation_accuracy: chosen.and_then(|epoch| epoch.validation_accuracy),
                rate: None,
                rates: vec![],
                strength: Some(strength),
                seconds_left: start.elapsed().as_secs_f64() * left.max(0.0),
                best: solved,
                notice: None,
            };
            let head = solved.then(|| regression.head());
            on_epoch(&done, head.as_ref());
            if head.is_some() {
                return Ok(head);
            }
        }
    }
}
