//! What is measured and shipped: the averaged network, without gradients.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::module::Param;
use burn::nn::Linear;
use burn::prelude::*;
use doodletune::backbone::{Backbone, Dtype, InputSpec, Metadata, NamedTensor, Weights, write};
use doodletune::doodle::Picture;

use super::network::{Average, Network};
use super::nuisance::Nuisance;
use super::supply::Labelled;
use crate::data::Sample;
use crate::parallel;

/// Drawings that go through the network together.
const BATCH: usize = 128;

/// A network with the averaged weights, without gradients.
pub struct Shown {
    backbone: Backbone,
    classifier: Linear,
}

impl Shown {
    pub fn averaged(metadata: Metadata, network: &Network, average: &Average, device: &Device) -> Self {
        let network = network.valid().with_values(average.values());
        Self { backbone: Backbone::from_stages(metadata, network.stages, device), classifier: network.classifier }
    }

    /// As a file holds it.
    pub fn read(path: &Path, device: &Device) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let weights = Weights::parse(&bytes)?;
        let backbone = Backbone::load(&weights, device)?;
        let shape = [backbone.metadata().labels.len(), backbone.feature_count()];
        let rows = weights.tensor("classifier.weight", &shape)?;
        let bias = weights.tensor("classifier.bias", &shape[..1])?;
        Ok(Self { backbone, classifier: linear(rows, bias, shape, device) })
    }

    /// For inputs of another side.
    pub fn at(self, size: usize) -> Result<Self> {
        Ok(Self { backbone: self.backbone.with_size(size)?, ..self })
    }

    /// What it is made to see.
    pub fn input(&self) -> &InputSpec {
        self.backbone.input()
    }

    /// Logits `[batch, categories]` of a normalised batch `[batch, channels, side, side]`.
    pub fn logits(&self, x: Tensor<4>) -> Tensor<2> {
        self.classifier.forward(self.backbone.forward(x))
    }

    /// What it tells apart.
    pub fn categories(&self) -> &[String] {
        &self.backbone.metadata().labels
    }

    /// Share of the drawings whose most probable category is right.
    pub fn accuracy(&self, drawings: &[(Sample, usize)]) -> Result<f64> {
        let mut right = 0;
        for chunk in drawings.chunks(BATCH) {
            let guesses = self.classifier.forward(self.features(chunk)?).argmax(1).into_data();
            right += guesses.iter::<i64>().zip(chunk).filter(|(guess, (_, target))| *guess == *target as i64).count();
        }
        Ok(right as f64 / drawings.len().max(1) as f64)
    }

    /// Freed of what differs between drawings of one category, as far as these show it. What it recognises stays the same.
    pub fn without_nuisance(self, drawings: &Labelled) -> Result<Self> {
        let mut features = Vec::with_capacity(drawings.len());
        for chunk in drawings.chunks(BATCH) {
            let values: Vec<f32> = floats(self.features(chunk)?);
            features.extend(values.chunks_exact(values.len() / chunk.len()).map(<[f32]>::to_vec));
        }
        let targets: Vec<usize> = drawings.iter().map(|(_, target)| *target).collect();
        let nuisance = Nuisance::fit(&features, &targets);
        let device = self.backbone.device().clone();
        let directions = Tensor::from_data(nuisance.to_data(), &device);
        let (shape, rows, bias) = self.classifier_rows();
        let classifier = linear(nuisance.adapt(&rows), bias, shape, &device);
        Ok(Self { backbone: self.backbone.with_nuisance(directions), classifier })
    }

    /// Writes the weights into `folder`: to be shipped, in 8 bits, and in 32.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut tensors = self.backbone.tensors();
        let (shape, rows, bias) = self.classifier_rows();
        for (name, shape, values) in
            [("classifier.weight", shape.to_vec(), rows), ("classifier.bias", vec![shape[0]], bias)]
        {
            tensors.push(NamedTensor { name: name.into(), shape, values });
        }
        let metadata = self.backbone.metadata();
        [("", Dtype::I8), (".f32", Dtype::F32)]
            .into_iter()
            .map(|(suffix, dtype)| {
                let path = folder.join(format!("{}{suffix}.safetensors", metadata.backbone));
                fs::write(&path, write(metadata, &tensors, dtype)?)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Ok(path)
            })
            .collect()
    }

    /// Pooled features `[drawings, features]`.
    fn features(&self, drawings: &[(Sample, usize)]) -> Result<Tensor<2>> {
        let render = |(sample, _): &(Sample, usize)| Ok(sample.input()?.render(self.backbone.input())?);
        let pictures = parallel::map(drawings, render).into_iter().collect::<Result<Vec<Picture>>>()?;
        Ok(self.backbone.forward(self.backbone.batch(&pictures)))
    }

    /// `[categories, features]`, the classifier's rows in that order, and its bias.
    fn classifier_rows(&self) -> ([usize; 2], Vec<f32>, Vec<f32>) {
        let Linear { weight, bias } = &self.classifier;
        let [features, categories] = weight.val().dims();
        let bias = bias.as_ref().expect("it was made with a bias").val();
        ([categories, features], floats(weight.val().transpose()), floats(bias))
    }
}

/// burn's linear layer keeps its weight as `[features, categories]`.
fn linear(rows: Vec<f32>, bias: Vec<f32>, shape: [usize; 2], device: &Device) -> Linear {
    let rows = Tensor::<2>::from_data(TensorData::new(rows, shape), device);
    Linear {
        weight: Param::from_data(rows.transpose().into_data(), device),
        bias: Some(Param::from_data(TensorData::new(bias, [shape[0]]), device)),
    }
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("a network's values are f32")
}
