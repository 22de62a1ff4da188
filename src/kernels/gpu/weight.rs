//! Gradients of convolutions' weights: a unit sums, over some of the pixels of all pictures, the products of what a tap of the kernel
//! sees with what comes back. Those sums are then added up, for all lines, and put into burn's order.

use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use super::{Four, Geometry, Sizes, UNITS, WIDTH, room, units_of};
use crate::kernels::window::Window;

/// Planes that keep a GPU busy whose units wait for memory.
const BUSY: usize = 512;

/// Steps of a unit that sums a share of the lines, for each step of one that adds shares up: few of those work at a time.
const WORTH: usize = 2;

/// Vectors of output channels of a workgroup that adds up; its other dimension shares the rows of the weight.
const ACROSS: u32 = 8;

/// Of dense convolutions: some input channels by some output channels, for one tap.
#[cube(launch_unchecked)]
fn dense_kernel<N: Size>(
    x: &[Vector<f32, N>],
    gradient: &[Four],
    sums: &mut [Four],
    sizes: Geometry,
    splits: u32,
    #[comptime] kernel: u32,
    #[comptime] vector: usize,
    #[comptime] groups: usize,
) {
    let unit = ABSOLUTE_POS as u32;
    let across = sizes.outputs / groups as u32;
    let first = unit % across * groups as u32;
    let step = unit / across % sizes.inputs;
    let tap = unit / across / sizes.inputs % comptime!(kernel * kernel);
    let split = unit / across / sizes.inputs / comptime!(kernel * kernel);
    if split >= splits {
        terminate!();
    }
    let (down, right) = (tap / kernel, tap % kernel);
    // This tap sees a pixel of the image for every output.
    let sees_all = (step == 0) & (down == sizes.above) & (right == sizes.left);

    let mut products = Array::<Four>::new(comptime!(vector * groups));
    let mut plain = Array::<Four>::new(groups);
    #[unroll]
    for j in 0..groups {
        plain[j] = Four::new(0.0f32);
        #[unroll]
        for i in 0..vector {
            products[comptime!(i * groups + j)] = Four::new(0.0f32);
        }
    }
    // The columns that see the image.
    let begin = (max(sizes.left, right) - right).div_ceil(sizes.stride);
    let last = max(sizes.width + sizes.left, right) - right;
    let end = min(sizes.columns, last.div_ceil(sizes.stride));
    let lines = sizes.pixels / sizes.columns;
    let each = lines.div_ceil(splits);
    for line in split * each..min(lines, (split + 1) * each) {
        // What is above the image wraps around to large numbers.
        let row = line % sizes.rows * sizes.stride + down - sizes.above;
        if row < sizes.height {
            let from = (line / sizes.rows * sizes.height + row) * sizes.width + right - sizes.left;
            for column in begin..end {
                let seen = x[((from + column * sizes.stride) * sizes.inputs + step) as usize];
                #[unroll]
                for j in 0..groups {
                    let place = (line * sizes.columns + column) * sizes.outputs + first + j as u32;
                    let back = gradient[place as usize];
                    if sees_all {
                        plain[j] += back;
                    }
                    #[unroll]
                    for i in 0..vector {
                        products[comptime!(i * groups + j)] += Four::new(seen.extract(i)) * back;
                    }
                }
            }
        }
    }
    let rows = comptime!(kernel * kernel) * sizes.inputs * vector as u32;
    let start = split * (rows + 1);
    #[unroll]
    for j in 0..groups {
        #[unroll]
        for i in 0..vector {
            let row = start + (tap * sizes.inputs + step) * vector as u32 + i as u32;
            sums[(row * sizes.outputs + first + j as u32) as usize] = products[comptime!(i * groups + j)];
        }
        if sees_all {
            sums[((start + rows) * sizes.outputs + first + j as u32) as usize] = plain[j];
        }
    }
}

/// Of depthwise convolutions: four channels, for one row of the kernel.
#[cube(launch_unchecked)]
fn depthwise_kernel(
    x: &[Four],
    gradient: &[Four],
    sums: &mut [Four],
    sizes: Geometry,
    splits: u32,
    #[comptime] kernel: usize,
) {
    let unit = ABSOLUTE_POS as u32;
    let channel = unit % sizes.outputs;
    let down = unit / sizes.outputs % kernel as u32;
    let split = unit / sizes.outputs / kernel as u32;
    if split >= splits {
        terminate!();
    }
    let sees_all = down == sizes.above;
    let mut products = Array::<Four>::new(kernel);
    let mut plain = Four::new(0.0f32);
    #[unroll]
    for i in 0..kernel {
        products[i] = Four::new(0.0f32);
    }
    let lines = sizes.pixels / sizes.columns;
    let each = lines.div_ceil(splits);
    for line in split * each..min(lines, (split + 1) * each) {
        // What is above or left of the image wraps around to large numbers.
        let row = line % sizes.rows * sizes.stride + down - sizes.above;
        if row < sizes.height {
            let start = (line / sizes.rows * sizes.height + row) * sizes.width;
            for column in 0..sizes.columns {
                let back = gradient[((line * sizes.columns + column) * sizes.outputs + channel) as usize];
                plain += back;
                #[unroll]
                for i in 0..kernel {
                    let place = column * sizes.stride + i as u32 - sizes.left;
                    let inside = place < sizes.width;
                    let place = (start + select(inside, place, 0u32)) * sizes.outputs + channel;
                    products[i] += select(inside, x[place as usize], Four::new(0.0f32)) * back;
                }
            }
        }
    }
    let rows = comptime!((kernel * kernel) as u32);
    let start = split * (rows + 1);
    #[unroll]
    for i in 0..kernel {
        let row = start + down * kernel as u32 + i as u32;
        sums[(row * sizes.outputs + channel) as usize] = products[i];
    }
    if sees_all {
        sums[((start + rows) * sizes.outputs + channel) as usize] = plain;
    }
}

/// Adds up the sums of all lines. As the convolution is linear, its weight times the weight's gradient is, for each output
/// channel, what comes back times the convolution: the gradient of the normalisation's factor needs no other.
#[cube(launch_unchecked)]
#[expect(clippy::too_many_arguments)]
fn total_kernel(
    sums: &[Four],
    weight: &[f32],
    vectors: &[Four],
    of_weight: &mut [f32],
    of_gamma: &mut [f32],
    of_beta: &mut [f32],
    splits: u32,
    inputs: u32,
    taps: u32,
    outputs: u32,
    #[comptime] across: u32,
    #[comptime] shares: u32,
) {
    let channel = CUBE_POS as u32 * across + UNIT_POS_X;
    let exists = channel < outputs;
    let channel = min(channel, outputs - 1);
    let rows = inputs * taps;
    let scale = vectors[(outputs + channel) as usize];
    let mut along = Four::new(0.0f32);
    for row in range_stepped(UNIT_POS_Y, rows, shares) {
        let mut sum = Four::new(0.0f32);
        for split in 0..splits {
            sum += sums[((split * (rows + 1) + row) * outputs + channel) as usize];
        }
        let place = row % inputs * taps + row / inputs;
        let mut weights = Four::new(0.0f32);
        let scaled = sum * scale;
        #[unroll]
        for i in 0..4usize {
            let place = ((channel * 4 + i as u32) * rows + place) as usize;
            weights.insert(i, weight[place]);
            if exists {
                of_weight[place] = scaled.extract(i);
            }
        }
        along += sum * weights;
    }
    let mut parts = Shared::<[Four]>::new_slice(comptime!((across * shares) as usize));
    parts[(UNIT_POS_Y * across + UNIT_POS_X) as usize] = along;
    sync_cube();
    if (UNIT_POS_Y == 0) & exists {
        let mut along = Four::new(0.0f32);
        #[unroll]
        for share in 0..shares {
            along += parts[(share * across + UNIT_POS_X) as usize];
        }
        let mut plain = Four::new(0.0f32);
        for split in 0..splits {
            plain += sums[((split * (rows + 1) + rows) * outputs + channel) as usize];
        }
        let deviation = vectors[(2 * outputs + channel) as usize];
        let mean = vectors[(3 * outputs + channel) as usize];
        let factor = (along - mean * plain) * deviation;
        #[unroll]
        for i in 0..4usize {
            of_gamma[(channel * 4 + i as u32) as usize] = factor.extract(i);
            of_beta[(channel * 4 + i as u32) as usize] = plain.extract(i);
        }
    }
}

/// Gradients of a convolution's weight, `[outputs, inputs / groups, kernel, kernel]`, and of the factors and summands of the
/// normalisation behind it, from its input and the gradient where the activation begins, channels last. `vectors` are those of
/// [`fold`](super::fold::fold).
pub(super) fn of_weight(
    x: &CubeTensor,
    gradient: &CubeTensor,
    weight: &CubeTensor,
    vectors: &CubeTensor,
    window: &Window,
) -> [CubeTensor; 3] {
    let (shape, client) = (weight.meta.shape(), &x.client);
    let ([outputs, inputs], taps) = ([shape[0], shape[1]], window.kernel * window.kernel);
    let channels = x.meta.shape()[3];
    let sizes = Sizes::new(window, x.meta.shape()[0], [channels, outputs]);
    let ([rows, columns], groups) = (sizes.written, outputs / WIDTH);
    let is_dense = inputs == channels;
    let vector = if inputs.is_multiple_of(WIDTH) { WIDTH } else { 1 };
    let tile = if groups.is_multiple_of(2) { 2 } else { 1 };
    let units = if is_dense { groups / tile * (inputs / vector) * taps } else { groups * window.kernel };
    let lines = sizes.batch * rows;
    let pixels = lines * columns;
    let most = (units_of(client, BUSY) / units).min((pixels / WORTH).isqrt()).max(1);
    // Windows of one pixel are that pixel, however pixels lie in lines. With a line a share, none has to be looked for, if they
    // can be cut into about as many.
    let mut counts = (most.div_ceil(2)..=most).rev().filter(|_| window.is_pointwise());
    let (sizes, splits) = match counts.find(|count| pixels.is_multiple_of(*count)) {
        Some(count) => {
            let line = [count, pixels / count];
            (Sizes { batch: 1, read: line, written: line, ..sizes }, count)
        }
        None => (sizes, most.min(lines)),
    };
    let sums = room(x, [splits, inputs * taps + 1, outputs]);
    let dim = CubeDim::new_1d(UNITS);
    let count = calculate_cube_count_elemwise(client, units * splits, dim);
    let [a, b, c] = [x, gradient, &sums].map(|tensor| tensor.clone().into_buffer_arg());
    // SAFETY: units beyond the last share of the lines do nothing, and others read what lies within images of these sizes.
    unsafe {
        if is_dense {
            let geometry = sizes.geometry([inputs / vector, groups]);
            let kernel = window.kernel as u32;
            dense_kernel::launch_unchecked(
                client,
                count,
                dim,
                vector,
                a,
                b,
                c,
                geometry,
                splits as u32,
                kernel,
                vector,
                tile,
            );
        } else {
            let geometry = sizes.geometry([groups, groups]);
            depthwise_kernel::launch_unchecked(client, count, dim, a, b, c, geometry, splits as u32, window.kernel);
        }
    }
    let found = [room(x, shape.clone()), room(x, [outputs]), room(x, [outputs])];
    let [of_weight, of_gamma, of_beta] = found.clone().map(|tensor| tensor.into_buffer_arg());
    let shares = UNITS / ACROSS;
    // SAFETY: units beyond the last channel do as it does and write nothing; the lengths of all tensors follow from these sizes.
    unsafe {
        total_kernel::launch_unchecked(
            client,
            CubeCount::new_1d((groups as u32).div_ceil(ACROSS)),
            CubeDim::new_2d(ACROSS, shares),
            sums.into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            vectors.clone().into_buffer_arg(),
            of_weight,
            of_gamma,
            of_beta,
            splits as u32,
            inputs as u32,
            taps as u32,
            groups as u32,
            ACROSS,
            shares,
        );
    }
    found
}
