//! Convolutions in which every output channel sees its own input channel: a unit slides along a line for four channels of
//! some pixels side by side, and reads no input twice within the kernel's row.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::epilogue::finish;
use super::{Four, Geometry, UNITS, WIDTH, geometry, room};
use crate::kernels::Activation;
use crate::kernels::window::Window;

/// Pixels of a unit.
const TILE: usize = 4;

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn depthwise_kernel(
    x: &[Four],
    weight: &[Four],
    bias: &[Four],
    shortcut: ComptimeOption<&[Four]>,
    y: &mut [Four],
    sizes: Geometry,
    #[comptime] kernel: usize,
    #[comptime] stride: usize,
    #[comptime] tile: usize,
    #[comptime] activation: Activation,
) {
    let unit = ABSOLUTE_POS as u32;
    let channel = unit % sizes.outputs;
    let tiles = sizes.columns.div_ceil(tile as u32);
    let first = unit / sizes.outputs % tiles * tile as u32;
    let line = unit / sizes.outputs / tiles;
    if line * sizes.columns >= sizes.pixels {
        terminate!();
    }
    let top = line % sizes.rows * sizes.stride;
    let left = first * sizes.stride;

    let mut sums = Array::<Four>::new(tile);
    let mut weights = Array::<Four>::new(kernel);
    #[unroll]
    for p in 0..tile {
        sums[p] = Four::new(0.0f32);
    }
    for tap in 0..kernel as u32 {
        // What is above or left of the image wraps around to large numbers.
        let row = top + tap - sizes.above;
        if row < sizes.height {
            let start = (line / sizes.rows * sizes.height + row) * sizes.width;
            #[unroll]
            for i in 0..kernel {
                weights[i] = weight[((tap * kernel as u32 + i as u32) * sizes.outputs + channel) as usize];
            }
            #[unroll]
            for i in 0..comptime!((tile - 1) * stride + kernel) {
                let column = left + i as u32 - sizes.left;
                let inside = column < sizes.width;
                let place = (start + select(inside, column, 0u32)) * sizes.outputs + channel;
                let seen = select(inside, x[place as usize], Four::new(0.0f32));
                #[unroll]
                for p in 0..tile {
                    if comptime!((p * stride..p * stride + kernel).contains(&i)) {
                        sums[p] += seen * weights[comptime!(i - p * stride)];
                    }
                }
            }
        }
    }
    #[unroll]
    for p in 0..tile {
        if first + (p as u32) < sizes.columns {
            let pixel = line * sizes.columns + first + p as u32;
            finish(sums[p], pixel, channel, bias, &shortcut, y, &sizes, activation);
        }
    }
}

/// The convolution of `x`, `[batch, height, width, channels]`, with `weight`, `[kernel, kernel, 1, channels]`, and what follows;
/// `[batch, rows, columns, channels]`.
pub(super) fn depthwise(
    x: &CubeTensor,
    [weight, bias]: [&CubeTensor; 2],
    shortcut: Option<CubeTensor>,
    window: &Window,
    activation: Activation,
) -> CubeTensor {
    let (batch, channels) = (x.meta.shape()[0], x.meta.shape()[3]);
    let ([rows, columns], groups) = (window.output(), channels / WIDTH);
    let y = room(x, [batch, rows, columns, channels]);
    let (dim, units) = (CubeDim::new_1d(UNITS), batch * rows * columns.div_ceil(TILE) * groups);
    // SAFETY: what lies in the padding is read where values are, and pixels beyond a line or the last one are not written; the
    // lengths of all other tensors follow from these sizes.
    unsafe {
        depthwise_kernel::launch_unchecked(
            &x.client,
            calculate_cube_count_elemwise(&x.client, units, dim),
            dim,
            x.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.clone().into_buffer_arg(),
            shortcut.map(|shortcut| shortcut.into_buffer_arg()).into(),
            y.clone().into_buffer_arg(),
            geometry(window, batch, [groups, groups]),
            window.kernel,
            window.stride,
            TILE,
            activation,
        );
    }
    y
}
