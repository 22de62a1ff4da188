//! A phase of gradient descent in progress.

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::prelude::*;

use super::Phase;
use super::activations::Activations;
use super::model::Model;
use super::network::{Network, Road};
use super::report::Epoch;
use crate::device::read;
use crate::error::Result;

/// A loss so many times that of the first examples has exploded.
const EXPLODED: f32 = 10.0;

/// A phase in progress.
#[derive(Clone)]
pub(super) struct Fit {
    /// With gradients.
    pub network: Network,
    /// One for each stage, and one for the layers.
    pub optimizers: Vec<ModuleOptimizer>,
    /// Without gradients.
    pub average: Option<Network>,
    /// Epochs done.
    pub epoch: usize,
    /// Steps done in all.
    pub steps: usize,
    /// Steps done in the epoch in progress.
    pub step: usize,
    pub sums: Sums,
    /// The mean loss of its first examples.
    pub first_loss: Option<f32>,
    /// The loss that the phase is judged by after each epoch.
    pub losses: Vec<f32>,
    /// What would be kept if the phase ended now.
    pub best: Option<(Epoch, Model)>,
    /// The best epoch so far, if it is better than what there was before: what serves predictions.
    pub served: Option<(Epoch, Model)>,
    /// How much `best` is of the way from what there was before.
    pub share: f32,
    pub seconds: f64,
    pub notice: Option<String>,
}

/// A phase in the middle of an epoch, or of its judgement.
pub(super) struct Paused {
    pub fit: Fit,
    /// As it was when the epoch began.
    pub start: Fit,
    pub ground: Ground,
}

/// Sums over the epoch in progress.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub loss: f32,
    pub right: f32,
    pub seen: f32,
}

/// What a phase stands on: follows from the plan, the examples and the stages that stay frozen.
pub(super) struct Ground {
    pub trains: Vec<bool>,
    /// The first stage that trains.
    pub boundary: usize,
    /// Where what trains computes, without gradients.
    pub device: Device,
    /// From pooled features to what the head works on.
    pub road: Road,
    pub training: Activations,
    pub held_out: Option<Activations>,
    /// Of each example to learn from.
    pub weights: Vec<f32>,
}

impl Ground {
    /// Whether any stage trains.
    pub fn moves(&self) -> bool {
        self.trains.contains(&true)
    }
}

impl Fit {
    pub fn new(model: &Model, phase: &Phase, ground: &Ground) -> Self {
        let network = model.network(&ground.device);
        let average = (phase.averaging > 0.0).then(|| network.clone());
        Self {
            optimizers: (0..=model.stages.len()).map(|_| phase.optimizer.init(phase.clip)).collect(),
            network: network.prepared(&ground.trains, phase.norm, &ground.device),
            average,
            epoch: 0,
            steps: 0,
            step: 0,
            sums: Sums::default(),
            first_loss: None,
            losses: vec![],
            best: None,
            served: None,
            share: 1.0,
            seconds: 0.0,
            notice: None,
        }
    }

    /// To go back to: running statistics are updated in place, and clones share them.
    pub fn copy(&self, phase: &Phase, ground: &Ground) -> Self {
        Self { network: self.network.prepared(&ground.trains, phase.norm, &ground.device), ..self.clone() }
    }

    /// Whether a loss says that the network has gone astray.
    pub fn has_exploded(&self, loss: f32, classes: usize) -> bool {
        let usual = self.first_loss.unwrap_or(f32::INFINITY).max((classes as f32).ln());
        !loss.is_finite() || loss > EXPLODED * usual
    }

    /// Where the phase cannot go on to its end, what serves predictions by now is what would be kept.
    pub fn settle(&mut self) {
        self.best = self.served.take().or(self.best.take());
    }

    /// What is judged and kept: the averaged network, or the network itself.
    pub fn shown(&self) -> Network {
        self.average.as_ref().unwrap_or(&self.network).valid()
    }

    pub async fn add(&mut self, pending: Vec<Tensor<1>>) -> Result<()> {
        if pending.is_empty() {
            return Ok(());
        }
        for sums in read(Tensor::cat(pending, 0)).await?.as_chunks::<3>().0 {
            self.sums.loss += sums[0];
            self.sums.right += sums[1];
            self.sums.seen += sums[2];
        }
        Ok(())
    }
}

pub(super) fn lowest(losses: &[f32]) -> f32 {
    losses.iter().copied().fold(f32::INFINITY, f32::min)
}
