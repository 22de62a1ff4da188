//! Global average pooling.

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

use super::{Four, ON_GPU, UNITS, WIDTH, channels_first, channels_last, on_gpu, room};

#[cube(launch_unchecked)]
fn mean_kernel(x: &[Four], y: &mut [Four], pixels: u32, channels: u32) {
    if ABSOLUTE_POS < y.len() {
        let unit = ABSOLUTE_POS as u32;
        let first = unit / channels * pixels * channels + unit % channels;
        let mut sum = Four::new(0.0f32);
        for pixel in 0..pixels {
            sum += x[(first + pixel * channels) as usize];
        }
        y[ABSOLUTE_POS] = sum / Four::new(f32::cast_from(pixels));
    }
}

/// Every pixel gets its share of what comes back to the mean.
#[cube(launch_unchecked)]
fn spread_kernel(gradient: &[Four], x: &mut [Four], pixels: u32, channels: u32) {
    if ABSOLUTE_POS < x.len() {
        let unit = ABSOLUTE_POS as u32;
        let mean = unit / channels / pixels * channels + unit % channels;
        x[ABSOLUTE_POS] = gradient[mean as usize] / Four::new(f32::cast_from(pixels));
    }
}

/// The mean of each channel, `[batch, channels]`, of `[batch, channels, height, width]`, a tensor on the GPU; differentiable if that
/// is. `None` if channels do not come in fours.
///
/// # Panics
/// If the tensor is not on the GPU, or has automatic differentiation with checkpointing.
pub fn mean_of_pixels(x: &Tensor<4>) -> Option<Tensor<2>> {
    if !x.dims()[1].is_multiple_of(WIDTH) {
        return None;
    }
    if !x.device().is_autodiff() {
        return Some(Tensor::from_primitive::<CubeBackend>(mean(on_gpu(x.clone()))));
    }
    let x = x.clone().try_into_primitive::<Autodiff<CubeBackend>>().expect(ON_GPU);
    let node = x.node();
    let x = x.into_primitive();
    let size = [2, 3].map(|side| x.meta.shape()[side]);
    let mean = mean(x);
    let mean = match MeanBackward.prepare::<NoCheckpointing>([node]).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(size, mean),
        OpsKind::UnTracked(prepared) => prepared.finish(mean),
    };
    Some(Tensor::from_primitive::<Autodiff<CubeBackend>>(mean))
}

fn mean(x: CubeTensor) -> CubeTensor {
    let x = channels_last(x);
    let shape = x.meta.shape();
    let [batch, pixels, channels] = [shape[0], shape[1] * shape[2], shape[3]];
    let y = room(&x, [batch, channels]);
    let (dim, groups) = (CubeDim::new_1d(UNITS), channels / WIDTH);
    // SAFETY: units beyond the last channel do nothing, and `x` is of the shape that is given.
    unsafe {
        mean_kernel::launch_unchecked(
            &x.client,
            calculate_cube_count_elemwise(&x.client, batch * groups, dim),
            dim,
            x.clone().into_buffer_arg(),
            y.clone().into_buffer_arg(),
            pixels as u32,
            groups as u32,
        );
    }
    y
}

#[derive(Debug)]
struct MeanBackward;

impl Backward<CubeBackend, 1> for MeanBackward {
    /// Height and width.
    type State = [usize; 2];

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = into_contiguous(gradients.consume::<CubeBackend>(&ops.node));
        let ([height, width], [x]) = (ops.state, ops.parents);
        let Some(x) = x else { return };
        let [batch, channels] = [0, 1].map(|dimension| gradient.meta.shape()[dimension]);
        let spread = room(&gradient, [batch, height, width, channels]);
        let (dim, groups) = (CubeDim::new_1d(UNITS), channels / WIDTH);
        // SAFETY: units beyond the last pixel do nothing, and there is a mean for each picture and channel.
        unsafe {
            spread_kernel::launch_unchecked(
                &gradient.client,
                calculate_cube_count_elemwise(&gradient.client, batch * height * width * groups, dim),
                dim,
                gradient.clone().into_buffer_arg(),
                spread.clone().into_buffer_arg(),
                (height * width) as u32,
                groups as u32,
            );
        }
        gradients.register::<CubeBackend>(x.id, channels_first(spread));
    }
}
