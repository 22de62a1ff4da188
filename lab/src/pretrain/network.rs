//! The network in training, and the average of its weights.

use burn::module::{ModuleMapper, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use doodletune::backbone::{self, Backbone, NamedTensor, Stage};
use doodletune::device::seeded;
use doodletune::finetune::numbered;
use std::collections::HashMap;

use super::config::Config;
use anyhow::{Result, bail};

/// Stages and the classifier that they are trained with.
#[derive(Module, Debug)]
pub struct Network {
    pub stages: Vec<Stage>,
    pub classifier: Linear,
}

impl Network {
    /// Seeded random weights. Parameters are numbered, so that an optimizer's state finds them again.
    pub fn random(config: &Config, categories: &[String], device: &Device) -> Result<Self> {
        let backbone = Backbone::random(config.metadata(categories), config.seed, device)?;
        let features = backbone.feature_count();
        let classifier = seeded(device, config.seed.wrapping_add(1), || {
            let classifier = LinearConfig::new(features, categories.len()).init(device);
            let _ = (classifier.weight.val(), classifier.bias.as_ref().map(Param::val));
            classifier
        });
        let network = Self { stages: backbone.into_stages(), classifier };
        Ok(numbered(network))
    }

    /// Logits `[batch, categories]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.classifier.forward(backbone::forward(&self.stages, x, |_, _| ()))
    }

    /// All values, running statistics included, in order.
    pub fn values(&self) -> Vec<TensorData> {
        struct Values(Vec<TensorData>);
        impl ModuleVisitor for Values {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.push(param.val().into_data());
            }
        }
        let mut values = Values(Vec::new());
        // Running statistics are brought up to date on the way.
        self.valid().visit(&mut values);
        values.0
    }

    /// The network with other values, in the order of [`Network::values`].
    pub fn with_values(self, values: &[Vec<f32>]) -> Self {
        struct Replace<'a>(std::slice::Iter<'a, Vec<f32>>);
        impl ModuleMapper for Replace<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let values = self.0.next().expect("there are as many values as parameters");
                let (id, tensor, mapper) = param.consume();
                let tracked = tensor.is_require_grad();
                let data = TensorData::new(values.clone(), tensor.shape());
                let tensor = Tensor::from_data(data, &tensor.device()).set_require_grad(tracked);
                Param::from_mapped_value(id, tensor, mapper)
            }
        }
        self.map(&mut Replace(values.iter()))
    }
}

/// Exponential moving average of a network's values.
pub struct Average {
    values: Vec<Vec<f32>>,
    updates: usize,
}

impl Average {
    pub fn of(network: &Network) -> Self {
        let values = network.values().into_iter().map(floats).collect();
        Self { values, updates: 0 }
    }

    pub fn values(&self) -> &[Vec<f32>] {
        &self.values
    }

    /// Keeps `share` of the average; less in the beginning, so that random weights are soon forgotten.
    pub fn update(&mut self, network: &Network, share: f64) {
        self.updates += 1;
        let share = share.min((1.0 + self.updates as f64) / (10.0 + self.updates as f64)) as f32;
        for (average, now) in self.values.iter_mut().zip(network.values()) {
            let now = now.as_slice::<f32>().expect("a network's values are f32");
            average.iter_mut().zip(now).for_each(|(average, v)| *average += (1.0 - share) * (v - *average));
        }
    }

    /// As tensors of a checkpoint, and back.
    pub fn to_tensors(&self, network: &Network) -> Vec<NamedTensor> {
        let now = network.values().into_iter().map(floats);
        let named = |kind: &str, index: usize, values: Vec<f32>| NamedTensor {
            name: format!("{kind}.{index}"),
            shape: vec![values.len()],
            values,
        };
        let mut tensors: Vec<NamedTensor> = now.enumerate().map(|(i, values)| named("network", i, values)).collect();
        tensors.extend(self.values.iter().enumerate().map(|(i, values)| named("average", i, values.clone())));
        tensors.push(named("updates", 0, vec![self.updates as f32]));
        tensors
    }

    pub fn from_tensors(network: Network, tensors: Vec<NamedTensor>) -> Result<(Network, Self)> {
        let mut found: HashMap<String, Vec<f32>> = tensors.into_iter().map(|t| (t.name, t.values)).collect();
        let mut take = |kind: &str| -> Result<Vec<Vec<f32>>> {
            let lengths = network.values().into_iter().map(|data| data.num_elements());
            lengths
                .enumerate()
                .map(|(index, length)| match found.remove(&format!("{kind}.{index}")) {
                    Some(values) if values.len() == length => Ok(values),
                    _ => bail!("the checkpoint has no {kind}.{index} of {length} values; it is of another network"),
                })
                .collect()
        };
        let (now, values) = (take("network")?, take("average")?);
        let updates = found.remove("updates.0").map_or(0, |v| v[0] as usize);
        Ok((network.with_values(&now), Self { values, updates }))
    }
}

fn floats(data: TensorData) -> Vec<f32> {
    data.try_into_vec().expect("a network's values are f32")
}
