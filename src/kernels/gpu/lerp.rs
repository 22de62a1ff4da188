//! Values on their way to others, in one dispatch.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{UNITS, WIDTH, room};

#[cube(launch_unchecked)]
fn lerp_kernel<N: Size>(from: &[Vector<f32, N>], to: &[Vector<f32, N>], between: &mut [Vector<f32, N>], share: f32) {
    let i = ABSOLUTE_POS;
    if i < between.len() {
        between[i] = from[i] + (to[i] - from[i]) * Vector::new(share);
    }
}

/// See [`lerp`](crate::kernels::lerp).
pub fn lerp(from: CubeTensor, to: CubeTensor, share: f32) -> CubeTensor {
    let [from, to] = [from, to].map(into_contiguous);
    let between = room(&from, from.meta.shape().clone());
    let (client, length) = (from.client.clone(), from.meta.shape().num_elements());
    let vector = if length.is_multiple_of(WIDTH) { WIDTH } else { 1 };
    let dim = CubeDim::new_1d(UNITS);
    // SAFETY: units beyond the last value do nothing, and all tensors are of one length.
    unsafe {
        lerp_kernel::launch_unchecked(
            &client,
            calculate_cube_count_elemwise(&client, length / vector, dim),
            dim,
            vector,
            from.into_buffer_arg(),
            to.into_buffer_arg(),
            between.clone().into_buffer_arg(),
            share,
        );
    }
    between
}
