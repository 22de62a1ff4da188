//! Pretrained networks as lists of named stages.
//!
//! Freezing, learning rates, caching and weight names speak of stages, and know nothing of any architecture.
//!
//! ```
//! use doodletune::backbone::{Backbone, Weights};
//! use doodletune::device;
//! use doodletune::doodle::{Doodle, Input};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bytes = std::fs::read("models/doodle.safetensors")?;
//! let weights = Weights::parse(&bytes)?;
//! assert_eq!(weights.metadata().license, "CC-BY-4.0");
//!
//! let backbone = Backbone::load(&weights, &device::cpu().tensors)?;
//! let names: Vec<_> = backbone.stages().iter().map(|stage| stage.name()).collect();
//! assert_eq!((names[0], names.last()), ("stem", Some(&"head_conv")));
//!
//! let line: Input = Doodle::new(vec![vec![[0.0, 0.0], [30.0, 10.0]]])?.into();
//! let features = pollster::block_on(backbone.features(&[line.render(backbone.input())?]))?;
//! assert_eq!(features[0].len(), backbone.feature_count());
//! # Ok(())
//! # }
//! ```

mod adapt;
mod conv_norm;
mod convolution;
mod crew;
mod doodlenet;
mod efficientnet;
mod mbconv;
mod spec;
mod weights;

pub use adapt::InputAdaptation;
pub use conv_norm::ConvNorm;
pub use convolution::Convolution;
pub(crate) use crew::share;
pub use crew::{Answer, Crew, Helper, Helpers};
pub use doodlenet::Residual;
pub use mbconv::MbConv;
pub use spec::InputSpec;
pub(crate) use spec::MOST_BINDING;
pub(crate) use weights::entries;
pub use weights::{Dtype, Metadata, NamedTensor, Weights, write};

use std::rc::Rc;

use burn::prelude::*;

use crate::device::{is_cpu, read, seeded};
use crate::doodle::Picture;
use crate::error::{Error, Result};

/// One block of a stage.
#[derive(Module, Debug)]
pub enum Block {
    /// A convolution with normalisation.
    ConvNorm(ConvNorm),
    /// An inverted residual.
    MbConv(MbConv),
    /// A residual block.
    Residual(Residual),
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::ConvNorm(block) => block.forward(x),
            Self::MbConv(block) => block.forward(x),
            Self::Residual(block) => block.forward(x),
        }
    }
}

/// Blocks that are frozen or trained together.
#[derive(Module, Debug)]
pub struct Stage {
    #[module(skip)]
    name: String,
    blocks: Vec<Block>,
}

impl Stage {
    fn new(name: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { name: name.into(), blocks }
    }

    /// What the next stage sees.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.blocks.iter().fold(x, |x, block| block.forward(x))
    }

    /// The stage's name, unique in its backbone.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A network without its classifier: stages, then global average pooling.
#[derive(Debug, Clone)]
pub struct Backbone {
    metadata: Metadata,
    stages: Vec<Stage>,
    /// `[directions, features]`. See [`Backbone::with_nuisance`].
    nuisance: Option<Tensor<2>>,
    device: Device,
}

/// The tensor of a weight file that holds [`Backbone::with_nuisance`]'s directions.
const NUISANCE: &str = "nuisance.weight";

/// The stages of the named architecture with random weights; `None` if there is no such architecture.
fn architecture(name: &str, device: &Device) -> Option<Vec<Stage>> {
    match name {
        "doodle" => Some(doodlenet::doodlenet(device)),
        "efficientnet-lite0" => Some(efficientnet::lite0(device)),
        _ => None,
    }
}

/// The name and shape of every tensor of the named architecture, in the order of the network.
///
/// # Errors
/// [`Error::BadOption`] if there is no such architecture.
pub fn tensor_shapes(name: &str) -> Result<Vec<(String, Vec<usize>)>> {
    let stages = architecture(name, &Device::flex()).ok_or_else(|| unknown(name))?;
    Ok(weights::shapes(&stages))
}

/// Length of the pooled features of the named architecture; `None` if there is no such architecture.
pub(crate) fn feature_count(name: &str) -> Option<usize> {
    architecture(name, &Device::flex()).map(|stages| features_of(&stages))
}

/// The last convolution's normalisation has one value per output channel.
fn features_of(stages: &[Stage]) -> usize {
    weights::shapes(stages).last().map_or(0, |(_, shape)| shape[0])
}

fn unknown(name: &str) -> Error {
    Error::BadOption(format!("there is no backbone “{name}”; this version knows doodle and efficientnet-lite0"))
}

/// Pooled features `[batch, features]` of a normalised batch `[batch, channels, size, size]`. `observe` is shown every
/// block's output with the name of its stage.
pub fn forward(stages: &[Stage], x: Tensor<4>, mut observe: impl FnMut(&str, &Tensor<4>)) -> Tensor<2> {
    let mut x = x;
    for stage in stages {
        for block in &stage.blocks {
            x = block.forward(x);
            observe(&stage.name, &x);
        }
    }
    pooled(x)
}

/// The mean of each channel over all pixels.
fn pooled(x: Tensor<4>) -> Tensor<2> {
    #[cfg(any(target_arch = "wasm32", feature = "gpu"))]
    if !is_cpu(&x.device())
        && let Some(means) = crate::kernels::mean_of_pixels(&x)
    {
        return means;
    }
    let [batch, channels, _, _] = x.dims();
    x.mean_dim(2).mean_dim(3).reshape([batch, channels])
}

/// Pictures as a batch `[pictures, channels, size, size]`, normalised as `spec` says.
pub fn batch(spec: &InputSpec, pictures: &[Picture], device: &Device) -> Tensor<4> {
    planes_as_batch(spec, batch_planes(spec, pictures), device)
}

/// The values of [`batch`].
fn batch_planes(spec: &InputSpec, pictures: &[Picture]) -> Vec<f32> {
    let mut planes = Vec::with_capacity(pictures.len() * spec.channels * spec.size * spec.size);
    for picture in pictures {
        picture.write_planes(spec, &mut planes);
    }
    planes
}

fn planes_as_batch(spec: &InputSpec, planes: Vec<f32>, device: &Device) -> Tensor<4> {
    let shape = [planes.len() / (spec.channels * spec.size * spec.size), spec.channels, spec.size, spec.size];
    Tensor::from_data(TensorData::new(planes, shape), device)
}

/// Features `[batch, features]` without their nuisance. See [`Backbone::with_nuisance`].
pub(crate) fn without_nuisance(features: Tensor<2>, directions: Option<&Tensor<2>>) -> Tensor<2> {
    match directions {
        Some(directions) => {
            let along = features.clone().matmul(directions.clone().transpose());
            features - along.matmul(directions.clone())
        }
        None => features,
    }
}

impl Backbone {
    /// The network that `metadata` names with random weights.
    ///
    /// # Errors
    /// [`Error::BadOption`] if there is no such network.
    pub fn random(metadata: Metadata, seed: u64, device: &Device) -> Result<Self> {
        let mut stages = architecture(&metadata.backbone, device).ok_or_else(|| unknown(&metadata.backbone))?;
        adapt::take_channels(&mut stages, metadata.input.channels, device);
        seeded(device, seed, || drop(weights::tensors(&stages)));
        Ok(Self::from_stages(metadata, stages, device))
    }

    /// The network that `metadata` names with `stages` of its architecture.
    pub fn from_stages(metadata: Metadata, stages: Vec<Stage>, device: &Device) -> Self {
        Self { metadata, stages, nuisance: None, device: device.clone() }
    }

    /// The network with its features freed of what differs between things of one kind: with the rows of `directions`,
    /// `[directions, features]`, features x become x - directionsᵀ directions x. For orthogonal rows of length l, the
    /// share l² of that direction is taken away.
    ///
    /// Hatch et al., "Within-class covariance normalization", 2006, with a covariance that comes from pretraining.
    pub fn with_nuisance(self, directions: Tensor<2>) -> Self {
        Self { nuisance: Some(directions), ..self }
    }

    /// The same network with other weights: `stages` of its architecture.
    pub fn with_stages(&self, stages: Vec<Stage>) -> Self {
        Self { stages, ..self.clone() }
    }

    /// The directions of [`Backbone::with_nuisance`], if it has any.
    pub fn nuisance(&self) -> Option<&Tensor<2>> {
        self.nuisance.as_ref()
    }

    /// The stages alone, to be trained.
    pub fn into_stages(self) -> Vec<Stage> {
        self.stages
    }

    /// Every tensor with its name, to be written. Not from a GPU in a browser, which lets nobody wait:
    /// [`Backbone::tensors_async`].
    pub fn tensors(&self) -> Vec<NamedTensor> {
        let values = |tensor: Tensor<1>| tensor.into_data().try_to_vec().expect("a network's values are f32");
        let named = |(name, shape, tensor)| NamedTensor { name, shape, values: values(tensor) };
        self.flat_tensors().into_iter().map(named).collect()
    }

    /// [`Backbone::tensors`] from any device.
    ///
    /// # Errors
    /// A failure of the processor.
    pub async fn tensors_async(&self) -> Result<Vec<NamedTensor>> {
        let mut tensors = vec![];
        for (name, shape, tensor) in self.flat_tensors() {
            tensors.push(NamedTensor { name, shape, values: read(tensor).await? });
        }
        Ok(tensors)
    }

    /// Every tensor with its name and shape, its values in one dimension.
    fn flat_tensors(&self) -> Vec<(String, Vec<usize>, Tensor<1>)> {
        let nuisance =
            self.nuisance.iter().map(|rows| (NUISANCE.into(), rows.dims().to_vec(), rows.clone().reshape([-1])));
        weights::tensors(&self.stages).into_iter().chain(nuisance).collect()
    }

    /// Builds the network that `weights` name and fills it with them on `device`, in f32.
    ///
    /// # Errors
    /// [`Error::BadWeights`] naming the tensor that is missing, of another shape, superfluous, or not finite.
    pub fn load(weights: &Weights, device: &Device) -> Result<Self> {
        let metadata = weights.metadata().clone();
        let mut stages = architecture(&metadata.backbone, device).ok_or_else(|| {
            Error::BadWeights(format!(
                "these are weights of “{}”, a backbone that this version does not know",
                metadata.backbone
            ))
        })?;
        adapt::take_channels(&mut stages, metadata.input.channels, device);
        let backbone = Self::from_stages(metadata, weights.fill(stages, device)?, device);
        Ok(match weights.shape(NUISANCE) {
            Some(shape) => {
                let shape = [shape.first().copied().unwrap_or(0), backbone.feature_count()];
                let values = weights.tensor(NUISANCE, &shape)?;
                backbone.with_nuisance(Tensor::from_data(TensorData::new(values, shape), device))
            }
            None => backbone,
        })
    }

    /// The same network for inputs of another side.
    ///
    /// # Errors
    /// [`Error::BadOption`] if it cannot take that size.
    pub fn with_size(mut self, size: usize) -> Result<Self> {
        self.metadata.input = self.metadata.input.with_size(size)?;
        Ok(self)
    }

    /// What the network is and where it comes from.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What the network wants to see.
    pub fn input(&self) -> &InputSpec {
        &self.metadata.input
    }

    /// The stages, from the input to the features.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Length of the pooled features.
    pub fn feature_count(&self) -> usize {
        features_of(&self.stages)
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The number of trainable and running values.
    pub fn parameters(&self) -> usize {
        weights::shapes(&self.stages).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }

    /// Pictures as a batch `[pictures, channels, size, size]`, normalised.
    pub fn batch(&self, pictures: &[Picture]) -> Tensor<4> {
        batch(self.input(), pictures, &self.device)
    }

    /// Pooled features of each picture, read back.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] or [`Error::Gpu`] if the processor failed, [`Error::BadWeights`] if the weights, though
    /// finite, give features that are not.
    pub async fn features(&self, pictures: &[Picture]) -> Result<Vec<Rc<[f32]>>> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.features_of_planes(batch_planes(self.input(), pictures)).await?;
        Ok(values.chunks_exact(values.len() / pictures.len()).map(Rc::from).collect())
    }

    /// The same of the values of a normalised batch, one picture after the other.
    ///
    /// # Errors
    /// [`Error::BadInput`] if those are not whole pictures, or as [`Backbone::features`].
    pub(crate) async fn features_of_planes(&self, planes: Vec<f32>) -> Result<Vec<f32>> {
        let InputSpec { channels, size, .. } = *self.input();
        if planes.is_empty() || !planes.len().is_multiple_of(channels * size * size) {
            let count = planes.len();
            return Err(Error::BadInput(format!("{count} values are no pictures of {channels} × {size} × {size}")));
        }
        let values = read(self.forward(planes_as_batch(self.input(), planes, &self.device))).await?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(if is_cpu(&self.device) {
                Error::BadWeights("the weights give features that are not finite; get them again".into())
            } else {
                Error::Gpu("it computes features that are not finite".into())
            });
        }
        Ok(values)
    }

    /// Pooled features `[batch, features]` of a normalised batch `[batch, channels, size, size]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        self.forward_observed(x, |_, _| ())
    }

    /// [`Backbone::forward`] that shows every block's output to `observe`, with the name of its stage.
    pub fn forward_observed(&self, x: Tensor<4>, observe: impl FnMut(&str, &Tensor<4>)) -> Tensor<2> {
        without_nuisance(forward(&self.stages, x, observe), self.nuisance.as_ref())
    }
}
