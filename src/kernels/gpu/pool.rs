//! Global average pooling.

use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{Four, UNITS, WIDTH, channels_last, on_gpu, room};

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

/// The mean of each channel, `[batch, channels]`, of `[batch, channels, height, width]`, a tensor on the GPU without automatic
/// differentiation; `None` if channels do not come in fours.
pub fn mean_of_pixels(x: &Tensor<4>) -> Option<Tensor<2>> {
    let [batch, channels, height, width] = x.dims();
    if !channels.is_multiple_of(WIDTH) {
        return None;
    }
    let x = channels_last(on_gpu(x.clone()));
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
            (height * width) as u32,
            groups as u32,
        );
    }
    Some(Tensor::from_primitive::<CubeBackend>(y))
}
