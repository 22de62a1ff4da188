//! Normalisation multiplied into the convolution before it.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{UNITS, room};

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn fold_kernel(
    weight: &[f32],
    gamma: &[f32],
    beta: &[f32],
    mean: &[f32],
    variance: &[f32],
    folded: &mut [f32],
    vectors: &mut [f32],
    inputs: u32,
    taps: u32,
    outputs: u32,
    epsilon: f32,
    #[comptime] both: bool,
) {
    let unit = ABSOLUTE_POS as u32;
    let length = taps * inputs * outputs;
    if unit >= length {
        terminate!();
    }
    let (output, input, tap) = (unit % outputs, unit / outputs % inputs, unit / outputs / inputs);
    let channel = output as usize;
    let deviation = 1.0f32 / (variance[channel] + epsilon).sqrt();
    let scale = gamma[channel] * deviation;
    let value = weight[((output * inputs + input) * taps + tap) as usize] * scale;
    folded[ABSOLUTE_POS] = value;
    if comptime!(both) {
        folded[(length + (tap * outputs + output) * inputs + input) as usize] = value;
    }
    if unit < outputs {
        vectors[channel] = beta[channel] - mean[channel] * scale;
        vectors[(outputs + output) as usize] = scale;
        vectors[(2 * outputs + output) as usize] = deviation;
        vectors[(3 * outputs + output) as usize] = mean[channel];
    }
}

/// Of a weight `[outputs, inputs, kernel, kernel]` and the normalisation's factor, summand, mean and variance behind it:
/// the weight as `[kernel, kernel, inputs, outputs]` with the normalisation multiplied in, then, for `both` ways, as
/// `[kernel, kernel, outputs, inputs]`; and `[4, outputs]`: what is added then, what was multiplied in, 1 / sqrt(variance +
/// epsilon), and the mean. All tensors are contiguous.
pub(super) fn fold(weight: &CubeTensor, norm: [&CubeTensor; 4], epsilon: f64, both: bool) -> [CubeTensor; 2] {
    let shape = weight.meta.shape();
    let [outputs, inputs, taps] = [shape[0], shape[1], shape[2] * shape[3]];
    let length = shape.num_elements();
    let folded = room(weight, [if both { 2 } else { 1 } * length]);
    let vectors = room(weight, [4, outputs]);
    let dim = CubeDim::new_1d(UNITS);
    let [gamma, beta, mean, variance] = norm.map(|vector| vector.clone().into_buffer_arg());
    // SAFETY: units beyond the last value do nothing, and the lengths of all tensors follow from the weight's shape.
    unsafe {
        fold_kernel::launch_unchecked(
            &weight.client,
            calculate_cube_count_elemwise(&weight.client, length, dim),
            dim,
            weight.clone().into_buffer_arg(),
            gamma,
            beta,
            mean,
            variance,
            folded.clone().into_buffer_arg(),
            vectors.clone().into_buffer_arg(),
            inputs as u32,
            taps as u32,
            outputs as u32,
            epsilon as f32,
            both,
        );
    }
    [folded, vectors]
}
