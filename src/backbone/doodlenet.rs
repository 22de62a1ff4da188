//! The network made for doodles: a plain residual network (He et al., 2016, arXiv 1512.03385) of few, dense
//! convolutions, which suit matrix products better than depthwise ones.

use burn::prelude::*;

use super::conv_norm::{ConvNorm, ConvNormConfig};
use super::{Block, Stage};
use crate::kernels::Activation;

const STEM: usize = 16;
const WIDTHS: [usize; 3] = [48, 112, 192];
const FEATURES: usize = 320;
const EPSILON: f64 = 1e-5;

/// `stem`, `stage1` to `stage3`, `head_conv`, with random weights: 0.80 million parameters, total stride 16, 28 million
/// multiply-adds at 64 x 64.
pub(super) fn doodlenet(device: &Device) -> Vec<Stage> {
    let conv = |channels, kernel, stride| {
        let config =
            ConvNormConfig { channels, kernel, stride, groups: 1, epsilon: EPSILON, activation: Activation::Relu };
        vec![Block::ConvNorm(config.init(device))]
    };
    let mut stages = vec![Stage::new("stem", conv([1, STEM], 5, 2))];
    let mut input = STEM;
    for (index, width) in WIDTHS.into_iter().enumerate() {
        let block = Block::Residual(Residual::init([input, width], device));
        stages.push(Stage::new(format!("stage{}", index + 1), vec![block]));
        input = width;
    }
    stages.push(Stage::new("head_conv", conv([input, FEATURES], 1, 1)));
    stages
}

/// Two 3x3 convolutions, the first with stride 2, and a 1x1 convolution as shortcut.
#[derive(Module, Debug)]
pub struct Residual {
    pub(super) first: ConvNorm,
    pub(super) second: ConvNorm,
    pub(super) shortcut: ConvNorm,
}

impl Residual {
    fn init([input, output]: [usize; 2], device: &Device) -> Self {
        let conv = |channels, kernel, stride, activation| {
            ConvNormConfig { channels, kernel, stride, groups: 1, epsilon: EPSILON, activation }.init(device)
        };
        Self {
            first: conv([input, output], 3, 2, Activation::Relu),
            second: conv([output, output], 3, 1, Activation::Relu),
            shortcut: conv([input, output], 1, 2, Activation::None),
        }
    }

    /// `[batch, in, height, width]` to `[batch, out, ceil(height / 2), ceil(width / 2)]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = self.shortcut.forward(x.clone());
        self.second.forward_onto(self.first.forward(x), Some(shortcut))
    }
}
