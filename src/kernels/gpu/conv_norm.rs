//! [`GpuConvNorm`](super::GpuConvNorm) in training: the same dispatch on the way there, and on the way back one for the
//! activation, one for the input, and two for all parameters.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::dense::{dense, dense_input};
use super::depthwise::{depthwise, depthwise_input};
use super::fold::fold;
use super::weight::of_weight;
use super::{ON_GPU, UNITS, WIDTH, channels_first, channels_last, on_gpu, room};
use crate::kernels::window::Window;
use crate::kernels::{Activation, ConvNormOp};

/// What comes back through the activation.
#[cube(launch_unchecked)]
fn mask_kernel(gradient: &[f32], y: &[f32], masked: &mut [f32], #[comptime] six: bool) {
    if ABSOLUTE_POS < masked.len() {
        let value = y[ABSOLUTE_POS];
        let passes = if comptime!(six) { (value > 0.0) & (value < 6.0) } else { value > 0.0 };
        masked[ABSOLUTE_POS] = select(passes, gradient[ABSOLUTE_POS], 0.0f32);
    }
}

impl ConvNormOp {
    /// [`ConvNormOp::on_running_statistics`] on a GPU, where the mean and the variance are; `None` if its kernels do not know
    /// such channels: outputs that do not come in fours, or such inputs that want a gradient.
    ///
    /// # Panics
    /// If a tensor is not on the GPU with automatic differentiation (without checkpointing).
    pub fn on_gpu(&self, [mean, variance]: [Tensor<1>; 2]) -> Option<Tensor<4>> {
        let [_, inputs, height, width] = self.x.dims();
        let [outputs, depth, kernel, _] = self.weight.dims();
        let is_dense = depth == inputs;
        let both = is_dense && inputs.is_multiple_of(WIDTH);
        // No channels but those of pictures are so few, and pictures want no gradient.
        let is_picture = inputs < WIDTH && !self.x.is_require_grad();
        let is_known = if is_dense { both || is_picture } else { depth == 1 && inputs == outputs };
        if !is_known || !outputs.is_multiple_of(WIDTH) {
            return None;
        }
        let window = Window { size: [height, width], kernel, stride: self.stride };
        let activation = self.activation;
        let tracked = |tensor: &Tensor<4>| tensor.clone().try_into_primitive::<Autodiff<CubeBackend>>().expect(ON_GPU);
        let vector = |tensor: &Tensor<1>| tensor.clone().try_into_primitive::<Autodiff<CubeBackend>>().expect(ON_GPU);
        let (x, weight) = (tracked(&self.x), tracked(&self.weight));
        let (gamma, beta) = (vector(&self.gamma), vector(&self.beta));
        let shortcut = self.shortcut.as_ref().map(tracked);
        // Without a shortcut, a parent that gets nothing for it takes its place.
        let last = shortcut.as_ref().map_or_else(|| x.node(), |shortcut| shortcut.node());
        let nodes = [x.node(), weight.node(), gamma.node(), beta.node(), last];

        let x = channels_last(x.into_primitive());
        let weight = into_contiguous(weight.into_primitive());
        let [gamma, beta] = [gamma, beta].map(|vector| into_contiguous(vector.into_primitive()));
        let [mean, variance] = [mean, variance].map(|vector| into_contiguous(on_gpu(vector.inner())));
        let [folded, vectors] = fold(&weight, [&gamma, &beta, &mean, &variance], self.epsilon, both);
        let shortcut = shortcut.map(|shortcut| channels_last(shortcut.into_primitive()));
        let has_shortcut = shortcut.is_some();
        let y = if is_dense {
            dense(&x, [&folded, &vectors], outputs, shortcut, &window, activation)
        } else {
            depthwise(&x, [&folded, &vectors], shortcut, &window, activation)
        };
        let out = channels_first(y.clone());
        let saved = Saved { window, x, weight, folded, vectors, y, is_dense, has_shortcut, activation };
        let out = match ConvNormBackward.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(saved, out),
            OpsKind::UnTracked(prepared) => prepared.finish(out),
        };
        Some(Tensor::from_primitive::<Autodiff<CubeBackend>>(out))
    }
}

/// What the backward pass needs of the forward one; activations lie channels last.
#[derive(Debug, Clone)]
struct Saved {
    window: Window,
    x: CubeTensor,
    /// As it came.
    weight: CubeTensor,
    folded: CubeTensor,
    vectors: CubeTensor,
    y: CubeTensor,
    is_dense: bool,
    has_shortcut: bool,
    activation: Activation,
}

#[derive(Debug)]
struct ConvNormBackward;

impl Backward<CubeBackend, 5> for ConvNormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Self::State, 5>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let saved = ops.state;
        let output = channels_last(gradients.consume::<CubeBackend>(&ops.node));
        let [x, weight, gamma, beta, shortcut] = ops.parents;
        let at_sum = saved.before_activation(output);
        if let Some(x) = x {
            let gradient = saved.of_input(&at_sum);
            gradients.register::<CubeBackend>(x.id, channels_first(gradient));
        }
        if weight.is_some() || gamma.is_some() || beta.is_some() {
            let found = of_weight(&saved.x, &at_sum, &saved.weight, &saved.vectors, &saved.window);
            for (parent, gradient) in [weight, gamma, beta].into_iter().zip(found) {
                if let Some(parent) = parent {
                    gradients.register::<CubeBackend>(parent.id, gradient);
                }
            }
        }
        if saved.has_shortcut
            && let Some(shortcut) = shortcut
        {
            gradients.register::<CubeBackend>(shortcut.id, channels_first(at_sum));
        }
    }
}

impl Saved {
    /// The gradient where the activation begins.
    fn before_activation(&self, output: CubeTensor) -> CubeTensor {
        if self.activation == Activation::None {
            return output;
        }
        let masked = room(&output, output.meta.shape().clone());
        let dim = CubeDim::new_1d(UNITS);
        // SAFETY: units beyond the last value do nothing, and all tensors are of one length.
        unsafe {
            mask_kernel::launch_unchecked(
                &output.client,
                calculate_cube_count_elemwise(&output.client, output.meta.shape().num_elements(), dim),
                dim,
                output.clone().into_buffer_arg(),
                self.y.clone().into_buffer_arg(),
                masked.clone().into_buffer_arg(),
                self.activation == Activation::Relu6,
            );
        }
        masked
    }

    fn of_input(&self, gradient: &CubeTensor) -> CubeTensor {
        if self.is_dense {
            let inputs = self.x.meta.shape()[3];
            dense_input(gradient, &self.folded, self.weight.meta.shape().num_elements(), inputs, &self.window)
        } else {
            depthwise_input(gradient, &self.folded, &self.window)
        }
    }
}
