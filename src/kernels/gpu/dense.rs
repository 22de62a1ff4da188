//! Convolutions in which every output channel sees every input channel: a unit sums four output channels of some pixels in
//! registers, where each weight that it reads serves all of its pixels, and each input all four channels.
//!
//! A small batch has too few outputs to fill a GPU. Then units share one sum, each with its slice of the input channels.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::epilogue::finish;
use super::{Four, Geometry, Sizes, UNITS, WIDTH, units_of};
use crate::kernels::Activation;
use crate::kernels::window::Window;

/// Planes that keep a small GPU busy: that of many a laptop has 24 times 7 of them in flight.
const BUSY: usize = 128;

/// The most units that share a sum.
const SLICES: usize = 8;

/// Pixels of a unit, if so many leave enough units.
const TILES: [usize; 2] = [8, 4];

#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn dense_kernel<N: Size>(
    x: &[Vector<f32, N>],
    weight: &[Four],
    bias: ComptimeOption<&[Four]>,
    shortcut: ComptimeOption<&[Four]>,
    y: &mut [Four],
    sizes: Geometry,
    start: u32,
    #[comptime] kernel: u32,
    #[comptime] tile: usize,
    #[comptime] slices: u32,
    #[comptime] units: u32,
    #[comptime] backward: bool,
    #[comptime] flat: bool,
    #[comptime] activation: Activation,
) {
    let unit = CUBE_POS as u32 * units + UNIT_POS_X;
    let channel = unit % sizes.outputs;
    // On the way back, pixels that the same taps reach belong together: those with the same remainders of the stride.
    let step = if comptime!(backward) { sizes.stride } else { 1u32.runtime() };
    let (rows, columns) = (sizes.rows.div_ceil(step), sizes.columns.div_ceil(step));
    let together =
        if comptime!(flat) { sizes.pixels } else { sizes.pixels / (sizes.rows * sizes.columns) * rows * columns };
    let tiles = together.div_ceil(tile as u32);
    let group = unit / sizes.outputs;
    let (below, beside) = (group / tiles / step, group / tiles % step);
    let first = if comptime!(flat) { group } else { group % tiles } * tile as u32;

    let mut places = Array::<u32>::new(tile);
    let mut inside = Array::<bool>::new(tile);
    // Where the windows of the pixels begin. Units beyond the last pixel do as it does, as all have to meet below.
    let mut images = Array::<u32>::new(tile);
    let mut tops = Array::<u32>::new(tile);
    let mut lefts = Array::<u32>::new(tile);
    let mut numbers = Array::<u32>::new(tile);
    let mut sums = Array::<Four>::new(tile);
    #[unroll]
    for p in 0..tile {
        let index = min(first + p as u32, together - 1);
        if comptime!(flat) {
            numbers[p] = select(first + (p as u32) < together, index, sizes.pixels);
            places[p] = index * sizes.inputs;
        } else {
            let line = index / columns;
            let (image, row, column) = (line / rows, line % rows * step + below, index % columns * step + beside);
            let exists =
                (first + (p as u32) < together) & (below < step) & (row < sizes.rows) & (column < sizes.columns);
            numbers[p] = select(exists, (image * sizes.rows + row) * sizes.columns + column, sizes.pixels);
            images[p] = image * sizes.height;
            tops[p] = if comptime!(backward) { row + sizes.above } else { row * sizes.stride - sizes.above };
            lefts[p] = if comptime!(backward) { column + sizes.left } else { column * sizes.stride - sizes.left };
        }
        sums[p] = Four::new(0.0f32);
    }

    // Windows of one pixel are never beyond the image.
    let whole = comptime!(kernel == 1 && !backward);
    for tap in 0..comptime!(kernel * kernel) {
        let (down, right) = (tap / kernel, tap % kernel);
        let reaches = if comptime!(backward) {
            let ahead = step * kernel;
            let between = (tops[0] + ahead - down) % step + (lefts[0] + ahead - right) % step;
            between == 0
        } else {
            true.runtime()
        };
        if reaches {
            #[unroll]
            for p in 0..comptime!(if flat { 0 } else { tile }) {
                // What is above or left of the image wraps around to large numbers.
                let row = if comptime!(backward) { (tops[p] - down) / step } else { tops[p] + down };
                let column = if comptime!(backward) { (lefts[p] - right) / step } else { lefts[p] + right };
                inside[p] = (row < sizes.height) & (column < sizes.width);
                let place = ((images[p] + row) * sizes.width + column) * sizes.inputs;
                places[p] = if comptime!(whole) { place } else { select(inside[p], place, 0u32) };
            }
            for c in range_stepped(UNIT_POS_Y, sizes.inputs, slices) {
                let row = (tap * sizes.inputs + c) * N::value() as u32;
                let mut weights = Sequence::<Four>::new();
                #[unroll]
                for i in 0..N::value() {
                    weights.push(weight[(start + (row + i as u32) * sizes.outputs + channel) as usize]);
                }
                #[unroll]
                for p in 0..tile {
                    let seen = x[(places[p] + c) as usize];
                    let seen = if comptime!(whole) { seen } else { select(inside[p], seen, Vector::new(0.0f32)) };
                    let mut sum = sums[p];
                    #[unroll]
                    for i in 0..N::value() {
                        sum += Four::new(seen.extract(i)) * weights[i];
                    }
                    sums[p] = sum;
                }
            }
        }
    }

    if comptime!(slices == 1) {
        #[unroll]
        for p in 0..tile {
            finish(sums[p], numbers[p], channel, &bias, &shortcut, y, &sizes, activation);
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
            finish(sum, numbers[p as usize], channel, &bias, &shortcut, y, &sizes, activation);
        }
    }
}

/// The convolution of `x`, `[batch, height, width, inputs]`, with `weight`, `[kernel, kernel, inputs, outputs]`, and what follows;
/// `[batch, rows, columns, outputs]`.
pub(super) fn dense(
    x: &CubeTensor,
    [weight, bias]: [&CubeTensor; 2],
    outputs: usize,
    shortcut: Option<CubeTensor>,
    window: &Window,
    activation: Activation,
) -> CubeTensor {
    let sizes = Sizes::new(window, x.meta.shape()[0], [x.meta.shape()[3], outputs]);
    launch(x, weight, 0, Some(bias), shortcut, &sizes, window, false, activation)
}

/// The gradient of its input, `[batch, height, width, inputs]`, from that of its output. Beginning with value `start`, `weight` is
/// `[kernel, kernel, outputs, inputs]`.
pub(super) fn dense_input(
    gradient: &CubeTensor,
    weight: &CubeTensor,
    start: usize,
    inputs: usize,
    window: &Window,
) -> CubeTensor {
    let sizes = Sizes::new(window, gradient.meta.shape()[0], [gradient.meta.shape()[3], inputs]).backward();
    launch(gradient, weight, start / WIDTH, None, None, &sizes, window, true, Activation::None)
}

#[expect(clippy::too_many_arguments)]
fn launch(
    x: &CubeTensor,
    weight: &CubeTensor,
    start: usize,
    bias: Option<&CubeTensor>,
    shortcut: Option<CubeTensor>,
    sizes: &Sizes,
    window: &Window,
    backward: bool,
    activation: Activation,
) -> CubeTensor {
    let Sizes { batch, written: [rows, columns], channels: [inputs, outputs], .. } = *sizes;
    let groups = outputs / WIDTH;
    let y = sizes.room(x);
    // Windows of one pixel are that pixel, in either direction.
    let flat = window.is_pointwise();
    let backward = backward && !flat;
    // Pixels that may be in one tile; there are as many groups of them as pixels in a step, in either direction.
    let step = if backward { sizes.stride } else { 1 };
    let pixels = batch * rows.div_ceil(step) * columns.div_ceil(step);
    let together = |tile| step * step * pixels.div_ceil(tile) * groups;
    let busy = units_of(&x.client, BUSY);
    let tile = *TILES.iter().find(|tile| together(**tile) >= busy).unwrap_or(&TILES[TILES.len() - 1]);
    let vector = if inputs.is_multiple_of(WIDTH) { WIDTH } else { 1 };
    let steps = inputs / vector;
    // Powers of two, which divide the units of a workgroup.
    let slices = (busy / together(tile)).clamp(1, SLICES.min(steps));
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
            bias.map(|bias| bias.clone().into_buffer_arg()).into(),
            shortcut.map(|shortcut| shortcut.into_buffer_arg()).into(),
            y.clone().into_buffer_arg(),
            sizes.geometry([steps, groups]),
            start as u32,
            window.kernel as u32,
            tile,
            slices,
            units,
            backward,
            flat,
            activation,
        );
    }
    y
}
