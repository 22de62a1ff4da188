//! The network in training: the backbone's stages and the layers of a head.

use std::any::Any;
use std::collections::HashMap;

use burn::module::{Flag, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::nn::Linear;
use burn::prelude::*;

use super::NormMode;
use crate::backbone::{Stage, forward, without_nuisance};
use crate::device::read;
use crate::error::Result;
use crate::head::{Embedding, Head, HeadKind, Hidden, HiddenActivation, SCALE};
use crate::kernels::lerp;

/// Stages and layers. Parameters keep their numbers from phase to phase, so that optimizers find their states again.
#[derive(Module, Debug)]
pub(super) struct Network {
    pub stages: Vec<Stage>,
    pub layers: Layers,
}

/// The layers of a head.
#[derive(Module, Debug)]
pub(super) struct Layers {
    hidden: Option<Linear>,
    output: Linear,
    #[module(skip)]
    activation: HiddenActivation,
}

impl Layers {
    /// The layers of `head`.
    pub fn of(head: &Head, device: &Device) -> Self {
        let (weight, bias) = head.parameters();
        let hidden = head.hidden();
        Self {
            hidden: hidden.map(|hidden| linear(&hidden.weight, &hidden.bias, device)),
            output: linear(weight, bias, device),
            activation: hidden.map_or(HiddenActivation::Relu, |hidden| hidden.activation),
        }
    }

    /// Logits `[batch, classes]` of embedded features `[batch, features]`.
    pub fn forward(&self, embedded: Tensor<2>) -> Tensor<2> {
        match &self.hidden {
            Some(hidden) => self.output.forward(self.activation.forward(hidden.forward(embedded))),
            None => self.output.forward(embedded),
        }
    }

    /// Weight `[features, classes]` and bias `[classes]`, if they are all there is.
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    pub fn linear(&self) -> Option<(Tensor<2>, Tensor<1>)> {
        let bias = self.output.bias.as_ref().expect("it was made with a bias");
        self.hidden.is_none().then(|| (self.output.weight.val(), bias.val()))
    }

    /// As a head, read back.
    pub async fn to_head(&self, classes: &[String], embedding: Option<Embedding>) -> Result<Head> {
        let output = rows(&self.output).await?;
        Ok(match &self.hidden {
            Some(hidden) => {
                let (weight, bias) = rows(hidden).await?;
                let hidden = Hidden { weight, bias, activation: self.activation };
                Head::new(HeadKind::Mlp, classes.to_vec(), embedding, Some(hidden), output)
            }
            None => Head::new(HeadKind::Linear, classes.to_vec(), embedding, None, output),
        })
    }
}

/// burn's linear layer keeps its weight as `[features, outputs]`, a head as `[outputs, features]`.
fn linear(weight: &[f32], bias: &[f32], device: &Device) -> Linear {
    let shape = [bias.len(), weight.len() / bias.len()];
    let rows = Tensor::<2>::from_data(TensorData::new(weight.to_vec(), shape), &Device::flex());
    Linear {
        weight: Param::from_data(rows.transpose().into_data(), device),
        bias: Some(Param::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device)),
    }
}

async fn rows(linear: &Linear) -> Result<(Vec<f32>, Vec<f32>)> {
    let linear = linear.valid();
    let bias = linear.bias.as_ref().expect("it was made with a bias");
    Ok((read(linear.weight.val().transpose()).await?, read(bias.val()).await?))
}

/// From pooled features to what the head works on, differentiable, with a fixed centre.
#[derive(Debug, Clone, Default)]
pub(super) struct Road {
    /// `[directions, features]`. See [`Backbone::with_nuisance`](crate::backbone::Backbone::with_nuisance).
    pub nuisance: Option<Tensor<2>>,
    /// `[1, features]`, if the head works on centred directions.
    pub centre: Option<Tensor<2>>,
}

impl Road {
    /// On another device.
    pub fn on(&self, device: &Device) -> Self {
        let there = |tensor: &Option<Tensor<2>>| tensor.clone().map(|tensor| tensor.to_device(device));
        Self { nuisance: there(&self.nuisance), centre: there(&self.centre) }
    }

    /// Pooled features `[batch, features]` as the backbone gives them, from the activations before `stages` on. Without
    /// stages, the activations are the features.
    pub fn pooled(&self, stages: &[Stage], x: Tensor<4>) -> Tensor<2> {
        if stages.is_empty() {
            let [batch, features, _, _] = x.dims();
            return x.reshape([batch, features]);
        }
        without_nuisance(forward(stages, x, |_, _| ()), self.nuisance.as_ref())
    }

    /// What the head works on: see [`Embedding::apply`].
    pub fn embed(&self, features: Tensor<2>) -> Tensor<2> {
        match &self.centre {
            Some(centre) => unit(unit(features) - centre.clone()) * SCALE,
            None => features,
        }
    }
}

/// Rows at length one.
fn unit(rows: Tensor<2>) -> Tensor<2> {
    let norms = rows.clone().square().sum_dim(1).clamp_min(1e-12).sqrt();
    rows / norms
}

impl Network {
    /// A copy to be trained, with gradients for the stages that `trains` names and for the layers, which compute on `device`.
    pub fn prepared(&self, trains: &[bool], mode: NormMode, device: &Device) -> Self {
        let stages = self.stages.iter().zip(trains).map(|(stage, trains)| {
            let stage = stage.valid().train();
            match (trains, mode) {
                (false, _) => stage.freeze(),
                (true, NormMode::Batch) => stage.unfreeze(),
                (true, NormMode::Running) => stage.unfreeze().map(&mut ByRunningStatistics),
            }
        });
        Self { stages: stages.collect(), layers: self.layers.valid().to_device(device).train().unfreeze() }
    }

    /// The network moved the share `step` of the way to `now`, but for stages that `trains` does not name: they are the same.
    pub fn moved_towards(&self, now: &Self, step: f32, trains: &[bool]) -> Self {
        let stages = self.stages.iter().zip(&now.stages).zip(trains);
        let stages =
            stages.map(|((stage, now), trains)| if *trains { between(stage, now, step) } else { stage.clone() });
        Self { stages: stages.collect(), layers: between(&self.layers, &now.layers, step) }
    }
}

/// A module with its values moved the share `step` of the way to those of `now`; what is the same in both stays the same to the
/// last bit.
fn between<M: Module>(module: &M, now: &M, step: f32) -> M {
    struct Values(HashMap<ParamId, Box<dyn Any>>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.insert(param.id, Box::new(param.val()));
        }
    }
    struct Move(Values, f32);
    impl ModuleMapper for Move {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let now = self.0.0.remove(&id).and_then(|now| now.downcast::<Tensor<D>>().ok());
            let now = now.expect("the same module has the same parameters");
            Param::from_mapped_value(id, lerp(tensor, *now, self.1), mapper)
        }
    }
    let mut values = Values(HashMap::new());
    now.valid().visit(&mut values);
    // Clones share running statistics, which are mapped in place.
    module.valid().map(&mut Move(values, step))
}

/// The module with its parameters numbered from 1 in their order, so that the saved state of an optimizer finds those of
/// another run.
pub fn numbered<M: Module>(module: M) -> M {
    struct Number(u64);
    impl ModuleMapper for Number {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 1;
            let (_, tensor, mapper) = param.consume();
            Param::from_mapped_value(ParamId::from(self.0), tensor, mapper)
        }
    }
    module.map(&mut Number(0))
}

/// Lets normalisation go by running statistics where its factors train.
struct ByRunningStatistics;

impl ModuleMapper for ByRunningStatistics {
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        flag.with_value(false)
    }
}
