//! What a step makes small: how far a batch's answers are from what is wanted of them.

use burn::prelude::*;

use super::Loss;
use super::network::{Layers, Road};
use crate::head::SCALE;

/// What is wanted of a batch.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// The class of each example, for metric losses.
    pub targets: &'a [usize],
    /// Of each example, how probable each of so many `classes` should be, then, if there is a teacher, how probable that finds
    /// it, all times what the example counts: `[batch, classes]` or `[batch, 2 · classes]`. Without automatic differentiation.
    pub masses: Tensor<2>,
    /// See there.
    pub classes: usize,
}

/// The mean loss of a batch with such pooled features, `[batch, features]`: `[1]`, differentiable; and `[3]`, without automatic
/// differentiation: the sum of the losses, how many examples are taken for what they are most, and how many there are. By a
/// metric loss, nothing is taken for anything.
pub(super) fn objective(
    loss: &Loss,
    road: &Road,
    layers: &Layers,
    pooled: Tensor<2>,
    wanted: Wanted<'_>,
) -> (Tensor<1>, Tensor<1>) {
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    if let Some(judged) = on_gpu(loss, road, layers, &pooled, &wanted) {
        return judged;
    }
    let Wanted { targets, masses, classes } = wanted;
    let (device, count) = (masses.device(), targets.len());
    let embedded = road.embed(pooled);
    let (loss, right) = if loss.is_metric() {
        (loss.of_embeddings(embedded / SCALE, targets), Tensor::zeros([1], &device))
    } else {
        let logits = layers.forward(embedded);
        let own = masses.clone().slice([0..count, 0..classes]);
        let targets: Tensor<2, Int> = own.clone().argmax(1);
        let weights = own.sum_dim(1);
        let mut distributions = (masses / weights.clone()).split(classes, 1).into_iter().map(Tensor::from_inner);
        let own = distributions.next().expect("something is wanted of each example");
        let weights = Tensor::from_inner(weights.reshape([count]));
        let loss = loss.of_logits(logits.clone(), own, weights, distributions.next());
        (loss, logits.inner().argmax(1).equal(targets).float().sum())
    };
    let count = Tensor::from_data([count as f32], &device);
    let sum = loss.clone().inner() * count.clone();
    (loss, Tensor::cat(vec![sum, right, count], 0))
}

/// In few dispatches; `None` on the CPU, with a hidden layer, for other losses than cross-entropy, and for very many classes.
#[cfg(any(target_arch = "wasm32", feature = "gpu"))]
fn on_gpu(
    loss: &Loss,
    road: &Road,
    layers: &Layers,
    pooled: &Tensor<2>,
    wanted: &Wanted<'_>,
) -> Option<(Tensor<1>, Tensor<1>)> {
    let (Loss::CrossEntropy { smoothing }, (weight, bias)) = (loss, layers.linear()?) else { return None };
    if crate::device::is_cpu(&wanted.masses.device()) {
        return None;
    }
    let op = crate::kernels::CrossEntropyOp {
        features: pooled.clone(),
        centre: road.centre.clone().map(|centre| (centre.inner(), SCALE)),
        weight,
        bias,
        masses: wanted.masses.clone(),
        smoothing: *smoothing as f32,
    };
    op.on_gpu()
}
