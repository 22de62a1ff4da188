//! A step of Adam on the GPU, in one dispatch; in two where gradients are clipped.

use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::zeros;
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{UNITS, WIDTH, room, sum_of_units};
use crate::kernels::adam::Factors;

/// The most workgroups that sum squares together.
const SUMS: usize = 32;

/// Values of a workgroup that sums squares, if there are so many.
const RUN: usize = 1 << 13;

#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Rates {
    penalty: f32,
    kept_1: f32,
    kept_2: f32,
    rate: f32,
    epsilon: f32,
    left: f32,
    /// The largest norm.
    most: f32,
}

/// The gradient becomes the next parameters.
#[cube(launch_unchecked)]
fn adam_kernel<N: Size>(
    parameters: &[Vector<f32, N>],
    gradient: &mut [Vector<f32, N>],
    mean: &mut [Vector<f32, N>],
    square: &mut [Vector<f32, N>],
    squares: ComptimeOption<&[f32]>,
    rates: Rates,
) {
    let i = ABSOLUTE_POS;
    if i >= gradient.len() {
        terminate!();
    }
    let mut g = gradient[i];
    #[comptime]
    if let ComptimeOption::Some(squares) = squares {
        let mut sum = 0.0f32;
        for part in range(0, squares.len()) {
            sum += squares[part];
        }
        g *= Vector::new(min(rates.most / max(sum.sqrt(), 1e-30f32), 1.0f32));
    }
    g += parameters[i] * Vector::new(rates.penalty);
    let m = mean[i] * Vector::new(rates.kept_1) + g * Vector::new(1.0f32 - rates.kept_1);
    let s = square[i] * Vector::new(rates.kept_2) + g * g * Vector::new(1.0f32 - rates.kept_2);
    mean[i] = m;
    square[i] = s;
    gradient[i] =
        parameters[i] * Vector::new(rates.left) - m * Vector::new(rates.rate) / (s.sqrt() + Vector::new(rates.epsilon));
}

/// Sums of squares, one a workgroup.
#[cube(launch_unchecked)]
fn squares_kernel(values: &[f32], sums: &mut [f32], #[comptime] units: usize) {
    let mut sum = 0.0f32;
    for i in range_stepped(ABSOLUTE_POS, values.len(), sums.len() * units) {
        sum += values[i] * values[i];
    }
    let total = sum_of_units(sum, units);
    if UNIT_POS == 0 {
        sums[CUBE_POS] = total;
    }
}

/// See [`AdamStep::apply`](crate::kernels::AdamStep::apply).
pub fn adam(
    factors: &Factors,
    clip: Option<f32>,
    parameters: CubeTensor,
    gradient: CubeTensor,
    moments: Option<[CubeTensor; 2]>,
) -> (CubeTensor, [CubeTensor; 2]) {
    let [mean, square] = moments.unwrap_or_else(|| {
        [0, 1].map(|_| zeros(gradient.device.clone(), gradient.meta.shape().clone(), gradient.dtype))
    });
    let parameters = into_contiguous(parameters);
    let [next, mean, square] = [gradient, mean, square].map(owned);
    let (client, length) = (parameters.client.clone(), next.meta.shape().num_elements());
    let squares = clip.map(|_| squares(&next, length));
    let vector = if length.is_multiple_of(WIDTH) { WIDTH } else { 1 };
    let dim = CubeDim::new_1d(UNITS);
    let [kept_1, kept_2] = factors.kept;
    let Factors { penalty, rate, epsilon, left, .. } = *factors;
    // SAFETY: units beyond the last value do nothing, and all tensors are of one length.
    unsafe {
        adam_kernel::launch_unchecked(
            &client,
            calculate_cube_count_elemwise(&client, length / vector, dim),
            dim,
            vector,
            parameters.into_buffer_arg(),
            next.clone().into_buffer_arg(),
            mean.clone().into_buffer_arg(),
            square.clone().into_buffer_arg(),
            squares.map(|squares| squares.into_buffer_arg()).into(),
            RatesLaunch::new(penalty, kept_1, kept_2, rate, epsilon, left, clip.unwrap_or(0.0)),
        );
    }
    (next, [mean, square])
}

fn squares(values: &CubeTensor, length: usize) -> CubeTensor {
    let count = length.div_ceil(RUN).min(SUMS);
    let sums = room(values, [count]);
    // SAFETY: units go as far as there are values, and there is a sum for every workgroup.
    unsafe {
        squares_kernel::launch_unchecked(
            &values.client,
            CubeCount::new_1d(count as u32),
            CubeDim::new_1d(UNITS),
            values.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            UNITS as usize,
        );
    }
    sums
}

/// Contiguous, in memory that nothing else uses.
fn owned(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() { tensor } else { tensor.copy() }
}
