//! EfficientNet-Lite: EfficientNet without squeeze-and-excitation and with ReLU6, made for small devices.
//!
//! Tan and Le, "EfficientNet", 2019 (arXiv 1905.11946); the Lite variants and their weights come from
//! `tensorflow/tpu`, `models/official/efficientnet/lite`.

use burn::prelude::*;

use super::conv_norm::ConvNormConfig;
use super::mbconv::MbConvConfig;
use super::{Block, Stage};
use crate::kernels::Activation;

/// Expansion, output channels, blocks, stride of the first block, kernel: table 1 of the paper.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
];
const STEM: usize = 32;
const FEATURES: usize = 1280;
const EPSILON: f64 = 1e-3;

/// `stem`, `stage1` … `stage7`, `head_conv`, with random weights: 3.4 million parameters, total stride 32.
pub(super) fn lite0(device: &Device) -> Vec<Stage> {
    let conv = |channels, kernel, stride| {
        let config =
            ConvNormConfig { channels, kernel, stride, groups: 1, epsilon: EPSILON, activation: Activation::Relu6 };
        vec![Block::ConvNorm(config.init(device))]
    };
    let mut stages = vec![Stage::new("stem", conv([3, STEM], 3, 2))];
    let mut input = STEM;
    for (index, (expansion, output, blocks, stride, kernel)) in STAGES.into_iter().enumerate() {
        let block = |repeat: usize| {
            let (input, stride) = if repeat == 0 { (input, stride) } else { (output, 1) };
            let config = MbConvConfig { channels: [input, output], expansion, kernel, stride, epsilon: EPSILON };
            Block::MbConv(config.init(device))
        };
        stages.push(Stage::new(format!("stage{}", index + 1), (0..blocks).map(block).collect()));
        input = output;
    }
    stages.push(Stage::new("head_conv", conv([input, FEATURES], 1, 1)));
    stages
}
