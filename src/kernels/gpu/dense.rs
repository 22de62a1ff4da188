//! Convolutions in which every output channel sees every input channel: a unit sums four output channels of some pixels in
//! registers, where each weight that it reads serves all of its pixels, and each input all four channels.
//!
//! A small batch has too few outputs to fill a GPU. Then units share one sum, each with its slice of the input channels.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::epilogue::finish;
use super::{Four, Geometry, UNITS, WIDTH, geometry, room};
use crate::kernels::Activation;
use crate::kernels::window::Window;

/// Units that keep a small GPU busy.
const BUSY: usize = 1 << 13;

/// The most units that share a sum.
const SLICES: usize = 8;

/// Pixels of a unit, if so many leave enough units.
const TILES: [usize; 2] = [8, 4];

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn dense_kernel<N: Size>(
    x: &[Vector<f32, N>],
    weight: &[Four],
    bias: &[Four],
    shortcut: ComptimeOption<&[Four]>,
    y: &mut [Four],
    sizes: Geometry,
    #[comptime] kernel: u32,
    #[comptime] tile: usize,
    #[comptime] slices: u32,
    #[comptime] units: u32,
    #[comptime] activation: Activation,
) {
    let unit = CUBE_POS as u32 * units + UNIT_POS_X;
    let channel = unit % sizes.outputs;
    let first = unit / sizes.outputs * tile as u32;

    // Where the windows of the pixels begin. Units beyond the last pixel do as it does, as all have to meet below.
    let mut images = Array::<u32>::new(tile);
    let mut tops = Array::<u32>::new(tile);
    let mut lefts = Array::<u32>::new(tile);
    let mut sums = Array::<Four>::new(tile);
    #[unroll]
    for p in 0..tile {
        let pixel = min(first + p as u32, sizes.pixels - 1);
        let line = pixel / sizes.columns;
        images[p] = line / sizes.rows * sizes.height;
        tops[p] = line % sizes.rows * sizes.stride;
        lefts[p] = pixel % sizes.columns * sizes.stride;
        sums[p] = Four::new(0.0f32);
    }

    let mut places = Array::<u32>::new(tile);
    let mut inside = Array::<bool>::new(tile);
    let mut weights = Array::<Four>::new(N::value());
    for tap in 0..comptime!(kernel * kernel) {
        #[unroll]
        for p in 0..tile {
            // What is above or left of the image wraps around to large numbers.
            let row = tops[p] + tap / kernel - sizes.above;
            let column = lefts[p] + tap % kernel - sizes.left;
            inside[p] = (row < sizes.height) & (column < sizes.width);
            let place = ((images[p] + row) * sizes.width + column) * sizes.inputs;
            places[p] = select(inside[p], place, 0u32);
        }
        for c in range_stepped(UNIT_POS_Y, sizes.inputs, slices) {
            let row = (tap * sizes.inputs + c) * N::value() as u32;
            #[unroll]
            for i in 0..N::value() {
                weights[i] = weight[((row + i as u32) * sizes.outputs + channel) as usize];
            }
            #[unroll]
            for p in 0..tile {
                let seen = x[(places[p] + c) as usize];
                let seen = select(inside[p], seen, Vector::new(0.0f32));
                #[unroll]
                for i in 0..N::value() {
                    sums[p] += Four::new(seen.extract(i)) * weights[i];
                }
            }
        }
    }

    if comptime!(slices == 1) {
        #[unroll]
        for p in 0..tile {
            finish(sums[p], first + p as u32, channel, bias, &shortcut, y, &sizes, activation);
        }
    } else {
        let mut parts = Shared::<[Four]>::new_slice(comptime!(tile * (slices * units) as usize));
        #[unroll]
        for p in 0..tile {
            parts[((UNIT_POS_Y * tile as u32 + p as u32) * units + UNIT_POS_X) as usize] = sums[p];
        }
        sync_cube();
        for p in range_stepped(UNIT_POS_Y, tile as u32, slices) {
            let mut sum = Four::new(0.0f32);
            #[unroll]
            for slice in 0..slices {
                sum += parts[((slice * tile as u32 + p) * units + UNIT_POS_X) as usize];
            }
            finish(sum, first + p, channel, bias, &shortcut, y, &sizes, activation);
        }
    }
}

/// The convolution of `x`, `[batch, height, width, inputs]`, with `weight`, `[kernel, kernel, inputs, outputs]`, and what follows;
/// `[batch, rows, columns, outputs]`.
pub(super) fn dense(
    x: &CubeTensor,
    [weight, bias]: [&CubeTensor; 2],
    shortcut: Option<CubeTensor>,
    window: &Window,
    activation: Activation,
) -> CubeTensor {
    let (batch, inputs, outputs) = (x.meta.shape()[0], x.meta.shape()[3], weight.meta.shape()[3]);
    let ([rows, columns], groups) = (window.output(), outputs / WIDTH);
    let y = room(x, [batch, rows, columns, outputs]);
    let together = |tile| (batch * rows * columns).div_ceil(tile) * groups;
    let tile = *TILES.iter().find(|tile| together(**tile) >= BUSY).unwrap_or(&TILES[TILES.len() - 1]);
    let vector = if inputs.is_multiple_of(WIDTH) { WIDTH } else { 1 };
    let steps = inputs / vector;
    // Powers of two, which divide the units of a workgroup.
    let slices = (BUSY / together(tile)).clamp(1, SLICES.min(steps));
    let slices = 1 << slices.ilog2();
    let units = UNITS / slices;
    // SAFETY: what lies in the padding, and units beyond the last pixel, read where values are and write nothing; the lengths
    // of all other tensors follow from these sizes.
    unsafe {
        dense_kernel::launch_unchecked(
            &x.client,
            calculate_cube_count_elemwise(&x.client, together(tile), CubeDim::new_1d(units)),
            CubeDim::new_2d(units, slices),
            vector,
            x.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            bias.clone().into_buffer_arg(),
            shortcut.map(|shortcut| shortcut.into_buffer_arg()).into(),
            y.clone().into_buffer_arg(),
            geometry(window, batch, [steps, groups]),
            window.kernel as u32,
            tile,
            slices,
            units,
            activation,
        );
    }
    y
}
