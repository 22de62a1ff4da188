//! Networks made for colour, for pictures in grey.

use burn::module::{Param, RunningState};
use burn::nn::BatchNormConfig;
use burn::nn::conv::Conv2dConfig;
use burn::prelude::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::{Backbone, Block, ConvNorm, InputSpec, Stage};
use crate::doodle::normal;
use crate::error::{Error, Result};

/// How a network takes pictures in grey.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputAdaptation {
    /// The grey value in each of its channels: the network stays as it is.
    #[default]
    Repeat,
    /// In one channel, with the first convolution's kernels summed over their channels: a third of that convolution's work
    /// for the same features.
    ///
    /// Exactly the same away from the border, and everywhere if the specification's means are alike. Otherwise zero
    /// padding is, in brightness, another grey in each channel, and no single channel can pad with all of them: it pads
    /// with one between, and features at the border differ by what is between them.
    Sum,
    /// In one channel, with a first layer that knows nothing yet, to be trained.
    Random,
}

impl Backbone {
    /// The network with its input adapted to grey. `seed` decides the weights of [`InputAdaptation::Random`].
    ///
    /// # Errors
    /// [`Error::BadOption`] for [`InputAdaptation::Sum`] if the network takes one channel already.
    pub fn with_input(mut self, adaptation: InputAdaptation, seed: u64) -> Result<Self> {
        let spec = &self.metadata.input;
        let grey = in_grey(spec);
        match adaptation {
            InputAdaptation::Repeat => return Ok(self),
            InputAdaptation::Sum if spec.channels == 1 => {
                return Err(Error::BadOption(format!(
                    "input is \"sum\", but {} takes one channel already, so that there is nothing to sum; choose \"repeat\" to leave it as it is, or \"random\"",
                    self.metadata.backbone
                )));
            }
            InputAdaptation::Sum => sum(first_layer(&mut self.stages), spec, &grey),
            InputAdaptation::Random => randomise(first_layer(&mut self.stages), seed),
        }
        self.metadata.input = grey;
        Ok(self)
    }
}

/// The stem's convolution, which every architecture starts with.
fn first_layer(stages: &mut [Stage]) -> &mut ConvNorm {
    match &mut stages[0].blocks[0] {
        Block::ConvNorm(layer) => layer,
        block => unreachable!("a network starts with a convolution, not with {block:?}"),
    }
}

/// The same specification for one channel. Normalisation is a sum over channels of v / std - mean / std: one channel with
/// the mean of the slopes and of the offsets does the same to kernels that are alike.
fn in_grey(spec: &InputSpec) -> InputSpec {
    let slope: f32 = spec.std.iter().map(|std| 1.0 / std).sum();
    let offset: f32 = spec.mean.iter().zip(&spec.std).map(|(mean, std)| mean / std).sum();
    InputSpec { channels: 1, mean: vec![offset / slope], std: vec![spec.channels as f32 / slope], ..spec.clone() }
}

/// Turns a layer for `colour` into one for `grey`.
///
/// Of brightness v in all channels c, the convolution sees Σ W (v - mean) / std. That is K (v - mean') / std' with
/// K = Σ W std' / std, less a constant for each output, Σ W (mean - mean') / std over the kernel too: the normalisation that
/// follows takes it away, as one more of its running mean.
fn sum(layer: &mut ConvNorm, colour: &InputSpec, grey: &InputSpec) {
    let weight = layer.conv.weight.val().detach();
    let device = weight.device();
    let weighed = |factors: Vec<f32>| {
        let factors = Tensor::<1>::from_data(factors.as_slice(), &device).reshape([1, factors.len(), 1, 1]);
        (weight.clone() * factors).sum_dim(1)
    };
    let kernels = weighed(colour.std.iter().map(|std| grey.std[0] / std).collect());
    let offsets = weighed(colour.mean.iter().zip(&colour.std).map(|(mean, std)| (mean - grey.mean[0]) / std).collect());
    let offsets = offsets.sum_dim(2).sum_dim(3).reshape([-1]);
    let mean = layer.norm.running_mean.value_sync().to_device(&device);
    layer.conv.weight = Param::from_tensor(kernels);
    // A new one, as clones of a network share their running statistics.
    layer.norm.running_mean = RunningState::new(mean + offsets);
}

/// Makes a layer anew, for one channel. Weights have the variance 1 / inputs (LeCun et al., "Efficient BackProp", 1998), so
/// that sums have about the mean 0 and the variance 1 that a new normalisation takes them to have.
fn randomise(layer: &mut ConvNorm, seed: u64) {
    let [outputs, _, height, width] = layer.conv.weight.dims();
    let device = layer.conv.weight.device();
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let deviation = 1.0 / ((height * width) as f32).sqrt();
    let weight = (0..outputs * height * width).map(|_| normal(&mut rng) * deviation).collect();
    layer.conv.weight = Param::from_data(TensorData::new(weight, [outputs, 1, height, width]), &device);
    layer.norm = BatchNormConfig::new(outputs).with_epsilon(layer.norm.epsilon).init(&device);
}

/// Gives an architecture a first convolution for `channels`, unless it has one, with random weights from the device.
pub(super) fn take_channels(stages: &mut [Stage], channels: usize, device: &Device) {
    let conv = &mut first_layer(stages).conv;
    let shape = conv.weight.lazy_shape();
    if shape[1] != channels {
        let config = Conv2dConfig::new([channels, shape[0]], conv.kernel_size).with_bias(false);
        conv.weight = config.init(device).weight;
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::backbone::{Dtype, Metadata, Weights, write};
    use crate::doodle::Picture;

    const SIZE: usize = 64;

    fn network<const C: usize>(name: &str, mean: [f32; C], std: [f32; C]) -> Backbone {
        let input = InputSpec { size: SIZE, ..InputSpec::dark_on_white(C, mean, std) };
        let text = String::new;
        let metadata = Metadata { backbone: name.into(), input, labels: vec![], license: text(), source: text() };
        Backbone::random(metadata, 5, &Device::flex()).unwrap()
    }

    fn picture() -> Picture {
        let mut rng = Pcg64Mcg::seed_from_u64(2);
        Picture { side: SIZE, pixels: (0..SIZE * SIZE).map(|_| [rng.random(); 3]).collect() }
    }

    /// The stem's output and the features.
    fn outputs(backbone: &Backbone) -> [Tensor<4>; 2] {
        let mut stem = None;
        let features = backbone.forward_observed(backbone.batch(&[picture()]), |stage, x| {
            if stage == "stem" {
                stem = Some(x.clone());
            }
        });
        [stem.unwrap(), features.reshape([1, 1, 1, -1])]
    }

    fn apart<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
        (a - b).abs().max().into_scalar::<f32>()
    }

    #[test]
    fn summed_kernels_see_what_the_repeated_channel_shows() {
        let [mean, std] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
        let colour = network("efficientnet-lite0", mean, std);
        let [before, _] = outputs(&colour);
        let grey = colour.clone().with_input(InputAdaptation::Sum, 0).unwrap();
        grey.input().check().unwrap();
        let [after, _] = outputs(&grey);
        // "Same" padding of 64 with stride 2 is on the right and at the bottom alone.
        let inner = |x: Tensor<4>| x.slice([0..1, 0..32, 0..31, 0..31]);
        assert_eq!(after.dims(), [1, 32, 32, 32]);
        assert!(apart(inner(before.clone()), inner(after.clone())) < 1e-4);
        assert!(apart(before.clone(), after) < 0.5, "at the border only greys differ");
        assert_eq!(apart(outputs(&colour)[0].clone(), before), 0.0, "the clone's statistics are its own");

        // Where padding is the same grey in all channels, everything is the same.
        let colour = network("efficientnet-lite0", [0.5; 3], [0.2, 0.3, 0.4]);
        let grey = colour.clone().with_input(InputAdaptation::Sum, 0).unwrap();
        for (before, after) in outputs(&colour).into_iter().zip(outputs(&grey)) {
            assert!(apart(before, after) < 1e-4);
        }
        let file = write(grey.metadata(), &grey.tensors(), Dtype::F32).unwrap();
        let loaded = Backbone::load(&Weights::parse(&file).unwrap(), &Device::flex()).unwrap();
        assert_eq!(apart(outputs(&loaded)[1].clone(), outputs(&grey)[1].clone()), 0.0);
    }

    #[test]
    fn a_random_first_layer_is_seeded_and_keeps_the_scale() {
        let colour = network("efficientnet-lite0", [0.5; 3], [0.3; 3]);
        let stem = |seed| outputs(&colour.clone().with_input(InputAdaptation::Random, seed).unwrap())[0].clone();
        assert!(apart(stem(1), stem(1)) == 0.0 && apart(stem(1), stem(2)) > 0.1);
        // max(x, 0) of a standard normal x has the mean square 1/2.
        let square = stem(1).powi_scalar(2).mean().into_scalar::<f32>();
        assert!((0.25..1.0).contains(&square), "{square}");
    }

    #[test]
    fn one_channel_is_left_or_made_anew_but_not_summed() {
        let doodle = network("doodle", [0.0], [1.0]);
        let error = doodle.clone().with_input(InputAdaptation::Sum, 0).unwrap_err();
        assert!(error.code() == "bad-option" && error.to_string().contains("doodle takes one channel"), "{error}");
        let same = doodle.clone().with_input(InputAdaptation::Repeat, 0).unwrap();
        assert_eq!(apart(outputs(&same)[1].clone(), outputs(&doodle)[1].clone()), 0.0);
        let random = doodle.clone().with_input(InputAdaptation::Random, 0).unwrap();
        assert_eq!(random.input(), doodle.input());
        assert!(apart(outputs(&random)[0].clone(), outputs(&doodle)[0].clone()) > 0.1);
    }
}
