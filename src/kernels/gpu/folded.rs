//! Convolution with batch normalisation on running statistics folded into it, an optional shortcut and the activation, in one
//! dispatch.

use std::sync::Arc;

use burn::prelude::*;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::dense::dense;
use super::depthwise::depthwise;
use super::fold::fold;
use super::{WIDTH, channels_first, channels_last, on_gpu};
use crate::kernels::Activation;
use crate::kernels::window::Window;

/// The parameters of a convolution and of the normalisation behind it, multiplied out on the GPU.
#[derive(Debug)]
pub struct GpuConvNorm {
    /// What it was made of. Kept, so that no other values can take their places in memory.
    made_of: [CubeTensor; 5],
    /// See [`fold`].
    folded: CubeTensor,
    vectors: CubeTensor,
}

impl GpuConvNorm {
    /// Of a weight `[outputs, inputs / groups, kernel, kernel]` and the normalisation's factor, summand, mean and variance;
    /// `before`, if it is that. `None` if channels do not come in fours.
    ///
    /// # Panics
    /// If a tensor is not on the GPU without automatic differentiation.
    pub fn new(
        weight: Tensor<4>,
        [gamma, beta, mean, variance]: [Tensor<1>; 4],
        epsilon: f64,
        before: Option<Arc<Self>>,
    ) -> Option<Arc<Self>> {
        if !weight.dims()[0].is_multiple_of(WIDTH) {
            return None;
        }
        let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(|v| into_contiguous(on_gpu(v)));
        let made_of = [into_contiguous(on_gpu(weight)), gamma, beta, mean, variance];
        let same = |folded: &Self| folded.made_of.iter().zip(&made_of).all(|(a, b)| is_same(a, b));
        if let Some(before) = before.filter(|folded| same(folded)) {
            return Some(before);
        }
        let [weight, gamma, beta, mean, variance] = &made_of;
        let [folded, vectors] = fold(weight, [gamma, beta, mean, variance], epsilon, false);
        Some(Arc::new(Self { made_of, folded, vectors }))
    }

    /// `x`, `[batch, inputs, height, width]`, convolved with "SAME" padding and normalised, plus `shortcut` of the output's
    /// shape, activated.
    ///
    /// # Panics
    /// If a tensor is not on the GPU without automatic differentiation, or of an unfitting shape.
    pub fn forward(
        &self,
        x: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        stride: usize,
        activation: Activation,
    ) -> Tensor<4> {
        let ([_, inputs, height, width], shape) = (x.dims(), self.made_of[0].meta.shape());
        let [outputs, depth, kernel] = [shape[0], shape[1], shape[2]];
        let window = Window { size: [height, width], kernel, stride };
        let (x, shortcut) = (channels_last(on_gpu(x)), shortcut.map(|shortcut| channels_last(on_gpu(shortcut))));
        let parameters = [&self.folded, &self.vectors];
        let y = if depth == inputs {
            dense(&x, parameters, outputs, shortcut, &window, activation)
        } else {
            assert!(depth == 1 && inputs == outputs, "a convolution is dense or depthwise");
            depthwise(&x, parameters, shortcut, &window, activation)
        };
        Tensor::from_primitive::<CubeBackend>(channels_first(y))
    }
}

/// Whether tensors are the same values in the same place. While both are held, nobody writes there.
fn is_same(a: &CubeTensor, b: &CubeTensor) -> bool {
    a.handle.memory.descriptor() == b.handle.memory.descriptor()
        && a.handle.offset_start == b.handle.offset_start
        && a.meta == b.meta
        && a.device == b.device
}
