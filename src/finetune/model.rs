//! What a session starts from, and what it has come to between phases.

use std::rc::Rc;

use burn::module::Module;
use burn::prelude::*;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, seeded};
use super::metrics::temperature;
use super::network::{Layers, Network, numbered};
use super::{HeadStart, Plan, StartingWeights};
use crate::backbone::{Backbone, Crew, InputAdaptation, Stage};
use crate::error::Result;
use crate::head::{Embedding, Head, HeadKind, Hidden, cross_entropy, is_right};

/// A difference of losses that says nothing.
const NOISE: f32 = 1e-3;

/// A network with its head, between phases.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// On the backbone's device, without gradients.
    pub stages: Vec<Stage>,
    pub head: Head,
    /// On the examples held out; of a logistic regression without any, by cross-validation.
    pub judgement: Option<Judgement>,
    /// Whether any stage was trained.
    pub moved: bool,
    /// Whether anything was.
    pub learned: bool,
}

/// How well examples held out are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Judgement {
    pub loss: f32,
    pub accuracy: f32,
    /// What logits were divided by before, or would have to be, for the examples to be most probable.
    pub temperature: f64,
    /// The loss then.
    pub calibrated: f32,
}

impl Model {
    /// With the head as layers, for arithmetic. Clones share running statistics, which are then mapped in place.
    pub fn network(&self, device: &Device) -> Network {
        numbered(Network { stages: self.stages.clone(), layers: Layers::of(&self.head, device) }).valid()
    }

    /// What a plan starts from.
    pub fn new(backbone: &Backbone, examples: &Examples, plan: &Plan) -> Result<Self> {
        let head = match plan.head.start {
            HeadStart::Prototype => Head::prototype(&examples.labelled_features())?,
            HeadStart::Random => {
                let embedding = plan.head.directions.then(|| Embedding::fit(&examples.features));
                random_head(examples.classes.clone(), embedding, backbone.feature_count(), plan)
            }
        };
        Ok(Self { stages: backbone.stages().to_vec(), head, judgement: None, moved: false, learned: false })
    }
}

/// A head of small random weights, so that in the beginning all classes are about as probable.
fn random_head(classes: Vec<String>, embedding: Option<Embedding>, features: usize, plan: &Plan) -> Head {
    let mut rng = seeded(&[plan.seed, 0x4ead]);
    let mut within = |most: f32, count: usize| -> Vec<f32> {
        (0..count).map(|_| most * (2.0 * rng.random::<f32>() - 1.0)).collect()
    };
    // He et al., 2015 (arXiv 1502.01852): the scale of the features lives on.
    let hidden = plan.head.hidden.as_ref().map(|hidden| Hidden {
        weight: within((6.0 / features as f32).sqrt(), hidden.size * features),
        bias: vec![0.0; hidden.size],
        activation: hidden.activation,
    });
    let width = plan.head.hidden.as_ref().map_or(features, |hidden| hidden.size);
    let output = (within(0.02, classes.len() * width), vec![0.0; classes.len()]);
    let kind = if hidden.is_some() { HeadKind::Mlp } else { HeadKind::Linear };
    Head::new(kind, classes, embedding, hidden, output)
}

impl Judgement {
    /// Of a head as it is, and of the same calibrated.
    ///
    /// # Errors
    /// [`Error::BadInput`](crate::Error::BadInput) for logits that are not finite.
    pub fn of(head: &Head, features: &[Rc<[f32]>], targets: &[usize]) -> Result<Self> {
        let mut logits: Vec<Vec<f32>> = features.iter().map(|features| head.logits(features)).collect();
        let temperature = temperature(head.classes().len(), &logits, targets)?;
        let count = targets.len() as f32;
        let mean = |logits: &[Vec<f32>]| {
            logits.iter().zip(targets).map(|(row, target)| cross_entropy(row, *target, 0.0)).sum::<f32>() / count
        };
        let right = logits.iter().zip(targets).filter(|(row, target)| is_right(row, **target));
        let (loss, accuracy) = (mean(&logits), right.count() as f32 / count);
        logits.iter_mut().flatten().for_each(|logit| *logit /= temperature as f32);
        Ok(Self { loss, accuracy, temperature, calibrated: mean(&logits) })
    }

    /// Better than the other could be: else a network could seem so for being calibrated alone. Of two that know all examples,
    /// neither is.
    pub fn is_better_than(&self, other: &Self) -> bool {
        self.loss < other.least_loss() - NOISE
    }

    /// As it is, or calibrated; the latter may be larger, as few examples leave doubt.
    pub fn least_loss(&self) -> f32 {
        self.loss.min(self.calibrated)
    }

    pub fn parts(judgement: Option<Self>) -> (Option<f32>, Option<f32>) {
        (judgement.map(|judgement| judgement.loss), judgement.map(|judgement| judgement.accuracy))
    }
}

/// The backbone that a plan starts from, where that is not the one that was given.
pub(super) fn starting_backbone(backbone: &Backbone, plan: &Plan) -> Result<Backbone> {
    let mut start = backbone.clone();
    if plan.weights == StartingWeights::Random {
        start = Backbone::random(backbone.metadata().clone(), plan.seed, backbone.device())?;
    }
    if plan.input == InputAdaptation::Repeat { Ok(start) } else { start.with_input(plan.input, plan.seed) }
}

/// Features of examples as they are, by `backbone`.
///
/// # Errors
/// As [`Source::picture`](super::Source::picture), or a failure of the processor.
pub async fn features(backbone: &Backbone, examples: &Examples) -> Result<Vec<Rc<[f32]>>> {
    let picture = |index: usize| examples.sources[index].picture(backbone.input());
    Crew::default().features(backbone, examples.len(), picture).await
}
