//! The blocks of the MobileNetV2 and EfficientNet families.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::tensor::activation::relu;

use crate::device::is_cpu;

/// A bias-free convolution, batch normalisation and, if `relu6`, min(max(x, 0), 6).
#[derive(Module, Debug)]
pub struct ConvNorm {
    conv: Conv2d,
    norm: BatchNorm,
    #[module(skip)]
    relu6: bool,
}

/// The shape of a [`ConvNorm`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ConvNormConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Side of the kernel.
    pub kernel: usize,
    /// Step between outputs; padding is TensorFlow's "SAME": `ceil(input / stride)` outputs, the odd padding pixel
    /// going to the right and the bottom.
    pub stride: usize,
    /// `channels[0]` makes it depthwise.
    pub groups: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether ReLU6 follows.
    pub relu6: bool,
}

impl ConvNormConfig {
    pub fn init(&self, device: &Device) -> ConvNorm {
        let conv = Conv2dConfig::new(self.channels, [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(PaddingConfig2d::Same)
            .with_bias(false);
        let norm = BatchNormConfig::new(self.channels[1]).with_epsilon(self.epsilon);
        ConvNorm { conv: conv.init(device), norm: norm.init(device), relu6: self.relu6 }
    }
}

impl ConvNorm {
    /// `[batch, in, height, width]` to `[batch, out, ceil(height / stride), ceil(width / stride)]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.norm.forward(self.conv.forward(x));
        if self.relu6 { relu6(x) } else { x }
    }
}

/// min(max(x, 0), 6).
fn relu6(x: Tensor<4>) -> Tensor<4> {
    if is_cpu(&x.device()) {
        // burn's clamp is scalar on the CPU; these two are not, and a forward pass takes 16 % less (wasm, 128 pixels).
        return relu(x.clone()) - relu(x - 6.0);
    }
    x.clamp(0.0, 6.0)
}

/// An inverted residual with linear bottleneck: expand with 1x1, filter depthwise, project with 1x1, and add the input
/// where shapes allow. Sandler et al., "MobileNetV2", 2018 (arXiv 1801.04381), section 3.
#[derive(Module, Debug)]
pub struct MbConv {
    expand: Option<ConvNorm>,
    depthwise: ConvNorm,
    project: ConvNorm,
    #[module(skip)]
    residual: bool,
}

/// The shape of an [`MbConv`].
#[derive(Debug, Clone, Copy)]
pub(super) struct MbConvConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Hidden channels per input channel; 1 leaves the expansion out.
    pub expansion: usize,
    /// Side of the depthwise kernel.
    pub kernel: usize,
    /// Stride of the depthwise convolution.
    pub stride: usize,
    /// Added to the variance.
    pub epsilon: f64,
}

impl MbConvConfig {
    pub fn init(&self, device: &Device) -> MbConv {
        let Self { channels: [input, output], expansion, kernel, stride, epsilon } = *self;
        let hidden = input * expansion;
        let pointwise =
            |channels, relu6| ConvNormConfig { channels, kernel: 1, stride: 1, groups: 1, epsilon, relu6 }.init(device);
        MbConv {
            expand: (expansion != 1).then(|| pointwise([input, hidden], true)),
            depthwise: ConvNormConfig { channels: [hidden; 2], kernel, stride, groups: hidden, epsilon, relu6: true }
                .init(device),
            project: pointwise([hidden, output], false),
            residual: stride == 1 && input == output,
        }
    }
}

impl MbConv {
    /// `[batch, in, height, width]` to `[batch, out, ceil(height / stride), ceil(width / stride)]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let hidden = match &self.expand {
            Some(expand) => expand.forward(x.clone()),
            None => x.clone(),
        };
        let y = self.project.forward(self.depthwise.forward(hidden));
        if self.residual { x + y } else { y }
    }
}
