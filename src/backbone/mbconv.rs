//! The blocks of the MobileNetV2 and EfficientNet families.

use burn::prelude::*;

use super::conv_norm::{ConvNorm, ConvNormConfig};
use crate::kernels::Activation;

/// An inverted residual with linear bottleneck: expand with 1x1, filter depthwise, project with 1x1, and add the input
/// where shapes allow. Sandler et al., "MobileNetV2", 2018 (arXiv 1801.04381), section 3.
#[derive(Module, Debug)]
pub struct MbConv {
    pub(super) expand: Option<ConvNorm>,
    pub(super) depthwise: ConvNorm,
    pub(super) project: ConvNorm,
    #[module(skip)]
    pub(super) residual: bool,
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
        let pointwise = |channels, activation| {
            ConvNormConfig { channels, kernel: 1, stride: 1, groups: 1, epsilon, activation }.init(device)
        };
        let activation = Activation::Relu6;
        MbConv {
            expand: (expansion != 1).then(|| pointwise([input, hidden], activation)),
            depthwise: ConvNormConfig { channels: [hidden; 2], kernel, stride, groups: hidden, epsilon, activation }
                .init(device),
            project: pointwise([hidden, output], Activation::None),
            residual: stride == 1 && input == output,
        }
    }
}

impl MbConv {
    /// `[batch, in, height, width]` to `[batch, out, ceil(height / stride), ceil(width / stride)]`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = self.residual.then(|| x.clone());
        let hidden = match &self.expand {
            Some(expand) => expand.forward(x),
            None => x,
        };
        self.project.forward_onto(self.depthwise.forward(hidden), shortcut)
    }
}
